import type { Serde } from '../serde/serde.ts';
import type { Operator } from '../topology/operators.ts';
import type { DslContext } from './context.ts';
import { GraphNode, type Repartition, RepartitionGraphNode } from './graph-node.ts';

/** What a stream or table knows about itself. Kafka Streams' `AbstractStream`. */
export interface StreamState<K, V> {
  readonly context: DslContext;
  /** Name of the processor node it comes out of. */
  readonly name: string;
  readonly keySerde: Serde<K> | undefined;
  readonly valueSerde: Serde<V> | undefined;
  /** Names of the sources of its sub-topology: what must be co-partitioned in a join. */
  readonly sources: ReadonlySet<string>;
  /** The key may have changed since the last source: the next operation that depends on it repartitions. */
  readonly repartitionRequired: boolean;
  readonly node: GraphNode;
}

/** Adds a processor below a stream or table. */
export function addOperator(parent: StreamState<any, any>, name: string, operator: Operator): GraphNode {
  const node = new GraphNode(name, (graph, parents) =>
    graph.addProcessor({ name, operator, parents, sendOldValues: false, globalStores: [] }),
  );
  parent.context.addNode(parent.node, node);
  return node;
}

/** All source names of streams that are joined, after telling the context so. */
export function ensureCopartition(one: StreamState<any, any>, other: StreamState<any, any>): ReadonlySet<string> {
  const sources = new Set([...one.sources, ...other.sources]);
  one.context.copartition(sources);
  return sources;
}

const REPARTITION_SUFFIX = '-repartition';
const GENERATED_NAME = /^KSTREAM.*-[0-9]{10}$/;

/**
 * Names the nodes around a repartition topic. Three indices are burned whether or not the generated names are used: they
 * are when the topic's own name was generated.
 */
export function nameRepartition(
  context: DslContext,
  prefix: string,
  serdes: Pick<Repartition, 'keySerde' | 'valueSerde'>,
  settings: Partial<Pick<Repartition, 'partitioner' | 'partitions'>> = {},
): Repartition {
  const topic = prefix.endsWith(REPARTITION_SUFFIX) ? prefix : `${prefix}${REPARTITION_SUFFIX}`;
  const sinkName = context.newProcessorName('KSTREAM-SINK-');
  const filterName = context.newProcessorName('KSTREAM-FILTER-');
  const sourceName = context.newProcessorName('KSTREAM-SOURCE-');
  const generated = GENERATED_NAME.test(prefix);
  return {
    topic,
    sinkName: generated ? sinkName : `${topic}-sink`,
    filterName: generated ? filterName : `${topic}-filter`,
    sourceName: generated ? sourceName : `${topic}-source`,
    keySerde: serdes.keySerde,
    valueSerde: serdes.valueSerde,
    partitioner: settings.partitioner,
    partitions: settings.partitions,
  };
}

/** Adds the repartition below a stream and returns its node. */
export function addRepartition(parent: StreamState<any, any>, repartition: Repartition): RepartitionGraphNode {
  const node = new RepartitionGraphNode(repartition);
  parent.context.addNode(parent.node, node);
  return node;
}
