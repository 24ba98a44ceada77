import type { TableViewStep } from '../topology/operators.ts';
import { KStream } from './kstream.ts';
import { type Materialization, materialize, saysHowToStore, tableStore } from './materialized.ts';
import type { NamedOptions, StoredOptions } from './options.ts';
import { addOperator } from './stream-state.ts';
import { enableSendingOldValues, type TableState, type TableStorage, tableNode } from './table-state.ts';

/**
 * A table: the latest value of every key, and the stream of its changes. A null value deletes a row.
 *
 * Made by `StreamsBuilder.table`, by aggregations and by `KStream.toTable`. A table that results from `filter` or
 * `mapValues` is a view: it is not stored, and lookups compute it from the table it came from, unless a store is named.
 */
export class KTable<K, V> {
  /** @internal */
  readonly state: TableState<K, V>;

  /** @internal */
  constructor(state: TableState<K, V>) {
    this.state = state;
  }

  /** Name of the store to query; undefined where none was given (`{ as }`). */
  get queryableStoreName(): string | undefined {
    return this.state.queryableStoreName;
  }

  /** Keeps rows for which `predicate` holds; a row that no longer does is deleted downstream. */
  filter<VS extends V>(predicate: (key: K, value: V) => value is VS, options?: StoredOptions<K, VS>): KTable<K, VS>;
  filter(predicate: (key: K, value: V) => boolean, options?: StoredOptions<K, V>): KTable<K, V>;
  filter(predicate: (key: K, value: V) => boolean, options: StoredOptions<K, V> = {}): KTable<K, V> {
    return this.#filter(predicate, false, options);
  }

  /** Keeps rows for which `predicate` does not hold. */
  filterNot(predicate: (key: K, value: V) => boolean, options: StoredOptions<K, V> = {}): KTable<K, V> {
    return this.#filter(predicate, true, options);
  }

  /** Changes values; never called for deletions. */
  mapValues<VR>(mapper: (value: V, key: K) => VR, options: StoredOptions<K, VR> = {}): KTable<K, VR> {
    const { storage, materialized } = this.#view('KTABLE-MAPVALUES-', { type: 'mapValues', mapper }, options);
    const name = this.state.context.nameOr(options.name, 'KTABLE-MAPVALUES-');
    const node = tableNode(name, storage, materialized && tableStore(materialized), (store) => ({
      type: 'tableMapValues',
      mapper,
      store,
    }));
    return this.#derive(name, node, storage, { ...this.state, valueSerde: options.valueSerde });
  }

  /**
   * The stream of changes. A deletion is a record with a null value. With a mapper the key is changed too, and what comes
   * next repartitions where it depends on the key.
   */
  toStream<KR>(mapper: (key: K, value: V) => KR, options?: NamedOptions): KStream<KR, V>;
  toStream(options?: NamedOptions): KStream<K, V>;
  toStream<KR>(first: ((key: K, value: V) => KR) | NamedOptions = {}, options: NamedOptions = {}): KStream<K, V> | KStream<KR, V> {
    return isMapper(first) ? this.#toStream(options).selectKey(first) : this.#toStream(first);
  }

  #toStream(options: NamedOptions): KStream<K, V> {
    const name = this.state.context.nameOr(options.name, 'KTABLE-TOSTREAM-');
    const node = addOperator(this.state, name, { type: 'tableToStream' });
    return new KStream<K, V>({ ...this.state, name, node, repartitionRequired: false });
  }

  #filter(predicate: (key: K, value: V) => boolean, not: boolean, options: StoredOptions<K, V>): KTable<K, V> {
    const { storage, materialized } = this.#view('KTABLE-FILTER-', { type: 'filter', predicate, not }, options);
    const name = this.state.context.nameOr(options.name, 'KTABLE-FILTER-');
    // With the old value at hand, deletions of rows that never passed need not be sent.
    storage.sendOldValues = enableSendingOldValues(this.state.storage, false);
    const node = tableNode(name, storage, materialized && tableStore(materialized), (store) => ({
      type: 'tableFilter',
      predicate,
      not,
      store,
    }));
    return this.#derive(name, node, storage, {
      ...this.state,
      valueSerde: options.valueSerde ?? this.state.valueSerde,
    });
  }

  /** Storage of a table computed from this one: stored only if the user names the store. */
  #view(
    prefix: string,
    step: TableViewStep,
    options: StoredOptions<any, any>,
  ): { storage: TableStorage; materialized: Materialization<any, any> | undefined } {
    const { context, keySerde, valueSerde, storage: parent } = this.state;
    // An index is burned for the store that is not made: Kafka Streams once made it, and names must stay the same.
    if (saysHowToStore(options) && options.as === undefined) context.newStoreName(prefix);
    const inherited = step.type === 'filter' ? valueSerde : undefined;
    const materialized = options.as === undefined ? undefined : materialize(context, options, prefix, keySerde, inherited);
    const storage: TableStorage = {
      kind: 'view',
      storeName: options.as,
      stored: materialized !== undefined,
      sendOldValues: false,
      parent,
      step,
    };
    return { storage, materialized };
  }

  #derive<VR>(
    name: string,
    node: TableState<K, VR>['node'],
    storage: TableStorage,
    state: Pick<TableState<K, VR>, 'valueSerde'>,
  ): KTable<K, VR> {
    this.state.context.addNode(this.state.node, node);
    return new KTable<K, VR>({
      ...this.state,
      name,
      node,
      storage,
      valueSerde: state.valueSerde,
      queryableStoreName: storage.storeName,
    });
  }
}

function isMapper<K, V, KR>(argument: ((key: K, value: V) => KR) | NamedOptions): argument is (key: K, value: V) => KR {
  return typeof argument === 'function';
}
