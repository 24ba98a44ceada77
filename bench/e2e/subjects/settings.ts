/** What a subject is told, in its environment; the Java subject reads the same names. */
export interface SubjectSettings {
  readonly bootstrapServers: string;
  readonly workload: string;
  readonly output: string;
  /** Group and application id: new for each run. */
  readonly applicationId: string;
  readonly guarantee: 'exactly_once_v2' | 'at_least_once';
  readonly commitIntervalMs: number;
  /** Of what is produced. */
  readonly compression: 'none' | 'lz4';
  readonly threads: number;
  readonly stateDir: string;
  /** Millrace's transport, Kafka Streams' store; empty: the default. */
  readonly variant: string;
}

/** Record cache of the process, divided among its threads: the default of Kafka Streams and of Millrace. */
export const CACHE_BYTES = 10 * 1024 * 1024;

export function toEnvironment(settings: SubjectSettings): Record<string, string> {
  return {
    BENCH_BOOTSTRAP: settings.bootstrapServers,
    BENCH_WORKLOAD: settings.workload,
    BENCH_OUTPUT: settings.output,
    BENCH_APPLICATION: settings.applicationId,
    BENCH_GUARANTEE: settings.guarantee,
    BENCH_COMMIT_MS: String(settings.commitIntervalMs),
    BENCH_COMPRESSION: settings.compression,
    BENCH_CACHE_BYTES: String(CACHE_BYTES),
    BENCH_THREADS: String(settings.threads),
    BENCH_STATE_DIR: settings.stateDir,
    BENCH_VARIANT: settings.variant,
  };
}

export function fromEnvironment(): SubjectSettings {
  const read = (name: string): string => process.env[`BENCH_${name}`] ?? '';
  return {
    bootstrapServers: read('BOOTSTRAP'),
    workload: read('WORKLOAD'),
    output: read('OUTPUT'),
    applicationId: read('APPLICATION'),
    guarantee: read('GUARANTEE') as SubjectSettings['guarantee'],
    commitIntervalMs: Number(read('COMMIT_MS')),
    compression: read('COMPRESSION') as SubjectSettings['compression'],
    threads: Number(read('THREADS')),
    stateDir: read('STATE_DIR'),
    variant: read('VARIANT'),
  };
}
