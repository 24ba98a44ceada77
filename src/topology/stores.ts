import type { Serde } from '../serde/serde.ts';
import type { StoreKind, StoreSpec } from '../state/store-spec.ts';
import { checkName, invalidTopology } from './names.ts';

export interface StoreOptions<K, V> {
  readonly keySerde: Serde<K>;
  readonly valueSerde: Serde<V>;
  /** Collapse updates until the next commit. Default false (the DSL's stores: true). */
  readonly caching?: boolean;
  /** Write changes to a changelog topic, with topic configs of your own if given. Default true. */
  readonly logging?: LoggingOption;
}

/** `false`: no changelog, so the store is empty after a restart. `{ config }`: topic configs that override the usual ones. */
export type LoggingOption = boolean | { readonly config: Readonly<Record<string, string>> };

export interface WindowStoreOptions<K, V> extends StoreOptions<K, V> {
  /** Length of a window in ms. */
  readonly windowSizeMs: number;
  /** How long a window is kept after its start, in ms of stream time; at least `windowSizeMs`. */
  readonly retentionMs: number;
  /** Keep several values of one key and time. Default false. */
  readonly retainDuplicates?: boolean;
}

/**
 * Makes store specifications for `Topology.addStateStore` and `StreamsBuilder.addStateStore`. Kafka Streams' `Stores`
 * and `StoreBuilder` in one step; caching is off unless asked for.
 */
export const Stores = {
  /** A store of key and value. */
  keyValue<K, V>(name: string, options: StoreOptions<K, V>): StoreSpec<K, V> {
    return makeStore(name, 'keyValue', options);
  },

  /** A store of key, value and the value's timestamp: what the DSL's tables are kept in. */
  timestampedKeyValue<K, V>(name: string, options: StoreOptions<K, V>): StoreSpec<K, V> {
    return makeStore(name, 'timestampedKeyValue', options);
  },

  /** A store of values by key and window start. */
  window<K, V>(name: string, options: WindowStoreOptions<K, V>): StoreSpec<K, V> {
    return makeWindowStore(name, 'window', options);
  },

  /** A window store that keeps each value's timestamp: what the DSL's windowed aggregates are kept in. */
  timestampedWindow<K, V>(name: string, options: WindowStoreOptions<K, V>): StoreSpec<K, V> {
    return makeWindowStore(name, 'timestampedWindow', options);
  },
};

/** What a `logging` option means. */
export function loggingOf(option: LoggingOption | undefined): StoreSpec['logging'] {
  if (typeof option === 'object') return { enabled: true, config: option.config };
  return { enabled: option ?? true, config: {} };
}

function makeStore<K, V>(name: string, kind: StoreKind, options: StoreOptions<K, V>): StoreSpec<K, V> {
  checkName('store', name);
  return {
    name,
    kind,
    keySerde: options.keySerde,
    valueSerde: options.valueSerde,
    logging: loggingOf(options.logging),
    caching: options.caching ?? false,
  };
}

function makeWindowStore<K, V>(name: string, kind: StoreKind, options: WindowStoreOptions<K, V>): StoreSpec<K, V> {
  const { windowSizeMs, retentionMs, retainDuplicates = false } = options;
  if (!(windowSizeMs > 0))
    throw invalidTopology(`Window store "${name}" has a windowSizeMs of ${windowSizeMs}: it must be above 0.`, {
      store: name,
    });
  checkRetention(name, retentionMs, windowSizeMs, 'windowSizeMs');
  return { ...makeStore(name, kind, options), windowSizeMs, retentionMs, retainDuplicates };
}

/** @throws INVALID_TOPOLOGY where windows would be dropped while they can still change. */
export function checkRetention(store: string, retentionMs: number, neededMs: number, needed: string): void {
  if (retentionMs >= neededMs) return;
  throw invalidTopology(
    `Store "${store}" has a retentionMs of ${retentionMs}, less than its ${needed} (${neededMs}): windows would be lost while they are still open. Set retentionMs to at least ${neededMs}.`,
    {
      store,
    },
  );
}
