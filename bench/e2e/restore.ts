import { setTimeout as sleep } from 'node:timers/promises';
import { DescribeGroups, DescribeLogDirs } from '../../src/protocol/index.ts';
import { eventTimeMs, PARTITIONS } from './events.ts';
import { loadInputs } from './inputs.ts';
import { watchCommits } from './measuring/committed.ts';
import { type RunningSubject, withSubject } from './measuring/run-subject.ts';
import type { RestoreMeasurement } from './results.ts';
import type { BenchSession } from './session/session.ts';
import { endOffset, topicsWithPrefix } from './session/topics.ts';
import type { SubjectSettings } from './subjects/settings.ts';
import type { Subject } from './subjects.ts';
import type { RunConditions } from './throughput.ts';
import type { Workload } from './workloads.ts';

export interface RestoreOptions {
  readonly keys: number;
  readonly subjects: readonly Subject[];
  readonly conditions: RunConditions;
  readonly runs: number;
}

export interface RestoreResults {
  readonly measurements: readonly RestoreMeasurement[];
  readonly failures: readonly string[];
}

/** An application whose state is in its changelog and nowhere else. */
interface Lost {
  readonly subject: Subject;
  readonly run: number;
  readonly settings: Omit<SubjectSettings, 'stateDir'>;
  readonly emptySeconds: number;
  readonly emptyCpuSeconds: number;
}

const INPUT = 'events-distinct';
const NAME = 'restore';
/** Records that come once the state is lost, each for a key that was there. */
const NEW_RECORDS = 1_000;
const KEY_DIGITS = 9;
const VALUE = Buffer.alloc(100, '123456,abcdefghij');
const POLL_MS = 10;
const STUCK_MS = 180_000;
const LEAVE_LIMIT_MS = 60_000;
const TWICE = 2n;

const keyBytes = (index: number): Buffer => Buffer.from(`key-${String(index).padStart(KEY_DIGITS, '0')}`);

/** Each key once. */
function workloadOf(keys: number): Workload {
  const events = {
    name: INPUT,
    partitions: PARTITIONS,
    count: keys,
    append: (writer: Parameters<Workload['inputs'][number]['append']>[0], index: number) => {
      const key = keyBytes(index);
      writer.append(writer.partitionOf(key), eventTimeMs(index), key, VALUE);
    },
  };
  return { name: NAME, what: `count ${keys} keys, each once`, inputs: [events], input: INPUT, outcome: 'last' };
}

/**
 * How long an application takes from the start of its process until it has committed the first new record, when all of its
 * state has to come from the changelog. Beside it, the same for an application without any state.
 */
export async function benchRestore(session: BenchSession, options: RestoreOptions): Promise<RestoreResults> {
  const workload = workloadOf(options.keys);
  const measurements: RestoreMeasurement[] = [];
  const failures: string[] = [];
  const turns = Array.from({ length: options.runs }, (_, index) => options.subjects.map((subject) => ({ subject, run: index + 1 }))).flat();
  const step = (what: string, { subject, run }: { subject: Subject; run: number }) => ({
    ...{ workload: `${NAME}, ${what}`, subject: subject.name, run, runs: options.runs },
  });
  session.progress.plan([...turns.map((turn) => step('filling', turn)), ...turns.map((turn) => step('restoring', turn))]);
  const attempt = async <T>(name: string, turn: { subject: Subject; run: number }, work: () => Promise<T>): Promise<T | undefined> => {
    if (session.leftovers.interrupted) return undefined;
    session.progress.begin(step(name, turn));
    try {
      return await work();
    } catch (error) {
      if (!session.leftovers.interrupted) failures.push(`${NAME}, ${name}: ${error instanceof Error ? error.message : String(error)}`);
      session.log(`FAILED ${failures.at(-1) ?? ''}`);
      return undefined;
    } finally {
      session.progress.end();
    }
  };

  await loadInputs(session, [workload]);
  const lost: Lost[] = [];
  for (const turn of turns) {
    const filled = await attempt('filling', turn, () => fill(session, options, turn.subject, turn.run));
    if (filled !== undefined) lost.push(filled);
  }
  await appendNewRecords(session);
  for (const one of lost) {
    const result = await attempt('restoring', one, () => restore(session, options, one));
    if (result === undefined) continue;
    measurements.push(result);
    session.log(describe(result));
  }
  await session.deleteTopics([INPUT]);
  return { measurements, failures };
}

/** Processes every key once, and stops in order; nothing but the changelog is left. */
async function fill(session: BenchSession, { keys, conditions }: RestoreOptions, subject: Subject, run: number): Promise<Lost> {
  const applicationId = `restore-${subject.variant}-${run}`;
  const { guarantee, commitIntervalMs, compression } = conditions;
  const { bootstrapServers } = session.broker;
  const { threads, variant } = subject;
  const output = `output-of-${applicationId}`;
  await session.createOutput(output, PARTITIONS);
  const settings = { bootstrapServers, workload: NAME, output, applicationId, guarantee, commitIntervalMs, compression, threads, variant };
  const first = await started(session, subject, settings, keys, 0);
  return { subject, run, settings, emptySeconds: first.seconds, emptyCpuSeconds: first.cpuSeconds };
}

async function restore(
  session: BenchSession,
  { keys }: RestoreOptions,
  { subject, run, settings, ...empty }: Lost,
): Promise<RestoreMeasurement> {
  const changelog = `${settings.applicationId}-counts-changelog`;
  const changelogOffsets = sum(
    await Promise.all(Array.from({ length: PARTITIONS }, (_, partition) => endOffset(session.client, changelog, partition))),
  );
  const changelogBytes = await bytesOf(session, changelog);
  const measured = await started(session, subject, settings, keys + NEW_RECORDS, keys);
  const correct = await countedTwice(session, settings.output);
  const internal = await topicsWithPrefix(session.client, `${settings.applicationId}-`);
  await session.deleteTopics([settings.output, ...internal]);
  return { subject: subject.name, run, keys, changelogOffsets, changelogBytes, ...measured, ...empty, correct };
}

/** Starts a subject with an empty directory, and waits until it has processed `count` records; times the first after `before`. */
async function started(
  session: BenchSession,
  subject: Subject,
  settings: Omit<SubjectSettings, 'stateDir'>,
  count: number,
  before: number,
): Promise<{ seconds: number; cpuSeconds: number; peakRssBytes: number }> {
  const stateDir = session.makeDirectory(`${settings.applicationId}-${before}`);
  let first: { seconds: number; cpuSeconds: number; peakRssBytes: number } | undefined;
  const startedMs = performance.now();
  try {
    await withSubject(session, subject, { ...settings, stateDir }, (running) =>
      watchCommits(
        session.client,
        settings.applicationId,
        { topic: INPUT, count },
        ({ committed, done }) => {
          session.progress.committed(committed);
          if (committed > before) first ??= { seconds: (performance.now() - startedMs) / 1000, ...usedBy(running) };
          return done;
        },
        () => running.check(),
        STUCK_MS,
        POLL_MS,
      ),
    );
  } finally {
    session.removeDirectory(stateDir);
    await waitUntilEmpty(session, settings.applicationId);
  }
  if (first === undefined) throw new Error(`${subject.name} was done before it could be seen.`);
  return first;
}

function usedBy(running: RunningSubject): { cpuSeconds: number; peakRssBytes: number } {
  const { userSeconds, systemSeconds } = running.cpu();
  return { cpuSeconds: userSeconds + systemSeconds, peakRssBytes: running.peakRssBytes() };
}

/** A member that has not left would keep the next one waiting. */
async function waitUntilEmpty({ client }: BenchSession, groupId: string): Promise<void> {
  const deadlineMs = performance.now() + LEAVE_LIMIT_MS;
  while (performance.now() < deadlineMs) {
    const { groups } = await client.request(DescribeGroups, { groups: [groupId] }, { coordinator: ['group', groupId] });
    if (groups.every(({ members }) => members.length === 0)) return;
    await sleep(POLL_MS * POLL_MS);
  }
}

async function appendNewRecords({ kafka }: BenchSession): Promise<void> {
  const writer = await kafka.writer(INPUT);
  for (let index = 0; index < NEW_RECORDS; index++) {
    const key = keyBytes(index);
    writer.append(writer.partitionOf(key), Date.now(), key, VALUE);
  }
  await writer.flush();
}

/** Whether the keys of the new records have counts of two, and nothing else was counted twice. */
async function countedTwice({ kafka }: BenchSession, output: string): Promise<boolean> {
  const counts = new Map<string, bigint>();
  await kafka.readAll(output, ({ key, value }) => {
    if (key !== null && value !== null) counts.set(Buffer.from(key).toString(), Buffer.from(value).readBigInt64BE());
  });
  let twice = 0;
  for (const count of counts.values()) if (count === TWICE) twice++;
  const isTwice = (index: number): boolean => counts.get(keyBytes(index).toString()) === TWICE;
  return twice === NEW_RECORDS && Array.from({ length: NEW_RECORDS }, (_, index) => isTwice(index)).every(Boolean);
}

/** What its partitions take on the broker's disk. */
async function bytesOf({ client }: BenchSession, topic: string): Promise<number> {
  const partitions = Array.from({ length: PARTITIONS }, (_, partition) => partition);
  const { results } = await client.request(DescribeLogDirs, { topics: [{ topic, partitions }] }, 'any');
  return sum(
    results.flatMap(({ topics }) => topics.flatMap((found) => found.partitions.map(({ partitionSize }) => Number(partitionSize)))),
  );
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

function describe({ subject, keys, seconds, cpuSeconds, emptySeconds, changelogBytes, peakRssBytes, correct }: RestoreMeasurement): string {
  const megabytes = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`;
  const restored = `${keys.toLocaleString('en-US')} keys (${megabytes(changelogBytes)}) in ${seconds.toFixed(2)} s, ${cpuSeconds.toFixed(2)} s CPU`;
  return `restore: ${subject}: ${restored}, without state ${emptySeconds.toFixed(2)} s, ${megabytes(peakRssBytes)}${correct ? '' : '; THE COUNTS ARE WRONG'}`;
}
