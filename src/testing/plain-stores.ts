import { MillraceError } from '../errors.ts';
import type { ChangeOrigin, KeyValueStore, StateStore, WindowStore } from '../state/index.ts';
import { PlainKeyValueStore } from '../state/key-value-store.ts';
import { PlainWindowStore } from '../state/window-store.ts';

/** A key-value store's plain values, whether it keeps timestamps or not. */
export function plainKeyValueStore<K, V>(name: string, store: StateStore, origin: ChangeOrigin): KeyValueStore<K, V> {
  if (store.kind === 'keyValue' || store.kind === 'timestampedKeyValue') return new PlainKeyValueStore<K, V>(store.table, origin);
  throw wrongKind(name, store.kind, 'key-value');
}

/** A window store's plain values, whether it keeps timestamps or not. */
export function plainWindowStore<K, V>(name: string, store: StateStore, origin: ChangeOrigin): WindowStore<K, V> {
  if (store.kind === 'window' || store.kind === 'timestampedWindow') return new PlainWindowStore<K, V>(store.table, origin);
  if (store.kind === 'joinWindow') return store.view;
  throw wrongKind(name, store.kind, 'window');
}

function wrongKind(name: string, kind: string, wanted: string): MillraceError {
  return new MillraceError('INVALID_STATE', `Store "${name}" is of kind ${kind}: it is not a ${wanted} store.`, {
    context: { store: name },
  });
}
