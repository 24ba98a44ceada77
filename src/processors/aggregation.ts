import type { Entry } from '../state/entry.ts';
import type { WriteBackStore } from '../state/write-back-store.ts';
import type { FlowRecord } from './flow-record.ts';

/** What count, reduce and aggregate have in common, windowed or not. */
export interface AggregationSpec {
  readonly flavour: 'count' | 'reduce' | 'aggregate';
  readonly initializer: (() => unknown) | undefined;
  readonly aggregator: (key: unknown, value: unknown, aggregate: unknown) => unknown;
}

/**
 * The aggregate before the first record: what Kafka Streams sends as the old value of a new row, where no cache stands in
 * between. Undefined for reduce, which has none.
 */
export function initialAggregate({ flavour, initializer }: AggregationSpec): (() => unknown) | undefined {
  return flavour === 'count' ? () => 0 : initializer;
}

/** Computes the next aggregate of an entry. */
export type AggregationStep = (record: FlowRecord, entry: Entry<unknown, unknown>) => unknown;

/**
 * Picks the step once per node. Aggregates are live objects: a user's aggregator may change its argument in place. If it
 * throws half way and the task goes on (`mayContinue`), the aggregate becomes again what it was.
 */
export function aggregationStep(spec: AggregationSpec, store: WriteBackStore<unknown, unknown>, mayContinue: boolean): AggregationStep {
  const { flavour, initializer, aggregator } = spec;
  // Needs neither key nor value, so nothing is decoded.
  if (flavour === 'count') return (_record, entry) => ((store.read(entry) as number | null) ?? 0) + 1;
  const compute: Compute = (record, aggregate) => copyForeign(store, record, aggregator(record.key, record.value, aggregate));
  return (record, entry) => {
    const aggregate = store.read(entry);
    if (aggregate === null) return initializer === undefined ? copyIn(store, record.value) : compute(record, initializer());
    if (store.immutableValues) return compute(record, aggregate);
    store.beforeChange(entry);
    return mayContinue ? computeOrUndo(store, record, entry, aggregate, compute) : compute(record, aggregate);
  };
}

type Compute = (record: FlowRecord, aggregate: unknown) => unknown;

function computeOrUndo(
  store: WriteBackStore<unknown, unknown>,
  record: FlowRecord,
  entry: Entry<unknown, unknown>,
  aggregate: unknown,
  compute: Compute,
): unknown {
  const backup = store.copyIn(aggregate);
  try {
    return compute(record, aggregate);
  } catch (error) {
    entry.value = backup;
    throw error;
  }
}

/** An aggregator that returns the record's own value hands over an object that others still hold. */
function copyForeign(store: WriteBackStore<unknown, unknown>, record: FlowRecord, aggregate: unknown): unknown {
  return record.valueField.decoded && aggregate === record.valueField.value ? copyIn(store, aggregate) : aggregate;
}

function copyIn(store: WriteBackStore<unknown, unknown>, value: unknown): unknown {
  return value === null || value === undefined ? null : store.copyIn(value);
}
