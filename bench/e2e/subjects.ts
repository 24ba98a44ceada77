import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A program that does a workload: which one it is told by its environment. */
export interface Subject {
  readonly name: string;
  readonly command: string;
  readonly parameters: readonly string[];
  readonly threads: number;
  /** How many of its processes share the work. Default 1. */
  readonly processes?: number;
  /** True: a loop that does each workload by hand, where somebody wrote that. */
  readonly byHand?: boolean;
  /** Millrace's transport, Kafka Streams' store. */
  readonly variant: string;
}

export const HEAP = ['-Xms1g', '-Xmx1g', '-XX:+UseG1GC'];
const JAVA = fileURLToPath(new URL('java/', import.meta.url));

const script = (name: string): string[] => ['--import', 'tsx', fileURLToPath(new URL(`subjects/${name}.ts`, import.meta.url))];

export function millrace(transport: string, threads: number): Subject {
  return {
    name: `Millrace ${transport}, ${threads} shard${threads === 1 ? '' : 's'}`,
    command: process.execPath,
    parameters: script('millrace'),
    threads,
    variant: transport,
  };
}

export function handWritten(client: 'confluent' | 'kafkajs'): Subject {
  const library = client === 'confluent' ? '@confluentinc/kafka-javascript' : 'kafkajs';
  const parameters = script(`loop-${client}`);
  return { name: `loop by hand, ${library}`, command: process.execPath, parameters, threads: 1, byHand: true, variant: client };
}

/** Throws {@link SubjectMissing} without Java, or without Maven when the jars are not known yet. */
export function kafkaStreams(store: 'in-memory' | 'rocksdb', threads: number, log: (line: string) => void): Subject {
  return {
    name: `Kafka Streams ${store}, ${threads} thread${threads === 1 ? '' : 's'}`,
    command: 'java',
    parameters: [...HEAP, '-cp', kafkaStreamsClassPath(log), 'StreamsSubject'],
    threads,
    variant: store,
  };
}

/** All that can be had on this machine; says what is not there. */
export function allSubjects(log: (line: string) => void): Subject[] {
  const subjects = [
    millrace('wire', 1),
    millrace('wire', 2),
    millrace('librdkafka', 1),
    millrace('librdkafka', 2),
    handWritten('confluent'),
    handWritten('kafkajs'),
  ];
  try {
    return [...subjects, kafkaStreams('in-memory', 1, log), kafkaStreams('in-memory', 2, log), kafkaStreams('rocksdb', 1, log)];
  } catch (error) {
    if (!(error instanceof SubjectMissing)) throw error;
    log(`Skipped: Java Kafka Streams. ${error.message}`);
    return subjects;
  }
}

/** A subject that cannot be had on this machine, and what it takes. */
export class SubjectMissing extends Error {}

/** What Kafka Streams says its topologies are, one for each workload. Throws {@link SubjectMissing}. */
export function describeInJava(workloads: readonly string[], output: string, log: (line: string) => void): string[] {
  const parameters = ['-cp', kafkaStreamsClassPath(log), 'StreamsSubject', ...workloads];
  const result = spawnSync('java', parameters, {
    encoding: 'utf8',
    env: { ...process.env, BENCH_OUTPUT: output, BENCH_VARIANT: 'in-memory' },
  });
  if (result.status !== 0) throw new Error(`Kafka Streams does not describe its topologies: ${result.stderr.slice(-2_000)}`);
  return result.stdout.split('\n.\n').slice(0, workloads.length);
}

let classPath: string | undefined;

/** The jars of Kafka Streams, found by Maven once, and the subject's class, compiled anew. */
function kafkaStreamsClassPath(log: (line: string) => void): string {
  classPath ??= `${compiled(jars(log))}`;
  return classPath;
}

function jars(log: (line: string) => void): string {
  const directory = cacheDirectory();
  const file = join(directory, 'classpath.txt');
  const remembered = existsSync(file) ? readFileSync(file, 'utf8').trim() : '';
  if (remembered !== '' && remembered.split(delimiter).every((jar) => existsSync(jar))) return remembered;
  requireTool('mvn', 'Maven (Debian: maven)');
  log('Finding the jars of Kafka Streams with Maven …');
  const output = `${file}.${process.pid}`;
  const result = spawnSync('mvn', ['-q', '-B', '-f', join(JAVA, 'pom.xml'), 'dependency:build-classpath', `-Dmdep.outputFile=${output}`], {
    encoding: 'utf8',
  });
  if (result.status !== 0) throw new SubjectMissing(`Maven could not get the jars of Kafka Streams: ${result.stdout.slice(0, 2_000)}`);
  renameSync(output, file);
  return readFileSync(file, 'utf8').trim();
}

function compiled(jarPath: string): string {
  requireTool('javac', 'a JDK, 17 or newer (Debian: openjdk-17-jdk-headless)');
  const classes = join(cacheDirectory(), 'classes');
  rmSync(classes, { recursive: true, force: true });
  const sources = readdirSync(JAVA).filter((name) => name.endsWith('.java'));
  const parameters = ['-nowarn', '-d', classes, '-cp', jarPath, ...sources.map((name) => join(JAVA, name))];
  const result = spawnSync('javac', parameters, { encoding: 'utf8' });
  if (result.status !== 0) throw new Error(`javac failed: ${result.stderr.slice(0, 4_000)}`);
  return `${classes}${delimiter}${jarPath}`;
}

function cacheDirectory(): string {
  const directory = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'millrace', 'kafka-streams-subject');
  mkdirSync(directory, { recursive: true });
  return directory;
}

function requireTool(command: string, purpose: string): void {
  if (spawnSync(command, ['-version']).error !== undefined) throw new SubjectMissing(`"${command}" is not installed: it takes ${purpose}.`);
}
