import { JoinWindowView, OuterJoinView } from './join/join-views.ts';
import { JoinWindowTable } from './join/join-window-table.ts';
import { OuterJoinTable } from './join/outer-join-table.ts';
import { PlainKeyValueStore, TimestampedStore } from './key-value-store.ts';
import { KeyValueTable } from './key-value-table.ts';
import type { StoreContext } from './store-context.ts';
import type { StoreSpec } from './store-spec.ts';
import { PlainWindowStore, TimestampedWindowView } from './window-store.ts';
import { WindowTable } from './window-table.ts';

/** A store of a task: the table for operators and the task, and the view that user code gets. */
export type StateStore<K = any, V = any> =
  | KeyValueStateStore<K, V>
  | WindowStateStore<K, V>
  | JoinWindowStateStore<K, V>
  | OuterJoinStateStore<K>;

export interface KeyValueStateStore<K = any, V = any> {
  readonly kind: 'keyValue' | 'timestampedKeyValue';
  readonly table: KeyValueTable<K, V>;
  readonly view: PlainKeyValueStore<K, V> | TimestampedStore<K, V>;
}

export interface WindowStateStore<K = any, V = any> {
  readonly kind: 'window' | 'timestampedWindow';
  readonly table: WindowTable<K, V>;
  readonly view: PlainWindowStore<K, V> | TimestampedWindowView<K, V>;
}

export interface JoinWindowStateStore<K = any, V = any> {
  readonly kind: 'joinWindow';
  readonly table: JoinWindowTable<K, V>;
  readonly view: JoinWindowView<K, V>;
}

export interface OuterJoinStateStore<K = any> {
  readonly kind: 'outerJoin';
  readonly table: OuterJoinTable<K>;
  readonly view: OuterJoinView<K>;
}

/**
 * Makes the empty store that `spec` describes. `context.topic` is its changelog or source topic. A global store, and any
 * other with a `sourceTopic`, is fed by `table.restore` or `table.restoreBatch` and has no changelog.
 * Window stores throw INVALID_TOPOLOGY without `retentionMs` and `windowSizeMs`.
 */
export function createStore<K, V>(spec: StoreSpec<K, V>, context: StoreContext): StateStore<K, V> {
  const { kind } = spec;
  switch (kind) {
    case 'keyValue': {
      const table = new KeyValueTable(spec, context);
      return { kind, table, view: new PlainKeyValueStore(table, context.origin) };
    }
    case 'timestampedKeyValue': {
      const table = new KeyValueTable(spec, context);
      return { kind, table, view: new TimestampedStore(table, context.origin) };
    }
    case 'window': {
      const table = new WindowTable(spec, context);
      return { kind, table, view: new PlainWindowStore(table, context.origin) };
    }
    case 'timestampedWindow': {
      const table = new WindowTable(spec, context);
      return { kind, table, view: new TimestampedWindowView(table, context.origin) };
    }
    case 'joinWindow': {
      const table = new JoinWindowTable(spec, context);
      return { kind, table, view: new JoinWindowView(table) };
    }
    case 'outerJoin': {
      const table = new OuterJoinTable<K>(spec as StoreSpec<K, unknown>, context);
      return { kind, table, view: new OuterJoinView(table) };
    }
  }
}
