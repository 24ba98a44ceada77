import type {
  GlobalStoreEntry,
  NodeDefinition,
  ProcessorDefinition,
  SinkDefinition,
  SourceDefinition,
  StoreDefinition,
  StoreEntry,
} from './definitions.ts';
import { checkName, invalidTopology } from './names.ts';
import type { RepartitionTopic, TopicRef } from './nodes.ts';
import type { Operator } from './operators.ts';
import { UnionFind } from './union-find.ts';

/** Nodes that belong together, numbered. */
export interface NodeGroup {
  readonly id: number;
  /** In the order in which they were added: parents before children. */
  readonly nodes: readonly NodeDefinition[];
  /** Set where the group is a global store's source and processor. */
  readonly globalStore: GlobalStoreEntry | undefined;
}

export type NewSource = Omit<SourceDefinition, 'kind'>;
export type NewProcessor = Omit<ProcessorDefinition, 'kind' | 'stores'>;
export type NewSink = Omit<SinkDefinition, 'kind'>;

/**
 * The nodes, edges and stores of a topology while it is being built; both the low-level {@link Topology} and the DSL
 * write into it. Every step is checked as it is made, so an error's stack shows the line that caused it. Kafka Streams'
 * `InternalTopologyBuilder`.
 */
export class TopologyGraph {
  /** In the order of addition. */
  readonly nodes = new Map<string, NodeDefinition>();
  readonly stores = new Map<string, StoreEntry>();
  readonly globalStores = new Map<string, GlobalStoreEntry>();
  readonly repartitionTopics = new Map<string, RepartitionTopic>();
  /** Sets of source node names whose topics must have equally many partitions. */
  readonly copartitionGroups: (readonly string[])[] = [];
  /** Grows with every change, so that a plan made earlier can be told stale. */
  version = 0;

  readonly #union = new UnionFind();
  readonly #sourceOfTopic = new Map<string, string>();

  addSource(source: NewSource): void {
    this.#checkNewNode(source.name);
    if (source.topics.length === 0)
      throw invalidTopology(`Source "${source.name}" has no topics: give it at least one.`, { node: source.name });
    for (const topic of source.topics) this.#registerTopic(topic, source.name);
    this.#add({ ...source, kind: 'source' });
  }

  addProcessor(processor: NewProcessor): void {
    this.#checkNewNode(processor.name);
    this.#checkParents(processor.name, processor.parents);
    checkFunctions(processor.name, processor.operator);
    this.#add({ ...processor, kind: 'processor', stores: [] });
    for (const parent of processor.parents) this.#union.unite(processor.name, parent);
  }

  addSink(sink: NewSink): void {
    this.#checkNewNode(sink.name);
    this.#checkParents(sink.name, sink.parents);
    if (typeof sink.topic !== 'function') checkName('topic', sink.topic.name);
    this.#add({ ...sink, kind: 'sink' });
    for (const parent of sink.parents) this.#union.unite(sink.name, parent);
  }

  /** Adding the same definition again is allowed, and connects more processors. */
  addStore(definition: StoreDefinition, processors: readonly string[] = []): void {
    const { name } = definition;
    checkName('store', name);
    const known = this.stores.get(name);
    if ((known !== undefined && known.definition !== definition) || this.globalStores.has(name)) {
      throw invalidTopology(`A different store named "${name}" has already been added: give one of them another name.`, { store: name });
    }
    if (known === undefined) this.stores.set(name, { definition, processors: [] });
    for (const processor of processors) this.connect(processor, name);
    this.version++;
  }

  connect(processorName: string, storeName: string): void {
    const node = this.nodes.get(processorName);
    const store = this.#storeToConnect(storeName, processorName);
    if (node === undefined)
      throw invalidTopology(`Store "${storeName}" cannot be connected to "${processorName}": no such processor has been added.`, {
        node: processorName,
        store: storeName,
      });
    if (node.kind !== 'processor')
      throw invalidTopology(`Store "${storeName}" cannot be connected to the ${node.kind} "${processorName}": connect it to a processor.`, {
        node: processorName,
        store: storeName,
      });
    const user = store.processors[0];
    if (user !== undefined) this.#union.unite(user, processorName);
    if (!store.processors.includes(processorName)) store.processors.push(processorName);
    if (!node.stores.includes(storeName)) node.stores.push(storeName);
    this.version++;
  }

  /** A store with a source and a processor of its own, fed from all partitions of one topic on every shard. */
  addGlobalStore(
    definition: StoreDefinition,
    source: NewSource,
    processor: Omit<NewProcessor, 'parents' | 'sendOldValues' | 'globalStores'>,
  ): void {
    const { name } = definition;
    checkName('store', name);
    if (this.stores.has(name) || this.globalStores.has(name)) {
      throw invalidTopology(`A different store named "${name}" has already been added: give one of them another name.`, { store: name });
    }
    if (definition.logging.enabled)
      throw invalidTopology(`Global store "${name}" must have logging disabled: its source topic serves as the changelog.`, {
        store: name,
      });
    if (source.topics.length !== 1) throw invalidTopology(`Global store "${name}" must be fed from exactly one topic.`, { store: name });
    this.addSource(source);
    this.addProcessor({ ...processor, parents: [source.name], sendOldValues: false, globalStores: [name] });
    this.globalStores.set(name, { definition, source: source.name, processor: processor.name });
  }

  addRepartitionTopic(name: string, partitions: number | undefined): void {
    checkName('topic', name);
    if (partitions !== undefined && !(Number.isInteger(partitions) && partitions > 0)) {
      throw invalidTopology(`Repartition topic "${name}" cannot have ${partitions} partitions: give a whole number above 0.`, {
        topic: name,
      });
    }
    this.repartitionTopics.set(name, { name, partitions });
    this.version++;
  }

  copartition(sourceNames: Iterable<string>): void {
    this.copartitionGroups.push([...new Set(sourceNames)]);
    this.version++;
  }

  /** Connected nodes, numbered by the first node of each that was added. Global stores share the numbering. */
  groups(): NodeGroup[] {
    const byRoot = new Map<string, NodeDefinition[]>();
    for (const node of this.nodes.values()) {
      const root = this.#union.root(node.name);
      const group = byRoot.get(root);
      if (group === undefined) byRoot.set(root, [node]);
      else group.push(node);
    }
    const globalBySource = new Map([...this.globalStores.values()].map((entry) => [entry.source, entry]));
    return [...byRoot.values()].map((nodes, id) => ({
      id,
      nodes,
      globalStore: nodes.map(({ name }) => globalBySource.get(name)).find((entry) => entry !== undefined),
    }));
  }

  #add(node: NodeDefinition): void {
    this.nodes.set(node.name, node);
    this.#union.add(node.name);
    this.version++;
  }

  #checkNewNode(name: string): void {
    checkName('node', name);
    if (this.nodes.has(name))
      throw invalidTopology(`A node named "${name}" has already been added: node names must be unique.`, {
        node: name,
      });
  }

  #checkParents(name: string, parents: readonly string[]): void {
    if (parents.length === 0) throw invalidTopology(`"${name}" must have at least one parent.`, { node: name });
    for (const parentName of parents) {
      const parent = this.nodes.get(parentName);
      if (parentName === name) throw invalidTopology(`"${name}" cannot be its own parent.`, { node: name });
      if (parent === undefined)
        throw invalidTopology(`The parent "${parentName}" of "${name}" has not been added yet: add parents before their children.`, {
          node: name,
          parent: parentName,
        });
      if (parent.kind === 'sink')
        throw invalidTopology(`The sink "${parentName}" cannot be the parent of "${name}": a sink has no children.`, {
          node: name,
          parent: parentName,
        });
    }
  }

  #registerTopic(topic: TopicRef, source: string): void {
    checkName('topic', topic.name);
    const key = `${topic.internal ? 'internal' : 'user'}:${topic.name}`;
    const other = this.#sourceOfTopic.get(key);
    if (other !== undefined) {
      throw invalidTopology(
        `Topic "${topic.name}" of source "${source}" is already read by source "${other}": read a topic once and attach both branches to that source.`,
        {
          topic: topic.name,
          node: source,
        },
      );
    }
    this.#sourceOfTopic.set(key, source);
  }

  #storeToConnect(storeName: string, processorName: string): StoreEntry {
    if (this.globalStores.has(storeName)) {
      throw invalidTopology(`"${storeName}" is a global store: every processor can use it, so do not connect it to "${processorName}".`, {
        store: storeName,
        node: processorName,
      });
    }
    const store = this.stores.get(storeName);
    if (store === undefined) {
      throw invalidTopology(
        `Processor "${processorName}" uses store "${storeName}", which has not been added: call addStateStore() first.`,
        { store: storeName, node: processorName },
      );
    }
    return store;
  }
}

const FUNCTION_FIELDS = ['predicate', 'mapper', 'selector', 'action', 'aggregator', 'keySelector', 'joiner', 'supplier'];

/** JavaScript users have no compiler to tell them that a function is missing. */
function checkFunctions(name: string, operator: Operator): void {
  for (const [field, value] of Object.entries(operator)) {
    if (!FUNCTION_FIELDS.includes(field) || typeof value === 'function') continue;
    throw invalidTopology(`The ${field} of "${name}" is ${value === null ? 'null' : `of type ${typeof value}`}: pass a function.`, {
      node: name,
    });
  }
}
