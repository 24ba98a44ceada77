import type { NewSource, TopologyGraph } from '../topology/graph.ts';
import type { StreamPartitioner } from '../topology/operators.ts';

/** Writes one node of the DSL's graph into the topology, below the nodes of its parents. */
export type WriteNode = (graph: TopologyGraph, parents: string[]) => void;

/**
 * One step of a DSL program. Nothing is written to the topology before `build()`: only then is it known which tables must
 * be stored, which sources can be merged and which repartitions must let null keys pass. Kafka Streams' `GraphNode`.
 */
export class GraphNode {
  readonly name: string;
  readonly parents = new Set<GraphNode>();
  readonly children = new Set<GraphNode>();
  /** Order of writing; grows with every edge added. */
  priority = 0;
  written = false;
  /** A left join on a stream: records with a null key must reach it. */
  readonly acceptsNullKeys: boolean;
  readonly #write: WriteNode;

  constructor(name: string, write: WriteNode, acceptsNullKeys = false) {
    this.name = name;
    this.#write = write;
    this.acceptsNullKeys = acceptsNullKeys;
  }

  addChild(child: GraphNode): void {
    this.children.add(child);
    child.parents.add(this);
  }

  removeChild(child: GraphNode): void {
    this.children.delete(child);
    child.parents.delete(this);
  }

  get parentsWritten(): boolean {
    for (const parent of this.parents) if (!parent.written) return false;
    return true;
  }

  write(graph: TopologyGraph): void {
    this.#write(
      graph,
      [...this.parents].map((parent) => parent.name),
    );
    this.written = true;
  }
}

/** `stream(topics)`. Two of them on the same topics become one. */
export class SourceGraphNode extends GraphNode {
  readonly source: NewSource;

  constructor(source: NewSource) {
    super(source.name, (graph) => graph.addSource(source));
    this.source = source;
  }

  /** The topics without regard to order, as one string. */
  get topicKey(): string {
    return this.source.topics
      .map(({ name }) => name)
      .sort()
      .join(',');
  }
}

export interface Repartition {
  /** With the suffix `-repartition`, without the application id. */
  readonly topic: string;
  readonly sinkName: string;
  readonly filterName: string;
  readonly sourceName: string;
  readonly keySerde: NewSource['keySerde'];
  readonly valueSerde: NewSource['valueSerde'];
  readonly partitioner: StreamPartitioner | undefined;
  /** Undefined: derived from the other topics. */
  readonly partitions: number | undefined;
}

/** Out through a filter and a sink, and in again through a source: the topic between two sub-topologies. */
export class RepartitionGraphNode extends GraphNode {
  /** Set at build time, when it is known what lies downstream. */
  passesNullKeys = false;

  constructor(repartition: Repartition) {
    super(repartition.sourceName, (graph, parents) => writeRepartition(graph, parents, repartition, this.passesNullKeys));
  }
}

function writeRepartition(graph: TopologyGraph, parents: string[], repartition: Repartition, passesNullKeys: boolean): void {
  const { topic, keySerde, valueSerde, filterName } = repartition;
  const ref = { name: topic, internal: true };
  graph.addRepartitionTopic(topic, repartition.partitions);
  graph.addProcessor({
    name: filterName,
    operator: passesNullKeys ? { type: 'passThrough' } : { type: 'filter', predicate: hasKey, not: false },
    parents,
    sendOldValues: false,
    globalStores: [],
  });
  graph.addSink({
    name: repartition.sinkName,
    topic: ref,
    parents: [filterName],
    keySerde,
    valueSerde,
    partitioner: repartition.partitioner,
  });
  graph.addSource({
    name: repartition.sourceName,
    topics: [ref],
    keySerde,
    valueSerde,
    timestampExtractor: undefined,
    offsetReset: undefined,
  });
}

function hasKey(key: unknown): boolean {
  return key !== null;
}
