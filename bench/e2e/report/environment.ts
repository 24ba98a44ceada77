import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { KAFKA_VERSION } from '../../broker/kafka/class-path.ts';

/** What numbers depend on. Versions of what is not installed are absent. */
export interface Environment {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  /** As `uname -sr` has it. */
  readonly system: string;
  readonly node: string;
  readonly v8: string;
  /** The commit that was measured; ends with `+` when files differed from it. */
  readonly commit?: string;
  readonly librdkafka?: string;
  readonly confluentKafkaJavascript?: string;
  readonly kafkajs?: string;
  /** Of Kafka Streams and, where it is the broker, of Apache Kafka. */
  readonly kafka?: string;
  readonly java?: string;
  /** Processes that wanted to run when the benchmark began, over the last minute: more than a few tenths is a busy machine. */
  readonly loadAverage: number;
}

export function readEnvironment(): Environment {
  const java = javaVersion();
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryBytes: totalmem(),
    system: `${process.platform} ${release()}`,
    node: process.versions.node,
    v8: process.versions.v8,
    ...given('commit', commit()),
    ...given('librdkafka', librdkafkaVersion()),
    ...given('confluentKafkaJavascript', versionOf('@confluentinc/kafka-javascript')),
    ...given('kafkajs', versionOf('kafkajs')),
    ...(java !== undefined && { java, kafka: KAFKA_VERSION }),
    loadAverage: loadavg()[0] ?? 0,
  };
}

/** In one line, for people. */
export function describeEnvironment(environment: Environment): string {
  const { cpu, cores, memoryBytes, node, v8, java, kafka, librdkafka, loadAverage, commit: at } = environment;
  return [
    `${cores} cores (${cpu}), ${Math.round(memoryBytes / 1e9)} GB`,
    `Node ${node} (V8 ${v8})`,
    ...(java === undefined ? [] : [`Java ${java}`, `Kafka ${kafka}`]),
    ...(librdkafka === undefined ? [] : [`librdkafka ${librdkafka}`]),
    ...(at === undefined ? [] : [`Millrace ${at}`]),
    `load ${loadAverage.toFixed(1)} at the start`,
  ].join(', ');
}

const require = createRequire(import.meta.url);

function given<K extends string>(name: K, value: string | undefined): { [name in K]?: string } {
  return value === undefined ? {} : ({ [name]: value } as { [name in K]: string });
}

function versionOf(name: string): string | undefined {
  try {
    return (require(`${name}/package.json`) as { version: string }).version;
  } catch {
    return undefined;
  }
}

function librdkafkaVersion(): string | undefined {
  try {
    return (require('@confluentinc/kafka-javascript') as { librdkafkaVersion: string }).librdkafkaVersion;
  } catch {
    return undefined;
  }
}

function commit(): string | undefined {
  const git = (...parameters: string[]) => spawnSync('git', parameters, { encoding: 'utf8', cwd: import.meta.dirname });
  const head = git('rev-parse', '--short', 'HEAD');
  if (head.error !== undefined || head.status !== 0) return undefined;
  const changed = git('status', '--porcelain', '--untracked-files=no').stdout.trim() !== '';
  return `${head.stdout.trim()}${changed ? '+' : ''}`;
}

function javaVersion(): string | undefined {
  const { error, stderr } = spawnSync('java', ['-version'], { encoding: 'utf8' });
  return error === undefined ? /version "([^"]+)"/.exec(stderr)?.[1] : undefined;
}
