import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import { KafkaMissing, kafkaClassPath } from '../broker/kafka/class-path.ts';
import { ProcessStats } from '../broker/process-stats.ts';
import type { Input } from './inputs.ts';
import { type MeasuringPlan, MeasuringWindow } from './measuring/window.ts';
import type { LimitMeasurement } from './results.ts';
import type { BenchSession } from './session/session.ts';

/** A tool that reads a topic and does nothing with it: what no subject can be faster than. */
export interface LimitTool {
  readonly name: string;
  readonly command: string;
  readonly parameters: (servers: string, input: Input) => readonly string[];
  /** Records read so far, from a line of its output; undefined where it says nothing before its end. */
  readonly readSoFar?: (line: string) => number | undefined;
}

const JVM_OPTIONS = ['-Xms512m', '-Xmx512m', '-XX:+UseG1GC'];
const REPORT_MS = 100;
const SAMPLE_MS = 20;
const LIMIT_MS = 300_000;
/** `2026-01-01 10:00:00:000, 0, 95.4, 953.7, 1000000, …`: the records read so far are the fifth. */
const RECORDS_FIELD = 4;

/** Those that can be had on this machine; says what is not there. */
export function limitTools(log: (line: string) => void): LimitTool[] {
  return [...consumerPerformance(log), ...kcat(log)];
}

/** Kafka's own, in Java: it makes objects of the records, as every consumer in Java does. */
function consumerPerformance(log: (line: string) => void): LimitTool[] {
  try {
    const classPath = kafkaClassPath(log);
    return [
      {
        name: "physical limit: Kafka's ConsumerPerformance",
        command: 'java',
        parameters: (servers, { topic, count }) => [
          ...[...JVM_OPTIONS, '-cp', classPath, 'org.apache.kafka.tools.ConsumerPerformance'],
          ...['--bootstrap-server', servers, '--topic', topic, '--num-records', String(count), '--timeout', '60000'],
          ...['--show-detailed-stats', '--hide-header', '--reporting-interval', String(REPORT_MS)],
        ],
        readSoFar: recordsOfPerformanceLine,
      },
    ];
  } catch (error) {
    if (!(error instanceof KafkaMissing)) throw error;
    log(`Skipped: Kafka's ConsumerPerformance as the physical limit. ${error.message}`);
    return [];
  }
}

export function recordsOfPerformanceLine(line: string): number | undefined {
  if (!/^\d{4}-\d\d-\d\d /.test(line)) return undefined;
  const records = Number(line.split(',')[RECORDS_FIELD]);
  return Number.isSafeInteger(records) ? records : undefined;
}

/** librdkafka in C. Debian has no `rdkafka_performance`; kcat writes nothing here and does as little. */
function kcat(log: (line: string) => void): LimitTool[] {
  if (spawnSync('kcat', ['-V']).error !== undefined) {
    log('Skipped: librdkafka as the physical limit. "kcat" is not installed (Debian: kcat).');
    return [];
  }
  return [
    {
      name: 'physical limit: librdkafka (kcat)',
      command: 'kcat',
      parameters: (servers, { topic }) => ['-C', '-b', servers, '-t', topic, '-o', 'beginning', '-e', '-q', '-f', ''],
    },
  ];
}

/** Runs a tool on a topic once. Rejects with what it said when it fails. */
export async function measureLimit(
  session: BenchSession,
  tool: LimitTool,
  workload: string,
  input: Input,
  plan: MeasuringPlan,
  run: number,
): Promise<LimitMeasurement> {
  const startedMs = performance.now();
  const child = session.leftovers.child(
    spawn(tool.command, tool.parameters(session.broker.bootstrapServers, input), { stdio: ['ignore', 'pipe', 'pipe'] }),
  );
  const window = new MeasuringWindow(plan);
  const watched = watch(session, child, tool, window);
  await ended(child, tool);
  const { total, peakRssBytes } = watched();
  // What it does at its start counts where it does not say how far it is.
  const { records, elapsedMs, cpuSeconds } =
    tool.readSoFar === undefined ? { records: input.count, elapsedMs: performance.now() - startedMs, cpuSeconds: total } : withCpu(window);
  return {
    ...{ tool: tool.name, workload, run, peakRssBytes },
    recordsPerSecond: (records / elapsedMs) * 1000,
    cpuMicrosPerRecord: (cpuSeconds * 1e6) / records,
  };
}

function withCpu({ part }: MeasuringWindow): { records: number; elapsedMs: number; cpuSeconds: number } {
  return { records: part.records, elapsedMs: part.elapsedMs, cpuSeconds: part.userSeconds + part.systemSeconds };
}

/** The last that was seen of a process; when it has ended nothing can be. */
function watch(session: BenchSession, child: ChildProcess, { readSoFar }: LimitTool, window: MeasuringWindow) {
  const stats = new ProcessStats(child.pid ?? 0);
  let [total, peakRssBytes] = [0, 0];
  const look = (): void => {
    if (child.exitCode !== null) return;
    total = Math.max(total, stats.cpuSeconds() || 0);
    peakRssBytes = Math.max(peakRssBytes, stats.peakRssBytes());
  };
  const timer = setInterval(look, SAMPLE_MS);
  createInterface(child.stdout!).on('line', (line) => {
    const committed = readSoFar?.(line);
    if (committed === undefined || child.exitCode !== null) return;
    const brokerCpuSeconds = session.broker.stats.cpuSeconds();
    window.add({ atMs: performance.now(), committed, ...stats.cpu(), brokerCpuSeconds }, false);
  });
  return () => {
    clearInterval(timer);
    return { total, peakRssBytes };
  };
}

function ended(child: ChildProcess, { name }: LimitTool): Promise<void> {
  let said = '';
  child.stderr?.on('data', (data: Buffer) => {
    said = (said + data.toString()).slice(-2_000);
  });
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS);
    child.once('error', reject);
    child.once('close', (code) => {
      clearTimeout(timer);
      if (code === 0) resolve();
      else reject(new Error(`${name} ended with ${code}: ${said}`));
    });
  });
}
