import type { Serde } from '../serde/serde.ts';
import type { StoreDefinition, TopologyOptions } from '../topology/definitions.ts';
import type { NewSource } from '../topology/graph.ts';
import { checkName } from '../topology/names.ts';
import type { ProcessorSupplier } from '../topology/processor-api.ts';
import { checkSupplier, type Topology } from '../topology/topology.ts';
import { DslContext } from './context.ts';
import { GlobalKTable } from './global-ktable.ts';
import { GraphNode, SourceGraphNode } from './graph-node.ts';
import { KStream } from './kstream.ts';
import { KTable } from './ktable.ts';
import { materialize, tableStore } from './materialized.ts';
import type { ConsumedOptions, TableOptions } from './options.ts';
import type { TableStorage } from './table-state.ts';

export interface StreamsBuilderOptions<DK = unknown, DV = unknown> extends TopologyOptions {
  readonly defaultKeySerde?: Serde<DK>;
  readonly defaultValueSerde?: Serde<DV>;
}

/**
 * Where a DSL program begins: read topics as streams or tables, transform them, then `build()` the topology to run.
 *
 * ```ts
 * const builder = new StreamsBuilder({ defaultKeySerde: Serdes.String(), defaultValueSerde: Serdes.String() });
 * builder.stream('lines').flatMapValues((line) => line.split(' ')).groupBy((_key, word) => word).count().toStream().to('counts');
 * ```
 *
 * `DK` and `DV` are the types of the default serdes, and so of streams for which none are given.
 */
export class StreamsBuilder<DK = unknown, DV = unknown> {
  readonly #context: DslContext;

  constructor(options: StreamsBuilderOptions<DK, DV> = {}) {
    this.#context = new DslContext(options);
  }

  /** Reads one topic or several as a stream of records. Reading the same topics again is the same source. */
  stream<K = DK, V = DV>(topics: string | readonly string[], options: ConsumedOptions<K, V> = {}): KStream<K, V> {
    const context = this.#context;
    const name = context.nameOr(options.name, 'KSTREAM-SOURCE-');
    const node = new SourceGraphNode(sourceOf(name, topics, options));
    context.addNode(context.root, node);
    const { keySerde, valueSerde } = options;
    return new KStream<K, V>({
      context,
      name,
      keySerde,
      valueSerde,
      sources: new Set([name]),
      repartitionRequired: false,
      node,
    });
  }

  /** Reads a topic as a table: each record sets the row of its key. Stored only where something needs its rows, or `{ as }`. */
  table<K = DK, V = DV>(topic: string, options: TableOptions<K, V> = {}): KTable<K, V> {
    const context = this.#context;
    const { keySerde, valueSerde } = options;
    const materialized = materialize(context, options, `${topic}-`, keySerde, valueSerde);
    const sourceName = context.nameOr(options.name, 'KSTREAM-SOURCE-', '-source');
    const name = context.nameOr(options.name, 'KTABLE-SOURCE-');
    const store = tableStore(materialized);
    const storage: TableStorage = {
      kind: 'source',
      storeName: store.name,
      stored: options.as !== undefined,
      sendOldValues: false,
      parent: undefined,
      step: undefined,
    };
    const source = sourceOf(sourceName, topic, options);
    const node = new GraphNode(name, (graph) => {
      graph.addSource(source);
      const operator = { type: 'tableSource', store: storage.stored ? store.name : undefined } as const;
      graph.addProcessor({
        name,
        operator,
        parents: [sourceName],
        sendOldValues: storage.sendOldValues,
        globalStores: [],
      });
      if (storage.stored) graph.addStore(store, [name]);
    });
    context.addNode(context.root, node);
    const queryableStoreName = materialized.queryableName;
    return new KTable<K, V>({
      context,
      name,
      keySerde,
      valueSerde,
      sources: new Set([sourceName]),
      repartitionRequired: false,
      node,
      storage,
      queryableStoreName,
    });
  }

  /** Reads all partitions of a topic into a table that every shard holds in full. Always stored; has no changelog of its own. */
  globalTable<K = DK, V = DV>(topic: string, options: TableOptions<K, V> = {}): GlobalKTable<K, V> {
    const context = this.#context;
    const materialized = materialize(context, options, `${topic}-`, options.keySerde, options.valueSerde);
    // There is no commit at which a cache of a global store would be flushed, and its topic is the changelog.
    const store = { ...tableStore(materialized), caching: false, logging: { enabled: false, config: {} } };
    this.#addGlobalStore(store, topic, options, { type: 'tableSource', store: store.name });
    return new GlobalKTable<K, V>(context, store.name, materialized.queryableName);
  }

  /** Adds a store for `process` and `processValues`, connected by its name there. */
  addStateStore(store: StoreDefinition): this {
    const context = this.#context;
    context.addNode(context.root, new GraphNode(store.name, (graph) => graph.addStore(store)));
    return this;
  }

  /**
   * Adds a store that every shard holds in full, written by a processor of one's own only; on a restart it runs over the
   * topic again. The store's logging must be off.
   */
  addGlobalStore<K = DK, V = DV>(
    store: StoreDefinition,
    topic: string,
    options: ConsumedOptions<K, V>,
    supplier: ProcessorSupplier<K, V, never, never>,
  ): this {
    checkSupplier(store.name, supplier);
    this.#addGlobalStore(store, topic, options, { type: 'custom', supplier });
    return this;
  }

  /** The topology of everything added so far. Called again, it adds what came since to the same topology. */
  build(): Topology {
    return this.#context.build();
  }

  #addGlobalStore(
    store: StoreDefinition,
    topic: string,
    options: ConsumedOptions<any, any>,
    operator: Parameters<Topology['graph']['addGlobalStore']>[2]['operator'],
  ): void {
    const context = this.#context;
    const sourceName = context.nameOr(options.name, 'KSTREAM-SOURCE-', '-source');
    const name = context.nameOr(options.name, 'KTABLE-SOURCE-');
    const source = sourceOf(sourceName, topic, options);
    const node = new GraphNode(name, (graph) => graph.addGlobalStore(store, source, { name, operator }));
    context.addNode(context.root, node);
  }
}

function sourceOf(name: string, topics: string | readonly string[], options: ConsumedOptions<any, any>): NewSource {
  const names = typeof topics === 'string' ? [topics] : topics;
  for (const topic of names) checkName('topic', topic);
  return {
    name,
    topics: names.map((topic) => ({ name: topic, internal: false })),
    keySerde: options.keySerde,
    valueSerde: options.valueSerde,
    timestampExtractor: options.timestampExtractor,
    offsetReset: options.offsetReset,
  };
}
