import type { NodeDefinition } from './definitions.ts';
import type { NodeGroup, TopologyGraph } from './graph.ts';
import { copiedHashOrder, hashOrder } from './java-order.ts';

/** What `Topology.describe()` returns: an object model whose `toString()` is Kafka Streams' text, whitespace included. */
export interface TopologyDescription {
  readonly subTopologies: readonly SubTopologyDescription[];
  readonly globalStores: readonly GlobalStoreDescription[];
  toString(): string;
}

export interface SubTopologyDescription {
  readonly id: number;
  /** Largest sub-tree first, then by name. */
  readonly nodes: readonly NodeDescription[];
}

export interface GlobalStoreDescription {
  readonly id: number;
  readonly source: SourceDescription;
  readonly processor: ProcessorDescription;
}

export type NodeDescription = SourceDescription | ProcessorDescription | SinkDescription;

export interface SourceDescription {
  readonly kind: 'source';
  readonly name: string;
  /** Without the application id. */
  readonly topics: readonly string[];
  readonly successors: readonly string[];
}

export interface ProcessorDescription {
  readonly kind: 'processor';
  readonly name: string;
  readonly stores: readonly string[];
  readonly successors: readonly string[];
  readonly predecessors: readonly string[];
}

export interface SinkDescription {
  readonly kind: 'sink';
  readonly name: string;
  /** Undefined where the topic is chosen per record. */
  readonly topic: string | undefined;
  /** Name of the function that chooses it. */
  readonly topicExtractor: string | undefined;
  readonly predecessors: readonly string[];
}

export function describeGraph(graph: TopologyGraph): TopologyDescription {
  const groups = graph.groups();
  const subTopologies = groups.filter((group) => group.globalStore === undefined).map(describeSubTopology);
  const globalStores = groups.filter((group) => group.globalStore !== undefined).map(describeGlobalStore);
  return { subTopologies, globalStores, toString: () => format(subTopologies, globalStores) };
}

/** A node while its neighbours are being linked. */
interface Linked {
  readonly definition: NodeDefinition;
  /** Nodes of the sub-tree rooted here, each counted once per path to it. */
  size: number;
  readonly predecessors: Linked[];
  readonly successors: Linked[];
}

function describeSubTopology({ id, nodes }: NodeGroup): SubTopologyDescription {
  const linked = new Map<string, Linked>();
  for (const definition of hashOrder(nodes, ({ name }) => name)) {
    linked.set(definition.name, { definition, size: 1, predecessors: [], successors: [] });
  }
  for (const node of linked.values()) {
    for (const name of parentsOf(node.definition)) {
      const parent = linked.get(name);
      if (parent === undefined) continue;
      insert(node.predecessors, parent);
      insert(parent.successors, node);
      grow(parent, node.size);
    }
  }
  return { id, nodes: [...linked.values()].sort(bySizeThenName).map(describeNode) };
}

function parentsOf(definition: NodeDefinition): readonly string[] {
  return definition.kind === 'source' ? [] : definition.parents;
}

/**
 * Kafka Streams keeps neighbours in sorted sets whose keys, the sizes, still grow while nodes are being linked. So a
 * neighbour's place is decided when it is inserted, by the sizes known then.
 */
function insert(sorted: Linked[], node: Linked): void {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (bySizeThenName(node, sorted[middle] as Linked) < 0) high = middle;
    else low = middle + 1;
  }
  sorted.splice(low, 0, node);
}

function bySizeThenName(one: Linked, other: Linked): number {
  if (one.size !== other.size) return other.size - one.size;
  return one.definition.name < other.definition.name ? -1 : 1;
}

function grow(node: Linked, delta: number): void {
  node.size += delta;
  for (const predecessor of node.predecessors) grow(predecessor, delta);
}

function describeNode({ definition, predecessors, successors }: Linked): NodeDescription {
  const { name } = definition;
  switch (definition.kind) {
    case 'source':
      return { kind: 'source', name, topics: copiedHashOrder(definition.topics.map((topic) => topic.name)), successors: names(successors) };
    case 'processor':
      return { kind: 'processor', name, stores: hashOrder(definition.stores, (store) => store), successors: names(successors), predecessors: names(predecessors) };
    case 'sink': {
      const dynamic = typeof definition.topic === 'function';
      return {
        kind: 'sink',
        name,
        topic: typeof definition.topic === 'function' ? undefined : definition.topic.name,
        topicExtractor: dynamic ? (definition.topic as { name: string }).name || 'anonymous' : undefined,
        predecessors: names(predecessors),
      };
    }
  }
}

function describeGlobalStore({ id, nodes, globalStore }: NodeGroup): GlobalStoreDescription {
  const [source, processor] = [globalStore?.source ?? '', globalStore?.processor ?? ''];
  const topics = nodes.flatMap((node) => (node.kind === 'source' ? node.topics.map(({ name }) => name) : []));
  return {
    id,
    source: { kind: 'source', name: source, topics, successors: [processor] },
    processor: { kind: 'processor', name: processor, stores: [globalStore?.definition.name ?? ''], successors: [], predecessors: [source] },
  };
}

function names(nodes: readonly Linked[]): string[] {
  return nodes.map(({ definition }) => definition.name);
}

function format(subTopologies: readonly SubTopologyDescription[], globalStores: readonly GlobalStoreDescription[]): string {
  const parts = [
    ...subTopologies.map(({ id, nodes }) => ({ id, text: `Sub-topology: ${id}\n${nodes.map((node) => `    ${formatNode(node)}\n`).join('')}\n` })),
    ...globalStores.map(({ id, source, processor }) => ({
      id,
      text: `Sub-topology: ${id} for global store (will not generate tasks)\n    ${formatNode(source)}\n    ${formatNode(processor)}\n`,
    })),
  ];
  const inOrder = parts.sort((one, other) => one.id - other.id);
  return `Topologies:\n ${inOrder.map(({ text }) => `  ${text}`).join('')}`;
}

function formatNode(node: NodeDescription): string {
  switch (node.kind) {
    case 'source':
      return `Source: ${node.name} (topics: [${node.topics.join(', ')}])\n      --> ${formatNames(node.successors)}`;
    case 'processor':
      return `Processor: ${node.name} (stores: [${node.stores.join(', ')}])\n      --> ${formatNames(node.successors)}\n      <-- ${formatNames(node.predecessors)}`;
    case 'sink': {
      const target = node.topic === undefined ? `extractor class: ${node.topicExtractor}` : `topic: ${node.topic}`;
      return `Sink: ${node.name} (${target})\n      <-- ${formatNames(node.predecessors)}`;
    }
  }
}

function formatNames(nodeNames: readonly string[]): string {
  return nodeNames.length === 0 ? 'none' : nodeNames.join(', ');
}
