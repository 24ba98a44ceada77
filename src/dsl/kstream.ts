import { inspect } from 'node:util';
import { checkName, invalidTopology } from '../topology/names.ts';
import type { TopicNameExtractor } from '../topology/operators.ts';
import type { ProcessorSupplier } from '../topology/processor-api.ts';
import { checkSupplier } from '../topology/topology.ts';
import { BranchedKStream } from './branched.ts';
import { type FixedKeyProcessorSupplier, withFixedKey } from './fixed-key.ts';
import { GlobalKTable } from './global-ktable.ts';
import { GraphNode } from './graph-node.ts';
import { KGroupedStream } from './grouped-stream.ts';
import { JoinWindows } from './join-windows.ts';
import { JoinRepartitioner, joinGlobalTable, joinTable, type RepartitionSerdes } from './joins.ts';
import { KTable } from './ktable.ts';
import { materialize, tableStore } from './materialized.ts';
import type {
  GroupedOptions,
  JoinedOptions,
  NamedOptions,
  PrintOptions,
  ProcessOptions,
  ProducedOptions,
  RepartitionedOptions,
  StoredOptions,
  StreamJoinedOptions,
} from './options.ts';
import { joinStreams, type OuterSides } from './stream-joins.ts';
import { addOperator, addRepartition, nameRepartition, type StreamState } from './stream-state.ts';
import { type TableStorage, tableNode } from './table-state.ts';

type Output<K, V> = Partial<Pick<StreamState<K, V>, 'keySerde' | 'valueSerde' | 'repartitionRequired'>>;

/**
 * A stream of records. Each method adds one node to the graph and returns the stream after it; nothing runs until the
 * built topology is started.
 *
 * An operation that may change the key (`map`, `flatMap`, `selectKey`, `groupBy`, `process`) only marks the stream: the
 * next one that depends on the key (`groupByKey`, `join`, `toTable`) repartitions it through an internal topic first. A
 * join with the wrong partitions is therefore impossible.
 */
export class KStream<K, V> {
  /** @internal */
  readonly state: StreamState<K, V>;
  readonly #joinRepartitioner = new JoinRepartitioner();

  /** @internal */
  constructor(state: StreamState<K, V>) {
    this.state = state;
  }

  /** Keeps records for which `predicate` holds. */
  filter<VS extends V>(predicate: (key: K, value: V) => value is VS, options?: NamedOptions): KStream<K, VS>;
  filter(predicate: (key: K, value: V) => boolean, options?: NamedOptions): KStream<K, V>;
  filter(predicate: (key: K, value: V) => boolean, options: NamedOptions = {}): KStream<K, V> {
    const name = this.#name(options, 'KSTREAM-FILTER-');
    return this.#derive(addOperator(this.state, name, { type: 'filter', predicate, not: false }), {});
  }

  /** Drops records for which `predicate` holds. */
  filterNot(predicate: (key: K, value: V) => boolean, options: NamedOptions = {}): KStream<K, V> {
    const name = this.#name(options, 'KSTREAM-FILTER-');
    return this.#derive(addOperator(this.state, name, { type: 'filter', predicate, not: true }), {});
  }

  /** Makes one record of each. Prefer {@link mapValues}: a new key costs a repartition further on. */
  map<KR, VR>(mapper: (key: K, value: V) => readonly [KR, VR], options: NamedOptions = {}): KStream<KR, VR> {
    const name = this.#name(options, 'KSTREAM-MAP-');
    return this.#derive(addOperator(this.state, name, { type: 'map', mapper }), {
      keySerde: undefined,
      valueSerde: undefined,
      repartitionRequired: true,
    });
  }

  /** Changes values; called for null values too. */
  mapValues<VR>(mapper: (value: V, key: K) => VR, options: NamedOptions = {}): KStream<K, VR> {
    const name = this.#name(options, 'KSTREAM-MAPVALUES-');
    return this.#derive(addOperator(this.state, name, { type: 'mapValues', mapper }), { valueSerde: undefined });
  }

  /** Makes any number of records of each; all have its timestamp and headers. */
  flatMap<KR, VR>(mapper: (key: K, value: V) => Iterable<readonly [KR, VR]>, options: NamedOptions = {}): KStream<KR, VR> {
    const name = this.#name(options, 'KSTREAM-FLATMAP-');
    return this.#derive(addOperator(this.state, name, { type: 'flatMap', mapper }), {
      keySerde: undefined,
      valueSerde: undefined,
      repartitionRequired: true,
    });
  }

  /** Makes any number of records with the same key of each. */
  flatMapValues<VR>(mapper: (value: V, key: K) => Iterable<VR>, options: NamedOptions = {}): KStream<K, VR> {
    const name = this.#name(options, 'KSTREAM-FLATMAPVALUES-');
    return this.#derive(addOperator(this.state, name, { type: 'flatMapValues', mapper }), { valueSerde: undefined });
  }

  /** Sets a new key. The stream counts as changed even where the key turns out to be the same. */
  selectKey<KR>(selector: (key: K, value: V) => KR, options: NamedOptions = {}): KStream<KR, V> {
    const name = this.#name(options, 'KSTREAM-KEY-SELECT-');
    return this.#derive(addOperator(this.state, name, { type: 'selectKey', selector }), {
      keySerde: undefined,
      repartitionRequired: true,
    });
  }

  /** Looks at every record and passes it on. The side effect may be repeated after a failure. */
  peek(action: (key: K, value: V) => void, options: NamedOptions = {}): KStream<K, V> {
    const name = this.#name(options, 'KSTREAM-PEEK-');
    return this.#derive(addOperator(this.state, name, { type: 'peek', action }), {});
  }

  /** Does something with every record; nothing comes after. */
  foreach(action: (key: K, value: V) => void, options: NamedOptions = {}): void {
    addOperator(this.state, this.#name(options, 'KSTREAM-FOREACH-'), { type: 'foreach', action });
  }

  /** Prints every record to standard output as `[label]: key, value`; nothing comes after. */
  print(options: PrintOptions<K, V> = {}): void {
    const { label = this.state.name, format = formatRecord } = options;
    const action = (key: K, value: V): void => console.log(`[${label}]: ${format(key, value)}`);
    addOperator(this.state, this.#name(options, 'KSTREAM-PRINTER-'), { type: 'foreach', action });
  }

  /** Both streams in one, interleaved. The result has no serdes of its own: name them further on, or set defaults. */
  merge<VO>(other: KStream<K, VO>, options: NamedOptions = {}): KStream<K, V | VO> {
    const { context } = this.state;
    context.checkSame('merge()', other?.state?.context);
    const name = this.#name(options, 'KSTREAM-MERGE-');
    const node = addOperator(this.state, name, { type: 'passThrough' });
    context.addNode(other.state.node, node);
    return new KStream<K, V | VO>({
      context,
      name,
      node,
      keySerde: undefined,
      valueSerde: undefined,
      sources: new Set([...this.state.sources, ...other.state.sources]),
      repartitionRequired: this.state.repartitionRequired || other.state.repartitionRequired,
    });
  }

  /**
   * Splits the stream: `split().branch(predicate, { name })….defaultBranch()`. A record goes to the first branch whose
   * predicate holds. `name` is the prefix of the branches' names.
   */
  split<const P extends string = string>(options: { readonly name?: P } = {}): BranchedKStream<K, V, P> {
    return new BranchedKStream<K, V, P>(this.state, this.#name(options, 'KSTREAM-BRANCH-'));
  }

  /** Groups by a new key; always repartitions. Records whose new key is null are dropped. */
  groupBy<KR>(selector: (key: K, value: V) => KR, options: GroupedOptions<KR, V> = {}): KGroupedStream<KR, V> {
    const name = this.#name(options, 'KSTREAM-KEY-SELECT-');
    const node = addOperator(this.state, name, { type: 'selectKey', selector });
    const { keySerde, valueSerde = this.state.valueSerde } = options;
    return new KGroupedStream<KR, V>({ ...this.state, name, node, keySerde, valueSerde, repartitionRequired: true }, options.name);
  }

  /** Groups by the key there is; repartitions if it may have changed. */
  groupByKey(options: GroupedOptions<K, V> = {}): KGroupedStream<K, V> {
    const { keySerde = this.state.keySerde, valueSerde = this.state.valueSerde } = options;
    return new KGroupedStream<K, V>({ ...this.state, keySerde, valueSerde }, options.name);
  }

  /** Through an internal topic, always: to change the number of partitions or tasks, or to partition by a rule of one's own. */
  repartition(options: RepartitionedOptions<K, V> = {}): KStream<K, V> {
    const { context } = this.state;
    if (options.name !== undefined) checkName('node', options.name);
    const prefix = options.name ?? context.newProcessorName('KSTREAM-REPARTITION-');
    const { keySerde = this.state.keySerde, valueSerde = this.state.valueSerde } = options;
    const { partitioner, partitions } = options;
    const repartition = nameRepartition(context, prefix, { keySerde, valueSerde }, { partitioner, partitions });
    const node = addRepartition(this.state, repartition);
    return new KStream<K, V>({
      context,
      name: node.name,
      keySerde,
      valueSerde,
      sources: new Set([node.name]),
      repartitionRequired: false,
      node,
    });
  }

  /** Writes to a topic, or to the one that `topic` names for each record; that one must exist. */
  to(topic: string | TopicNameExtractor<K, V>, options: ProducedOptions<K, V> = {}): void {
    const { context } = this.state;
    if (typeof topic !== 'function') checkName('topic', topic);
    const name = this.#name(options, 'KSTREAM-SINK-');
    const { keySerde = this.state.keySerde, valueSerde = this.state.valueSerde, partitioner } = options;
    const target = typeof topic === 'string' ? { name: topic, internal: false } : topic;
    const node = new GraphNode(name, (graph, parents) =>
      graph.addSink({ name, topic: target, parents, keySerde, valueSerde, partitioner }),
    );
    context.addNode(this.state.node, node);
  }

  /** The stream as a table: each record sets the row of its key, a null value deletes it, a null key is dropped. */
  toTable(options: StoredOptions<K, V> = {}): KTable<K, V> {
    const { context } = this.state;
    const name = this.#name(options, 'KSTREAM-TOTABLE-');
    const materialized = materialize(context, options, 'KSTREAM-TOTABLE-', this.state.keySerde, this.state.valueSerde);
    const parent = this.state.repartitionRequired ? this.#repartitioned(name, materialized) : this.state;
    const storage: TableStorage = {
      kind: 'source',
      storeName: materialized.storeName,
      stored: options.as !== undefined,
      sendOldValues: false,
      parent: undefined,
      step: undefined,
    };
    const node = tableNode(name, storage, tableStore(materialized), (store) => ({ type: 'tableSource', store }));
    context.addNode(parent.node, node);
    const { keySerde, valueSerde, queryableName } = materialized;
    return new KTable<K, V>({
      ...parent,
      name,
      node,
      keySerde,
      valueSerde,
      storage,
      queryableStoreName: queryableName,
    });
  }

  /** Hands every record to a processor of one's own, which may use stores and punctuators and forward what it likes. */
  process<KOut, VOut>(supplier: ProcessorSupplier<K, V, KOut, VOut>, options: ProcessOptions = {}): KStream<KOut, VOut> {
    const node = this.#process(supplier, 'KSTREAM-PROCESSOR-', options);
    return this.#derive(node, { keySerde: undefined, valueSerde: undefined, repartitionRequired: true });
  }

  /** Like {@link process}, but the processor cannot change the key, so nothing is repartitioned. */
  processValues<VOut>(supplier: FixedKeyProcessorSupplier<K, V, VOut>, options: ProcessOptions = {}): KStream<K, VOut> {
    const node = this.#process(withFixedKey(supplier), 'KSTREAM-PROCESSVALUES-', options);
    return this.#derive(node, { valueSerde: undefined });
  }

  /**
   * Joins each record with the table's row of its key; without one, the record is dropped. Records with a null key or value
   * are dropped. The topics of both sides must have equally many partitions.
   */
  join<VT, VR>(table: KTable<K, VT>, joiner: (value: V, tableValue: VT, key: K) => VR, options?: JoinedOptions<K, V>): KStream<K, VR>;
  /** Joins each record with the row of a global table whose key `keySelector` returns; without one, the record is dropped. */
  join<KG, VG, VR>(
    table: GlobalKTable<KG, VG>,
    keySelector: (key: K, value: V) => KG | null,
    joiner: (value: V, tableValue: VG, key: K) => VR,
    options?: NamedOptions,
  ): KStream<K, VR>;
  /**
   * Joins each record with those of another stream that have the same key and a timestamp in its window, whichever comes
   * first; the result has the later one's timestamp. Records with a null key or value are dropped, and so are those that come
   * later than the grace. The topics of both sides must have equally many partitions.
   */
  join<VO, VR>(
    other: KStream<K, VO>,
    joiner: (value: V, otherValue: VO, key: K) => VR,
    windows: JoinWindows,
    options?: StreamJoinedOptions<K, V, VO>,
  ): KStream<K, VR>;
  join(other: KStream<K, any> | KTable<K, any> | GlobalKTable<any, any>, first: any, second?: any, third?: any): KStream<K, any> {
    if (other instanceof KStream) return this.#joinStream('join()', other, first, second, { left: false, right: false }, third);
    return this.#join(other, false, first, second, third);
  }

  /** As {@link join}, but a record without a matching row is joined with null. */
  leftJoin<VT, VR>(
    table: KTable<K, VT>,
    joiner: (value: V, tableValue: VT | null, key: K) => VR,
    options?: JoinedOptions<K, V>,
  ): KStream<K, VR>;
  leftJoin<KG, VG, VR>(
    table: GlobalKTable<KG, VG>,
    keySelector: (key: K, value: V) => KG | null,
    joiner: (value: V, tableValue: VG | null, key: K) => VR,
    options?: NamedOptions,
  ): KStream<K, VR>;
  /**
   * As the {@link join} of two streams, but a record of this one that finds no partner is joined with null: once its window
   * and the grace have passed, when a later record of either stream is processed, and at most once a second. A record with a
   * null key is joined with null at once.
   */
  leftJoin<VO, VR>(
    other: KStream<K, VO>,
    joiner: (value: V, otherValue: VO | null, key: K) => VR,
    windows: JoinWindows,
    options?: StreamJoinedOptions<K, V, VO>,
  ): KStream<K, VR>;
  leftJoin(other: KStream<K, any> | KTable<K, any> | GlobalKTable<any, any>, first: any, second?: any, third?: any): KStream<K, any> {
    if (other instanceof KStream) return this.#joinStream('leftJoin()', other, first, second, { left: true, right: false }, third);
    return this.#join(other, true, first, second, third);
  }

  /** As the {@link leftJoin} of two streams, but for records of both: one of the joiner's values may be null, never both. */
  outerJoin<VO, VR>(
    other: KStream<K, VO>,
    joiner: (value: V | null, otherValue: VO | null, key: K) => VR,
    windows: JoinWindows,
    options?: StreamJoinedOptions<K, V, VO>,
  ): KStream<K, VR> {
    return this.#joinStream('outerJoin()', other, joiner, windows, { left: true, right: true }, options);
  }

  #joinStream(
    operation: string,
    other: KStream<K, any>,
    joiner: (value: any, otherValue: any, key: K) => any,
    windows: JoinWindows,
    outer: OuterSides,
    options: StreamJoinedOptions<K, V, any> = {},
  ): KStream<K, any> {
    this.state.context.checkSame(operation, other?.state?.context);
    checkJoinWindows(operation, windows);
    const { name, keySerde, valueSerde, otherValueSerde } = options;
    const left = this.#repartitionedForJoin(name && `${name}-left`, { keySerde, valueSerde });
    const right = other.#repartitionedForJoin(name && `${name}-right`, { keySerde, valueSerde: otherValueSerde });
    return new KStream(joinStreams(left, right, joiner, windows, outer, options));
  }

  #repartitionedForJoin(topicPrefix: string | undefined, serdes: RepartitionSerdes<K, V>): StreamState<K, V> {
    if (!this.state.repartitionRequired) return this.state;
    return this.#joinRepartitioner.repartition(this.state, topicPrefix ?? this.state.name, serdes);
  }

  #join(table: KTable<K, any> | GlobalKTable<any, any>, left: boolean, first: any, second: any, third: any): KStream<K, any> {
    const global = table instanceof GlobalKTable;
    this.state.context.checkSame(left ? 'leftJoin()' : 'join()', global ? table.context : table?.state?.context);
    if (global) return new KStream(joinGlobalTable(this.state, table, first, second, left, third ?? {}));
    const options: JoinedOptions<K, V> = second ?? {};
    return new KStream(joinTable(this.#repartitionedForJoin(options.name, options), table.state, first, left, options));
  }

  #repartitioned(topicPrefix: string, serdes: Pick<StreamState<K, V>, 'keySerde' | 'valueSerde'>): StreamState<K, V> {
    const node = addRepartition(this.state, nameRepartition(this.state.context, topicPrefix, serdes));
    return { ...this.state, node, sources: new Set([node.name]), repartitionRequired: false };
  }

  #process(supplier: ProcessorSupplier<any, any, any, any>, prefix: string, options: ProcessOptions): GraphNode {
    const { context } = this.state;
    // Unlike elsewhere, a name given here burns no index.
    if (options.name !== undefined) checkName('node', options.name);
    const name = options.name ?? context.newProcessorName(prefix);
    checkSupplier(name, supplier);
    const stores = [...(supplier.stores ?? []), ...(options.stores ?? [])];
    const node = new GraphNode(name, (graph, parents) => {
      graph.addProcessor({
        name,
        operator: { type: 'custom', supplier },
        parents,
        sendOldValues: false,
        globalStores: [],
      });
      for (const store of stores) {
        if (typeof store === 'string') graph.connect(name, store);
        else graph.addStore(store, [name]);
      }
    });
    context.addNode(this.state.node, node);
    return node;
  }

  #name(options: NamedOptions, prefix: string): string {
    return this.state.context.nameOr(options.name, prefix);
  }

  #derive<KR, VR>(node: GraphNode, output: Output<KR, VR>): KStream<KR, VR> {
    return new KStream<KR, VR>({ ...(this.state as StreamState<any, any>), name: node.name, node, ...output });
  }
}

/** JavaScript users have no compiler to tell them that the windows are missing. */
function checkJoinWindows(operation: string, windows: unknown): void {
  if (windows instanceof JoinWindows) return;
  throw invalidTopology(
    `${operation} of two streams needs the time their records may be apart as its third argument: pass JoinWindows.ofTimeDifferenceWithNoGrace(ms) or JoinWindows.ofTimeDifferenceAndGrace(ms, graceMs).`,
  );
}

function formatRecord(key: unknown, value: unknown): string {
  return [key, value]
    .map((part) => (typeof part === 'string' ? part : inspect(part, { breakLength: Number.POSITIVE_INFINITY })))
    .join(', ');
}
