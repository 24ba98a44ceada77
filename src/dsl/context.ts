import type { TopologyOptions } from '../topology/definitions.ts';
import { checkName, invalidTopology } from '../topology/names.ts';
import { Topology } from '../topology/topology.ts';
import { GraphNode, RepartitionGraphNode, SourceGraphNode } from './graph-node.ts';

const INDEX_DIGITS = 10;

/**
 * What all streams and tables of one builder share: the counter behind generated names, and the graph of operations with
 * its translation into a topology. Kafka Streams' `InternalStreamsBuilder`.
 */
export class DslContext {
  readonly options: TopologyOptions;
  readonly topology: Topology;
  readonly root = new GraphNode('root', () => {});
  /** Every edge added gets the next number. */
  #nextPriority = 0;
  #nextIndex = 0;
  readonly #copartitioned: (readonly string[])[] = [];
  /** Sources that were merged into another one, by name. */
  readonly #mergedInto = new Map<string, string>();

  constructor(options: TopologyOptions) {
    this.options = options;
    this.topology = new Topology(options);
    this.root.written = true;
  }

  /**
   * Streams and tables can be combined only within one builder.
   *
   * @throws INVALID_TOPOLOGY
   */
  checkSame(operation: string, other: DslContext | undefined): void {
    if (other === this) return;
    const problem = other === undefined ? 'something that is no stream or table' : 'one of another StreamsBuilder';
    throw invalidTopology(`${operation} was given ${problem}: make both with the same builder.`);
  }

  /** `<prefix><index>`; burns an index. */
  newProcessorName(prefix: string): string {
    return `${prefix}${this.#index()}`;
  }

  /** `<prefix>STATE-STORE-<index>`; burns an index. */
  newStoreName(prefix: string): string {
    return `${prefix}STATE-STORE-${this.#index()}`;
  }

  /** The user's name, or a generated one. Burns an index either way, as Kafka Streams does, so later names stay the same. */
  nameOr(name: string | undefined, prefix: string, suffix = ''): string {
    const generated = this.newProcessorName(prefix);
    if (name === undefined) return generated;
    checkName('node', `${name}${suffix}`);
    return `${name}${suffix}`;
  }

  addNode(parent: GraphNode, child: GraphNode): void {
    parent.addChild(child);
    child.priority = this.#nextPriority++;
  }

  /** These sources feed one join. */
  copartition(sources: ReadonlySet<string>): void {
    this.#copartitioned.push([...sources]);
  }

  /** Writes what has not been written yet, in the order in which it was added. */
  build(): Topology {
    this.#mergeSources();
    relaxRepartitions(this.root);
    this.#write();
    for (const sources of this.#copartitioned.splice(0)) {
      this.topology.graph.copartition(sources.map((name) => this.#mergedInto.get(name) ?? name));
    }
    return this.topology;
  }

  #index(): string {
    return String(this.#nextIndex++).padStart(INDEX_DIGITS, '0');
  }

  #mergeSources(): void {
    const sourceOfTopic = new Map<string, SourceGraphNode>();
    for (const node of [...this.root.children]) {
      if (!(node instanceof SourceGraphNode)) continue;
      for (const { name } of node.source.topics) {
        const main = sourceOfTopic.get(name);
        if (main === undefined) sourceOfTopic.set(name, node);
        else if (main !== node) this.#merge(main, node, name);
      }
    }
  }

  #merge(main: SourceGraphNode, other: SourceGraphNode, topic: string): void {
    if (main.topicKey !== other.topicKey) {
      throw invalidTopology(
        `Topic "${topic}" is read by two streams with different topics ([${main.topicKey}] and [${other.topicKey}]): read the same topics in both, or read each topic by itself and merge().`,
        {
          topic,
        },
      );
    }
    if (main.source.offsetReset !== other.source.offsetReset) {
      throw invalidTopology(`Topic "${topic}" is read by two streams with different offsetReset: a topic can have only one.`, { topic });
    }
    for (const child of [...other.children]) {
      other.removeChild(child);
      main.addChild(child);
    }
    this.root.removeChild(other);
    this.#mergedInto.set(other.name, main.name);
  }

  #write(): void {
    const visited = new Set<GraphNode>();
    const queue: GraphNode[] = [this.root];
    for (let node = takeFirst(queue); node !== undefined; node = takeFirst(queue)) {
      if (visited.has(node)) continue;
      if (!node.written) {
        if (!node.parentsWritten) continue;
        node.write(this.topology.graph);
      }
      visited.add(node);
      queue.push(...node.children);
    }
  }
}

/** Removes and returns the node with the smallest priority. */
function takeFirst(queue: GraphNode[]): GraphNode | undefined {
  let first = 0;
  for (let index = 1; index < queue.length; index++) {
    if ((queue[index] as GraphNode).priority < (queue[first] as GraphNode).priority) first = index;
  }
  return queue.splice(first, 1)[0];
}

/** Repartitions drop null keys, unless a left join lies somewhere downstream (KIP-962). */
function relaxRepartitions(root: GraphNode): void {
  const known = new Map<GraphNode, boolean>();
  const leadsToLeftJoin = (node: GraphNode): boolean => {
    const answer = known.get(node);
    if (answer !== undefined) return answer;
    let leads = false;
    for (const child of node.children) if (leadsToLeftJoin(child) || child.acceptsNullKeys) leads = true;
    known.set(node, leads);
    if (node instanceof RepartitionGraphNode) node.passesNullKeys = leads;
    return leads;
  };
  leadsToLeftJoin(root);
}
