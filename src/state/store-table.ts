import type { ChangelogCursor, ChangelogWriter } from './store-context.ts';

/** What a task asks of each of its stores, whatever its kind. */
export interface StoreTable {
  /** Tick of the least recently used update that its cache holds back; Infinity when there is none. */
  readonly oldestTick: number;
  /** Forwards what the cache holds back. */
  flushCache(): void;
  /** Called once, before the first change, for a store that writes changes to its changelog as they are made. */
  logTo?(writer: ChangelogWriter): void;
  /** Hands over what changed since the last call. */
  writeChangelog(writer: ChangelogWriter): void;
  /** Restores all records of a cursor; returns how many there were. */
  restoreBatch(cursor: ChangelogCursor): number;
  /** Lets go of everything. */
  close(): void;
}

/** Takes one record of a changelog over. `value` null is a tombstone. The bytes are not kept. */
export type RestoreRecord = (key: Uint8Array, value: Uint8Array | null, timestampMs: number) => void;

/** Walks a cursor to its end; returns how many records there were. Those without a key are counted and passed over: no store writes them. */
export function restoreRecords(cursor: ChangelogCursor, restore: RestoreRecord): number {
  let count = 0;
  for (; cursor.next(); count++) {
    if (cursor.keyLength < 0) continue;
    const { buffer, keyStart, valueStart, valueLength } = cursor;
    const key = buffer.subarray(keyStart, keyStart + cursor.keyLength);
    restore(key, valueLength < 0 ? null : buffer.subarray(valueStart, valueStart + valueLength), cursor.timestamp);
  }
  return count;
}
