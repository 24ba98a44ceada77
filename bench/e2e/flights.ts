import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Table from 'cli-table3';
import { Broker } from 'millrace/broker';
import job from '../../examples/flights-etl/job.ts';
import { JobKafka } from '../../src/cli/job-kafka.ts';
import { resolveConfig } from '../../src/config.ts';
import { createTransport } from '../../src/transport/create.ts';
import type { Measurement } from './measure.ts';

export interface FlightsBenchOptions {
  readonly rows: number;
  readonly runs: number;
  /** A Kafka cluster instead of the embedded broker. Its topics `flights`, `airports`… are used and kept. */
  readonly bootstrap: string | undefined;
  readonly log: (line: string) => void;
}

const format = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/**
 * The flights job end to end beside a loop that only consumes and produces through the same client, on the same broker,
 * in turns. Each subject is a process of its own; the broker is in this one.
 */
export async function benchFlights({ rows, runs, bootstrap, log }: FlightsBenchOptions): Promise<readonly Measurement[]> {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
  const broker = bootstrap === undefined ? await Broker.start({ port: 0, dataDir: join(directory, 'broker') }) : undefined;
  const servers = bootstrap ?? broker?.bootstrapServers ?? '';
  try {
    await load(servers, rows, log);
    const results: Measurement[] = [];
    for (let run = 1; run <= runs; run++) {
      const copies = await createCopyTopics(servers, run);
      const subjects: [script: string, args: string[]][] = [
        ['bare-loop-subject.ts', [servers, 'flights', copies[0], String(rows), '1']],
        ['bare-loop-subject.ts', [servers, 'flights', copies[1], String(rows), '2']],
        ['job-subject.ts', [servers, '1', 'exactly_once_v2', String(rows), join(directory, 'state')]],
        ['job-subject.ts', [servers, '2', 'exactly_once_v2', String(rows), join(directory, 'state')]],
        ['job-subject.ts', [servers, '1', 'at_least_once', String(rows), join(directory, 'state')]],
      ];
      for (const [script, args] of subjects) {
        const result = await runSubject(script, args);
        log(`run ${run} of ${runs}: ${result.subject}: ${format.format(trips(result))} records/s through the client`);
        results.push(result);
      }
    }
    log(table(results));
    return results;
  } finally {
    await broker?.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Records consumed and produced per second. */
function trips({ consumed, produced, elapsedMs }: Measurement): number {
  return ((consumed + produced) / elapsedMs) * 1000;
}

const median = (values: number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

function table(results: readonly Measurement[]): string {
  const subjects = [...new Set(results.map(({ subject }) => subject))];
  const rowsOf = (subject: string) => results.filter((result) => result.subject === subject);
  const of = (subject: string, pick: (result: Measurement) => number) => median(rowsOf(subject).map(pick));
  const sameTrips = subjects.find((subject) => subject.includes('read back')) ?? '';
  const output = new Table({
    head: [
      'subject (median)',
      'input rec/s',
      'consumed+produced/s',
      'of bare loop',
      'CPU µs/input rec',
      'CPU µs/trip',
      'main µs/trip',
      'peak RSS MB',
    ],
    colAligns: ['left', 'right', 'right', 'right', 'right', 'right', 'right', 'right'],
    chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
    style: { head: [], border: [] },
  });
  for (const subject of subjects) {
    output.push([
      subject,
      format.format(of(subject, ({ input, elapsedMs }) => (input / elapsedMs) * 1000)),
      format.format(of(subject, trips)),
      `${((100 * of(subject, trips)) / of(sameTrips, trips)).toFixed(0)}%`,
      of(subject, ({ cpuMs, input }) => (cpuMs * 1000) / input).toFixed(2),
      of(subject, ({ cpuMs, consumed, produced }) => (cpuMs * 1000) / (consumed + produced)).toFixed(2),
      of(subject, ({ mainThreadMs, consumed, produced }) => (mainThreadMs * 1000) / (consumed + produced)).toFixed(2),
      format.format(of(subject, ({ peakRssBytes }) => peakRssBytes) / 1e6),
    ]);
  }
  return `${output.toString()}\n${cpus().length} cores, ${cpus()[0]?.model ?? ''}, Node ${process.version}. Trips through the client: a job with a repartition topic makes several per input record.`;
}

async function runSubject(script: string, args: readonly string[]): Promise<Measurement> {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', path, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, UV_THREADPOOL_SIZE: '16' },
  });
  let output = '';
  child.stdout.on('data', (data: Buffer) => {
    output += data.toString();
  });
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  const line = output.trim().split('\n').at(-1) ?? '';
  if (code !== 0 || !line.startsWith('{')) throw new Error(`${script} ended with ${code}: ${output}`);
  return JSON.parse(line) as Measurement;
}

async function withKafka<T>(bootstrapServers: string, work: (kafka: JobKafka) => Promise<T>): Promise<T> {
  const client = await createTransport(resolveConfig({ applicationId: 'bench', bootstrapServers }), 'bench', {
    onError: () => {},
    onLog: () => {},
  });
  await client.connect(30_000);
  try {
    return await work(new JobKafka(client));
  } finally {
    await client.close();
  }
}

async function load(servers: string, rows: number, log: (line: string) => void): Promise<void> {
  const startedMs = performance.now();
  await withKafka(servers, async (kafka) => {
    await kafka.createTopics(job.topics.map((topic) => ({ replicationFactor: -1, config: {}, ...topic })));
    await job.load?.({ kafka, options: { rows }, print: log, progress: () => {}, stopping: false });
  });
  log(`loaded ${format.format(rows)} flights in ${((performance.now() - startedMs) / 1000).toFixed(1)} s`);
}

async function createCopyTopics(servers: string, run: number): Promise<[string, string]> {
  const names: [string, string] = [`copies-${process.pid}-${run}-1`, `copies-${process.pid}-${run}-2`];
  await withKafka(servers, (kafka) =>
    kafka.createTopics(names.map((topic) => ({ topic, partitions: 4, replicationFactor: -1, config: {} }))),
  );
  return names;
}
