import type { Entry } from '../state/entry.ts';
import type { WriteBackStore } from '../state/write-back-store.ts';
import type { FlowRecord } from './flow-record.ts';

/** What count, reduce and aggregate have in common, windowed or not. */
export interface AggregationSpec {
  readonly flavour: 'count' | 'reduce' | 'aggregate';
  readonly initializer: (() => any) | undefined;
  readonly aggregator: (key: any, value: any, aggregate: any) => any;
}

/** Computes the next aggregate of an entry. */
export type AggregationStep = (record: FlowRecord, entry: Entry<any, any>) => unknown;

/**
 * Picks the step once per node. Aggregates are live objects: a user's aggregator may change its argument in place. If it
 * throws half way, the entry goes back to what it was, as far as its store knows that.
 */
export function aggregationStep(spec: AggregationSpec, store: WriteBackStore<any, any>): AggregationStep {
  switch (spec.flavour) {
    case 'count':
      // Needs neither key nor value, so nothing is decoded.
      return (_record, entry) => ((store.read(entry) as number | null) ?? 0) + 1;
    case 'reduce':
      return (record, entry) => {
        const aggregate = store.read(entry);
        if (aggregate === null) return copyIn(store, record.value);
        return apply(store, entry, () => copyForeign(store, record, spec.aggregator(record.key, record.value, aggregate)));
      };
    case 'aggregate':
      return (record, entry) => {
        const aggregate = store.read(entry) ?? spec.initializer!();
        return apply(store, entry, () => copyForeign(store, record, spec.aggregator(record.key, record.value, aggregate)));
      };
  }
}

function apply(store: WriteBackStore<any, any>, entry: Entry<any, any>, compute: () => unknown): unknown {
  if (store.immutableValues) return compute();
  store.beforeChange(entry);
  try {
    return compute();
  } catch (error) {
    store.undoChange(entry);
    throw error;
  }
}

/** An aggregator that returns the record's own value hands over an object that others still hold. */
function copyForeign(store: WriteBackStore<any, any>, record: FlowRecord, aggregate: unknown): unknown {
  return record.valueField.decoded && aggregate === record.valueField.value ? copyIn(store, aggregate) : aggregate;
}

function copyIn(store: WriteBackStore<any, any>, value: unknown): unknown {
  return value === null || value === undefined ? null : store.copyIn(value);
}
