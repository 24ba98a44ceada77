import { MillraceError } from '../errors.ts';
import type { Serde } from '../serde/serde.ts';
import type { StoreDefinition, TopologyOptions } from './definitions.ts';
import { describeGraph, type TopologyDescription } from './describe.ts';
import { TopologyGraph } from './graph.ts';
import { invalidTopology } from './names.ts';
import type { Plan } from './nodes.ts';
import type { StreamPartitioner, TimestampExtractor, TopicNameExtractor } from './operators.ts';
import { makePlan } from './plan.ts';
import type { ProcessorSupplier } from './processor-api.ts';

export interface SourceOptions<K = any, V = any> {
  readonly keySerde?: Serde<K>;
  readonly valueSerde?: Serde<V>;
  /** Default: the topology's default extractor, else the record's own timestamp. */
  readonly timestampExtractor?: TimestampExtractor<K, V>;
  /** Where to begin without a committed offset. Default: the config's `autoOffsetReset`. */
  readonly offsetReset?: 'earliest' | 'latest' | 'none';
}

export interface SinkOptions<K = any, V = any> {
  readonly keySerde?: Serde<K>;
  readonly valueSerde?: Serde<V>;
  /** Default: murmur2 of the key's bytes, as Java's producer. */
  readonly partitioner?: StreamPartitioner<K, V>;
}

export interface GlobalStoreOptions<K = any, V = any> extends Omit<SourceOptions<K, V>, 'offsetReset'> {
  readonly sourceName: string;
  readonly topic: string;
  readonly processorName: string;
}

/**
 * The low-level API: sources, processors, stores and sinks put together by name, as Kafka Streams' `Topology`. The DSL's
 * `StreamsBuilder.build()` returns one too. It is pure data: building it starts nothing.
 *
 * Every method but `plan` and `describe` throws INVALID_TOPOLOGY for a name used twice, a parent that does not exist, a
 * topic read twice or an illegal name, and returns the topology itself.
 */
export class Topology {
  /** Defaults and handlers that come with this topology; they reach the shards because the module is imported there. */
  readonly options: TopologyOptions;
  /** @internal The DSL writes into it. */
  readonly graph = new TopologyGraph();
  #planned: { readonly version: number; readonly plan: Plan } | undefined;

  constructor(options: TopologyOptions = {}) {
    this.options = options;
  }

  /** Reads one topic or several; a topic may be read by one source only. */
  addSource<K, V>(name: string, topics: string | readonly string[], options: SourceOptions<K, V> = {}): this {
    this.graph.addSource(sourceOf(name, topics, options));
    return this;
  }

  /**
   * Adds a processor below `parents`. Stores that the supplier carries (`supplier.stores`) are added and connected; name
   * others with {@link addStateStore} or {@link connectProcessorAndStateStores}.
   */
  addProcessor<KIn, VIn, KOut, VOut>(name: string, supplier: ProcessorSupplier<KIn, VIn, KOut, VOut>, ...parents: string[]): this {
    checkSupplier(name, supplier);
    this.graph.addProcessor({
      name,
      operator: { type: 'custom', supplier },
      parents,
      sendOldValues: false,
      globalStores: [],
    });
    for (const store of supplier.stores ?? []) this.graph.addStore(store, [name]);
    return this;
  }

  /** Writes to a topic, or to the one that a function names for each record; that one must exist. */
  addSink<K, V>(
    name: string,
    topic: string | TopicNameExtractor<K, V>,
    parents: string | readonly string[],
    options: SinkOptions<K, V> = {},
  ): this {
    this.graph.addSink({
      name,
      topic: typeof topic === 'string' ? { name: topic, internal: false } : topic,
      parents: typeof parents === 'string' ? [parents] : [...parents],
      keySerde: options.keySerde,
      valueSerde: options.valueSerde,
      partitioner: options.partitioner,
    });
    return this;
  }

  /** Adds a partitioned store (made by {@link Stores}) and connects it to processors, which then run in the same tasks. */
  addStateStore(store: StoreDefinition, ...processorNames: string[]): this {
    this.graph.addStore(store, processorNames);
    return this;
  }

  /** Gives a processor access to stores that were added before. */
  connectProcessorAndStateStores(processorName: string, ...storeNames: string[]): this {
    if (storeNames.length === 0)
      throw invalidTopology(`No store to connect to "${processorName}": name at least one.`, { node: processorName });
    for (const storeName of storeNames) this.graph.connect(processorName, storeName);
    return this;
  }

  /**
   * Adds a store that every shard holds in full. `supplier`'s processor is its only writer; on a restart it runs over the
   * topic again. Logging must be off: the topic itself is the changelog.
   */
  addGlobalStore<K, V>(store: StoreDefinition, options: GlobalStoreOptions<K, V>, supplier: ProcessorSupplier<K, V, never, never>): this {
    checkSupplier(options.processorName, supplier);
    this.graph.addGlobalStore(store, sourceOf(options.sourceName, options.topic, options), {
      name: options.processorName,
      operator: { type: 'custom', supplier },
    });
    return this;
  }

  /**
   * Adds a partitioned store that is fed from a user's topic, which serves as its changelog (KIP-813). Other processors
   * that are connected to it must not write to it.
   */
  addReadOnlyStateStore<K, V>(
    store: StoreDefinition,
    options: GlobalStoreOptions<K, V>,
    supplier: ProcessorSupplier<K, V, never, never>,
  ): this {
    this.addSource(options.sourceName, options.topic, options);
    this.addProcessor(options.processorName, supplier, options.sourceName);
    const logging = { enabled: false, config: {} };
    return this.addStateStore({ ...store, logging, sourceTopic: options.topic }, options.processorName);
  }

  /**
   * The topology checked, numbered and with its default serdes filled in: what the coordinator schedules and shards run.
   *
   * @throws INVALID_TOPOLOGY where a serde is missing or a store is connected to nothing.
   */
  plan(): Plan {
    if (this.#planned?.version === this.graph.version) return this.#planned.plan;
    const plan = makePlan(this.graph, this.options);
    this.#planned = { version: this.graph.version, plan };
    return plan;
  }

  /** Sub-topologies, nodes and edges as data; `toString()` of it is the text that Kafka Streams prints. */
  describe(): TopologyDescription {
    return describeGraph(this.graph);
  }
}

function sourceOf(name: string, topics: string | readonly string[], options: SourceOptions) {
  return {
    name,
    topics: (typeof topics === 'string' ? [topics] : topics).map((topic) => ({ name: topic, internal: false })),
    keySerde: options.keySerde,
    valueSerde: options.valueSerde,
    timestampExtractor: options.timestampExtractor,
    offsetReset: options.offsetReset,
  };
}

/**
 * A supplier must be a function that returns a new processor on every call: each task has its own.
 *
 * @throws INVALID_TOPOLOGY
 */
export function checkSupplier(name: string, supplier: ProcessorSupplier): void {
  if (typeof supplier !== 'function')
    throw invalidTopology(`The supplier of processor "${name}" is not a function: pass () => new YourProcessor().`, {
      node: name,
    });
  const first = newProcessor(name, supplier);
  if (newProcessor(name, supplier) === first) {
    throw invalidTopology(`The supplier of processor "${name}" returned the same object twice: every task needs a processor of its own.`, {
      node: name,
    });
  }
}

function newProcessor(name: string, supplier: ProcessorSupplier): unknown {
  try {
    return supplier();
  } catch (error) {
    throw new MillraceError(
      'INVALID_TOPOLOGY',
      `The supplier of processor "${name}" threw ${String(error)}. Pass a function that returns a new processor: () => new YourProcessor().`,
      {
        cause: error,
        fatal: true,
        context: { node: name },
      },
    );
  }
}
