import type { NodeDefinition } from './definitions.ts';
import type { NodeGroup, TopologyGraph } from './graph.ts';
import { copiedHashOrder, hashOrder } from './java-order.ts';
import { JavaTreeSet } from './java-tree-set.ts';

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
  /**
   * Sorted by the size and name that each neighbour had when it was linked: sizes still grow while others are, and Kafka
   * Streams does not sort again.
   */
  readonly predecessors: JavaTreeSet<Linked>;
  readonly successors: JavaTreeSet<Linked>;
}

function describeSubTopology({ id, nodes }: NodeGroup): SubTopologyDescription {
  const order = nodes.map(
    (definition): Linked => ({
      definition,
      size: 1,
      predecessors: new JavaTreeSet(bySizeThenName),
      successors: new JavaTreeSet(bySizeThenName),
    }),
  );
  const linked = new Map(order.map((node) => [node.definition.name, node]));
  for (const node of hashOrder(order, ({ definition }) => definition.name)) {
    for (const name of parentsOf(node.definition)) {
      const parent = linked.get(name);
      if (parent === undefined) continue;
      node.predecessors.add(parent);
      parent.successors.add(node);
      grow(parent, node.size, order);
    }
  }
  return { id, nodes: [...order].sort(bySizeThenName).map(describeNode) };
}

function parentsOf(definition: NodeDefinition): readonly string[] {
  return definition.kind === 'source' ? [] : definition.parents;
}

function bySizeThenName(one: Linked, other: Linked): number {
  if (one === other) return 0;
  if (one.size !== other.size) return other.size - one.size;
  return one.definition.name < other.definition.name ? -1 : 1;
}

/** Adds `delta` to a node and, once per path to it, to everything above it. `order` has parents before children. */
function grow(node: Linked, delta: number, order: readonly Linked[]): void {
  const paths = new Map<Linked, number>([[node, 1]]);
  for (let index = order.indexOf(node); index >= 0; index--) {
    const ancestor = order[index] as Linked;
    const count = paths.get(ancestor);
    if (count === undefined) continue;
    ancestor.size += delta * count;
    for (const predecessor of ancestor.predecessors.toArray()) paths.set(predecessor, (paths.get(predecessor) ?? 0) + count);
  }
}

function describeNode({ definition, predecessors, successors }: Linked): NodeDescription {
  const { name } = definition;
  switch (definition.kind) {
    case 'source':
      return {
        kind: 'source',
        name,
        topics: copiedHashOrder(definition.topics.map((topic) => topic.name)),
        successors: names(successors),
      };
    case 'processor':
      return {
        kind: 'processor',
        name,
        stores: hashOrder(definition.stores, (store) => store),
        successors: names(successors),
        predecessors: names(predecessors),
      };
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
    processor: {
      kind: 'processor',
      name: processor,
      stores: [globalStore?.definition.name ?? ''],
      successors: [],
      predecessors: [source],
    },
  };
}

function names(nodes: JavaTreeSet<Linked>): string[] {
  return nodes.toArray().map(({ definition }) => definition.name);
}

function format(subTopologies: readonly SubTopologyDescription[], globalStores: readonly GlobalStoreDescription[]): string {
  const parts = [
    ...subTopologies.map(({ id, nodes }) => ({
      id,
      text: `Sub-topology: ${id}\n${nodes.map((node) => `    ${formatNode(node)}\n`).join('')}\n`,
    })),
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
