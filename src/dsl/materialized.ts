import type { Serde } from '../serde/serde.ts';
import type { StoreDefinition } from '../topology/definitions.ts';
import { checkName } from '../topology/names.ts';
import type { TimeWindowsSpec } from '../topology/operators.ts';
import { checkRetention, loggingOf } from '../topology/stores.ts';
import type { DslContext } from './context.ts';
import type { MaterializedOptions, WindowMaterializedOptions } from './options.ts';

/** A table's storage with its serdes and name settled. */
export interface Materialization<K, V> {
  readonly storeName: string;
  /** The name the user gave; undefined where it was generated, and the store cannot be queried. */
  readonly queryableName: string | undefined;
  readonly keySerde: Serde<K> | undefined;
  readonly valueSerde: Serde<V> | undefined;
  readonly options: WindowMaterializedOptions<any, any>;
}

/** Draws a store name where the user gave none. Kafka Streams' `MaterializedInternal`. */
export function materialize<K, V>(
  context: DslContext,
  options: MaterializedOptions<K, V>,
  prefix: string,
  keySerde: Serde<K> | undefined,
  valueSerde: Serde<V> | undefined,
): Materialization<K, V> {
  if (options.as !== undefined) checkName('store', options.as);
  return {
    storeName: options.as ?? context.newStoreName(prefix),
    queryableName: options.as,
    keySerde: options.keySerde ?? keySerde,
    valueSerde: options.valueSerde ?? valueSerde,
    options,
  };
}

/** Whether the user said anything about storage. In Java: whether a `Materialized` was passed. */
export function saysHowToStore(options: WindowMaterializedOptions<any, any>): boolean {
  const { as, keySerde, valueSerde, caching, logging, retentionMs } = options;
  return [as, keySerde, valueSerde, caching, logging, retentionMs].some((option) => option !== undefined);
}

/** The store of a table. */
export function tableStore(materialization: Materialization<any, any>): StoreDefinition {
  const { options, storeName, keySerde, valueSerde } = materialization;
  return {
    name: storeName,
    kind: 'timestampedKeyValue',
    keySerde,
    valueSerde,
    logging: loggingOf(options.logging),
    caching: options.caching ?? true,
  };
}

/** The store of a windowed aggregate. */
export function windowStore(materialization: Materialization<any, any>, windows: TimeWindowsSpec): StoreDefinition {
  const neededMs = windows.sizeMs + windows.graceMs;
  const retentionMs = materialization.options.retentionMs ?? neededMs;
  checkRetention(materialization.storeName, retentionMs, neededMs, 'window size plus grace');
  return { ...tableStore(materialization), kind: 'timestampedWindow', retentionMs, windowSizeMs: windows.sizeMs };
}
