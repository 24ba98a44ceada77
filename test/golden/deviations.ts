import type { StoreKind, StoreSpec } from '../../src/state/store-spec.ts';
import { buildTopology } from './build-topology.ts';
import { isRandom } from './random-scenario.ts';
import { APPLICATION_ID } from './run-scenario.ts';
import type { Outcome, Scenario, Shown } from './scenario.ts';

/** Where Millrace differs from Kafka Streams on purpose: what it does instead. See docs/internals/differences.md. */
export interface Deviation {
  readonly reason: string;
  /** The outcome as it is here, made of Kafka Streams'. */
  readonly apply: (outcome: Outcome) => Outcome;
}

const EXPIRED_PUT: Deviation = {
  reason: 'A put into a window that has expired is not written to the changelog, and is no dropped record.',
  apply: (outcome) =>
    withChangelog({ ...outcome, dropped: outcome.dropped - 1 }, 'app-win-changelog', (rows) =>
      rows.filter(([, value]) => value !== 'expired'),
    ),
};

const DUPLICATE_TOMBSTONE: Deviation = {
  reason: 'Deleting from a store that keeps duplicates does nothing; Kafka Streams writes a tombstone for a row that never was.',
  apply: (outcome) => withChangelog(outcome, 'app-win-changelog', (rows) => rows.filter(([, value]) => value !== null)),
};

/** @param keys the keys of such rows. */
const cameAndWent = (topic: string, keys: readonly string[]): Deviation => ({
  reason: 'A record that waits for a partner and finds it before the next commit is not mentioned in the changelog.',
  apply: (outcome) => withChangelog(outcome, topic, (rows) => rows.filter(([key]) => !keys.includes(String(key)))),
});

const OF_ONE_STREAM = cameAndWent('app-KSTREAM-OUTERSHARED-0000000003-store-changelog', [
  '0x000000000000000a0161',
  '0x00000000000000100162',
  '0x000000000000003c0161',
]);

/** By name of the scenario. */
export const deviations: Readonly<Record<string, Deviation>> = {
  'a put into a window that has expired, cached': EXPIRED_PUT,
  'a put into a window that has expired, uncached': EXPIRED_PUT,
  'a window store that keeps duplicates': DUPLICATE_TOMBSTONE,
  'a stream joined with itself, left': OF_ONE_STREAM,
  'a stream joined with itself, outer': OF_ONE_STREAM,
  'a join of a join': cameAndWent('app-KSTREAM-OUTERSHARED-0000000009-store-changelog', ['0x00000000000000190161']),
};

type Rows = Outcome['changelogs'][string];

/** A changelog that nothing is written to does not exist. */
function withChangelog(outcome: Outcome, topic: string, change: (rows: Rows) => Rows): Outcome {
  const { [topic]: rows = [], ...others } = outcome.changelogs;
  const changed = change(rows);
  return { ...outcome, changelogs: changed.length === 0 ? others : { ...others, [topic]: changed } };
}

/** What Kafka Streams made of a scenario, as it is expected here. */
export function expectedHere(scenario: Scenario, outcome: Outcome): Outcome {
  const changed = deviations[scenario.name]?.apply(outcome) ?? outcome;
  return joinsStreams(scenario) ? comparable(scenario, withoutUselessJoinRows(scenario, changed)) : changed;
}

/**
 * What is compared of an outcome. In random scenarios a record often meets itself, so that rows of shared stores come and go
 * between two commits all the time: their tombstones, which only Kafka Streams writes, count for nothing there.
 */
export function comparable(scenario: Scenario, outcome: Outcome): Outcome {
  if (!isRandom(scenario) || !joinsStreams(scenario)) return outcome;
  return changelogsOf(scenario, 'outerJoin', outcome, (rows) => rows.filter(([, value]) => value !== null));
}

function joinsStreams({ steps }: Scenario): boolean {
  return steps.some(({ op }) => JOINS_OF_STREAMS.has(op));
}

const JOINS_OF_STREAMS: ReadonlySet<string> = new Set(['streamJoin', 'streamLeftJoin', 'streamOuterJoin']);

/**
 * The window stores of stream-stream joins: what restoring would drop again is not written to the changelog, that is
 * records that were too late and records without a value; and records have no headers there, because nothing reads them.
 */
function withoutUselessJoinRows(scenario: Scenario, outcome: Outcome): Outcome {
  return changelogsOf(scenario, 'joinWindow', outcome, usefulRows);
}

/** Changes the changelogs of all stores of one kind. */
function changelogsOf(
  scenario: Scenario,
  kind: StoreKind,
  outcome: Outcome,
  change: (rows: Rows, store: StoreSpec<any, any>) => Rows,
): Outcome {
  const { subTopologies } = buildTopology(scenario, []).plan();
  const stores = subTopologies.flatMap((subTopology) => subTopology.stores).filter((store) => store.kind === kind);
  return stores.reduce(
    (changed, store) => withChangelog(changed, `${APPLICATION_ID}-${store.name}-changelog`, (rows) => change(rows, store)),
    outcome,
  );
}

function usefulRows(rows: Rows, { retentionMs = 0 }: StoreSpec<any, any>): Rows {
  const useful = new Set<Shown>();
  let observedMs = -1;
  for (const { key, timeMs, value } of rows.map(joinRow).sort((a, b) => a.sequence - b.sequence)) {
    observedMs = Math.max(observedMs, timeMs);
    if (value !== null && timeMs > observedMs - retentionMs) useful.add(key);
  }
  return rows.filter(([key]) => useful.has(key)).map(([key, value, timestamp]) => [key, value, timestamp]);
}

/** `key | int64 time | int32 sequence`. */
function joinRow([key, value]: Rows[number]) {
  const bytes = Buffer.from(String(key).replace(/^0x/, ''), 'hex');
  return { key, value, timeMs: Number(bytes.readBigInt64BE(bytes.length - 12)), sequence: bytes.readInt32BE(bytes.length - 4) };
}
