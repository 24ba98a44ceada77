import type { Serde } from '../serde/serde.ts';
import type { StoreSpec } from '../state/store-spec.ts';
import type {
  NodeDefinition,
  ProcessorDefinition,
  SinkDefinition,
  SourceDefinition,
  StoreDefinition,
  TopologyOptions,
} from './definitions.ts';
import type { NodeGroup, TopologyGraph } from './graph.ts';
import { invalidTopology } from './names.ts';
import type { GlobalStore, Plan, ProcessorNode, SinkNode, SourceNode, SubTopology, TopicRef } from './nodes.ts';
import { hashOf } from './plan-hash.ts';

/**
 * Makes the plan that coordinator and shards work from: fills in default serdes, links children, numbers sub-topologies.
 *
 * @throws INVALID_TOPOLOGY where a serde is missing, a store is connected to nothing, or there is nothing to run.
 */
export function makePlan(graph: TopologyGraph, options: TopologyOptions): Plan {
  const context = new PlanContext(graph, options);
  const groups = graph.groups();
  checkComplete(graph, groups);
  const structure = {
    subTopologies: groups.filter((group) => group.globalStore === undefined).map((group) => context.subTopology(group)),
    globalStores: groups.filter((group) => group.globalStore !== undefined).map((group) => context.globalStore(group)),
    repartitionTopics: [...graph.repartitionTopics.values()],
  };
  return { ...structure, hash: hashOf(structure) };
}

/** What no single step of building can check. */
function checkComplete(graph: TopologyGraph, groups: readonly NodeGroup[]): void {
  if (groups.length === 0) throw invalidTopology('The topology is empty: add a source, e.g. builder.stream("topic").');
  for (const { definition, processors } of graph.stores.values()) {
    if (processors.length === 0) {
      throw invalidTopology(
        `Store "${definition.name}" is not connected to any processor: name it in the processor's stores, or remove it.`,
        { store: definition.name },
      );
    }
  }
  for (const { nodes, globalStore } of groups) {
    if (globalStore !== undefined && nodes.length > 2) {
      const other = nodes.find(({ name }) => name !== globalStore.source && name !== globalStore.processor);
      throw invalidTopology(
        `"${other?.name}" is attached to global store "${globalStore.definition.name}": global stores have a source and a processor, nothing else.`,
        {
          node: other?.name ?? '',
          store: globalStore.definition.name,
        },
      );
    }
  }
}

class PlanContext {
  readonly #graph: TopologyGraph;
  readonly #options: TopologyOptions;
  readonly #children = new Map<string, string[]>();
  readonly #specs = new Map<string, StoreSpec<any, any>>();

  constructor(graph: TopologyGraph, options: TopologyOptions) {
    this.#graph = graph;
    this.#options = options;
    for (const node of graph.nodes.values()) {
      if (node.kind === 'source') continue;
      for (const parent of node.parents) this.#childrenOf(parent).push(node.name);
    }
  }

  subTopology({ id, nodes }: NodeGroup): SubTopology {
    const processors = nodes.filter(isProcessor);
    const storeNames = new Set(processors.flatMap((processor) => processor.stores));
    return {
      id,
      sources: nodes.filter(isSource).map((node) => this.#source(node)),
      processors: processors.map((node) => this.#processor(node)),
      sinks: nodes.filter(isSink).map((node) => this.#sink(node)),
      stores: [...storeNames].map((name) => this.#storeSpec(this.#definition(name))),
      copartitionGroups: this.#copartitionGroups(nodes),
    };
  }

  globalStore({ id, nodes, globalStore }: NodeGroup): GlobalStore {
    const source = nodes.find(isSource);
    const processor = nodes.find(isProcessor);
    const topic = source?.topics[0];
    if (source === undefined || processor === undefined || globalStore === undefined || topic === undefined) {
      throw new Error(`group ${id} is not a global store`);
    }
    return {
      id,
      source: this.#source(source),
      processor: { ...this.#processor(processor), stores: [globalStore.definition.name] },
      store: { ...this.#storeSpec(globalStore.definition), sourceTopic: topic.name },
    };
  }

  #source(node: SourceDefinition): SourceNode {
    const repartition = node.topics.some((topic) => topic.internal);
    const where = `Source "${node.name}" (topic ${node.topics.map(({ name }) => `"${name}"`).join(', ')})`;
    return {
      ...node,
      keySerde: this.#serde('key', node.keySerde, where, node.name),
      valueSerde: this.#serde('value', node.valueSerde, where, node.name),
      // A repartition topic carries timestamps that were extracted already.
      timestampExtractor: repartition ? node.timestampExtractor : (node.timestampExtractor ?? this.#options.defaultTimestampExtractor),
      children: this.#childrenOf(node.name),
    };
  }

  #processor({ globalStores, ...node }: ProcessorDefinition): ProcessorNode {
    const readable = node.operator.type === 'custom' ? [...this.#graph.globalStores.keys()] : globalStores;
    return { ...node, stores: [...new Set([...node.stores, ...readable])], children: this.#childrenOf(node.name) };
  }

  #sink(node: SinkDefinition): SinkNode {
    const where = typeof node.topic === 'function' ? `Sink "${node.name}"` : `Sink "${node.name}" (topic "${node.topic.name}")`;
    return {
      ...node,
      keySerde: this.#serde('key', node.keySerde, where, node.name),
      valueSerde: this.#serde('value', node.valueSerde, where, node.name),
    };
  }

  #storeSpec(definition: StoreDefinition): StoreSpec<any, any> {
    const known = this.#specs.get(definition.name);
    if (known !== undefined) return known;
    const where = `Store "${definition.name}"`;
    const spec: StoreSpec<any, any> = {
      ...definition,
      keySerde: this.#serde('key', definition.keySerde, where, definition.name),
      valueSerde: this.#serde('value', definition.valueSerde, where, definition.name),
      ...(definition.kind === 'outerJoin'
        ? { otherValueSerde: this.#serde('value', definition.otherValueSerde, where, definition.name) }
        : {}),
    };
    this.#specs.set(definition.name, spec);
    return spec;
  }

  #serde(side: 'key' | 'value', own: Serde<any> | undefined, where: string, node: string): Serde<any> {
    const serde = own ?? (side === 'key' ? this.#options.defaultKeySerde : this.#options.defaultValueSerde);
    if (serde !== undefined) return serde;
    const option = side === 'key' ? 'keySerde' : 'valueSerde';
    const fallback = side === 'key' ? 'defaultKeySerde' : 'defaultValueSerde';
    throw invalidTopology(
      `${where} has no ${side} serde: pass { ${option} } to the operation that made it, or set ${fallback} in the options of StreamsBuilder or Topology.`,
      {
        node,
        option,
      },
    );
  }

  #copartitionGroups(nodes: readonly NodeDefinition[]): TopicRef[][] {
    const sources = new Map(nodes.filter(isSource).map((source) => [source.name, source]));
    return this.#graph.copartitionGroups
      .filter((group) => group.some((name) => sources.has(name)))
      .map((group) => [...new Set(group.flatMap((name) => sources.get(name)?.topics ?? []))]);
  }

  #definition(name: string): StoreDefinition {
    const entry = this.#graph.stores.get(name);
    if (entry === undefined) throw invalidTopology(`Store "${name}" has not been added: call addStateStore() first.`, { store: name });
    return entry.definition;
  }

  #childrenOf(name: string): string[] {
    const known = this.#children.get(name);
    if (known !== undefined) return known;
    const children: string[] = [];
    this.#children.set(name, children);
    return children;
  }
}

function isSource(node: NodeDefinition): node is SourceDefinition {
  return node.kind === 'source';
}

function isProcessor(node: NodeDefinition): node is ProcessorDefinition {
  return node.kind === 'processor';
}

function isSink(node: NodeDefinition): node is SinkDefinition {
  return node.kind === 'sink';
}
