import type { Outcome } from './scenario.ts';

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

/** By name of the scenario. */
export const deviations: Readonly<Record<string, Deviation>> = {
  'a put into a window that has expired, cached': EXPIRED_PUT,
  'a put into a window that has expired, uncached': EXPIRED_PUT,
  'a window store that keeps duplicates': DUPLICATE_TOMBSTONE,
};

type Rows = Outcome['changelogs'][string];

function withChangelog(outcome: Outcome, topic: string, change: (rows: Rows) => Rows): Outcome {
  return { ...outcome, changelogs: { ...outcome.changelogs, [topic]: change(outcome.changelogs[topic] ?? []) } };
}
