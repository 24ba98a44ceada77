import { KeyValueTable } from './key-value-table.ts';
import { PlainKeyValueStore, TimestampedStore } from './key-value-store.ts';
import type { StoreContext } from './store-context.ts';
import type { StoreSpec } from './store-spec.ts';

/** A store of a task: the table for operators and the task, and the view that user code gets. */
export type StateStore<K = any, V = any> = KeyValueStateStore<K, V>;

export interface KeyValueStateStore<K, V> {
  readonly kind: 'keyValue' | 'timestampedKeyValue';
  readonly table: KeyValueTable<K, V>;
  readonly view: PlainKeyValueStore<K, V> | TimestampedStore<K, V>;
}

/** Makes the empty store that `spec` describes. `context.topic` is its changelog or source topic. */
export function createStore<K, V>(spec: StoreSpec<K, V>, context: StoreContext): StateStore<K, V> {
  switch (spec.kind) {
    case 'keyValue': {
      const table = new KeyValueTable(spec, context);
      return { kind: spec.kind, table, view: new PlainKeyValueStore(table, context.origin) };
    }
    case 'timestampedKeyValue': {
      const table = new KeyValueTable(spec, context);
      return { kind: spec.kind, table, view: new TimestampedStore(table, context.origin) };
    }
    default:
      throw new Error(spec.kind);
  }
}
