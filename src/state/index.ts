/** State stores: live objects in memory, written to a changelog once per epoch. */
export { CachedUpdate, type CacheFlushListener } from './cached-update.ts';
export { createStore, type KeyValueStateStore, type StateStore, type WindowStateStore } from './create-store.ts';
export type { Entry } from './entry.ts';
export type { WaitingKey } from './join/join-views.ts';
export { JoinWindowTable } from './join/join-window-table.ts';
export { OuterJoinTable } from './join/outer-join-table.ts';
export { KeyValueTable } from './key-value-table.ts';
export type {
  KeyValue,
  KeyValueStore,
  ReadOnlyKeyValueStore,
  ReadOnlyTimestampedKeyValueStore,
  ReadOnlyTimestampedWindowStore,
  ReadOnlyWindowStore,
  StoreIterator,
  TimestampedKeyValueStore,
  TimestampedWindowStore,
  ValueAndTimestamp,
  WindowStore,
  WindowValue,
} from './read-only.ts';
export { RecordCache } from './record-cache.ts';
export type { ChangelogCursor, ChangelogSink, ChangelogWriter, ChangeOrigin, StoreContext, StoreMetrics } from './store-context.ts';
export type { StoreKind, StoreSpec } from './store-spec.ts';
export type { StoreTable } from './store-table.ts';
export { WindowTable } from './window-table.ts';
export { type RawRow, WriteBackStore } from './write-back-store.ts';
