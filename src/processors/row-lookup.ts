import type { Entry } from '../state/entry.ts';
import type { KeyValueTable } from '../state/key-value-table.ts';
import type { WindowTable } from '../state/window-table.ts';
import type { Field } from './flow-record.ts';

type AnyEntry = Entry<unknown, unknown>;

/**
 * The row of a key that has its bytes in the format of the store, found without decoding it. Undefined: the key has to be
 * decoded and the row looked up by it; the store is told afterwards what was found (`rememberBytes`).
 */
export function rowByBytes(table: KeyValueTable<unknown, unknown>, key: Field): AnyEntry | undefined {
  const { keySerde } = table.spec;
  if (key.serde !== keySerde || keySerde.keyBytes === undefined) return undefined;
  const entry = table.findByBytes(key.bytes, key.start, key.length);
  if (entry !== undefined && keySerde.immutable === true) key.adopt(entry.key);
  return entry;
}

/** The same in the window that starts at `startMs`. */
export function windowRowByBytes(table: WindowTable<unknown, unknown>, key: Field, startMs: number): AnyEntry | undefined {
  const { keySerde } = table.spec;
  if (key.serde !== keySerde || keySerde.keyBytes === undefined) return undefined;
  const entry = table.findByBytes(key.bytes, key.start, key.length, startMs);
  if (entry !== undefined && keySerde.immutable === true) key.adopt(entry.key);
  return entry;
}
