import { invalidTopology } from '../topology/names.ts';
import { GraphNode } from './graph-node.ts';
import { KStream } from './kstream.ts';
import type { StreamState } from './stream-state.ts';

/** Kafka Streams' `Branched`. */
export interface BranchOptions<K, V, N extends string = string> {
  /** The branch's name is the splitter's followed by this. Default: 1, 2, … and 0 for the default branch. */
  readonly name?: N;
  /** Continues the branch in place; what it returns is what the result holds under the branch's name. */
  readonly withFunction?: (branch: KStream<K, V>) => KStream<any, any> | null | undefined;
  /** Continues the branch in place; the branch is then not in the result. */
  readonly withConsumer?: (branch: KStream<K, V>) => void;
}

/** The branches by name. Those whose names were given as literals are known to the compiler. */
export type Branches<K, V, N extends string> = { readonly [name in N]: KStream<K, V> } & {
  readonly [name: string]: KStream<K, V> | undefined;
};

/** A stream being split; see `KStream.split`. `P` is the splitter's name, `N` the branch names so far. */
export class BranchedKStream<K, V, P extends string = string, N extends string = never> {
  readonly #stream: StreamState<K, V>;
  readonly #splitter: GraphNode;
  readonly #predicates: ((key: K, value: V) => boolean)[] = [];
  readonly #branches: Record<string, KStream<any, any>> = {};
  #hasDefault = false;

  /** @internal */
  constructor(stream: StreamState<K, V>, splitterName: string) {
    this.#stream = stream;
    this.#splitter = new GraphNode(splitterName, (graph, parents) =>
      graph.addProcessor({
        name: splitterName,
        operator: { type: 'branch', predicates: [...this.#predicates], hasDefault: this.#hasDefault },
        parents,
        sendOldValues: false,
        globalStores: [],
      }),
    );
    stream.context.addNode(stream.node, this.#splitter);
  }

  /** Records for which `predicate` holds, and no earlier one, go here. */
  branch<const B extends string = never>(
    predicate: (key: K, value: V) => boolean,
    options: BranchOptions<K, V, B> = {},
  ): BranchedKStream<K, V, P, N | `${P}${B}`> {
    this.#checkOpen();
    this.#predicates.push(predicate);
    this.#addBranch(this.#predicates.length, options);
    return this as BranchedKStream<K, V, P, any>;
  }

  /** All other records go to one more branch. Returns the branches. */
  defaultBranch<const B extends string = '0'>(options: BranchOptions<K, V, B> = {}): Branches<K, V, N | `${P}${B}`> {
    this.#checkOpen();
    this.#hasDefault = true;
    this.#addBranch(0, options);
    return this.#result();
  }

  /** All other records are dropped. Returns the branches. */
  noDefaultBranch(): Branches<K, V, N> {
    return this.#result();
  }

  /** The compiler cannot follow which names were added; `branch()` and `defaultBranch()` say so in their types. */
  #result<Names extends string>(): Branches<K, V, Names> {
    return this.#branches as unknown as Branches<K, V, Names>;
  }

  #checkOpen(): void {
    if (!this.#hasDefault) return;
    throw invalidTopology(`"${this.#splitter.name}" has its default branch already: add every branch before it.`, {
      node: this.#splitter.name,
    });
  }

  #addBranch(ordinal: number, options: BranchOptions<K, V>): void {
    const { context } = this.#stream;
    const name = `${this.#splitter.name}${options.name ?? ordinal}`;
    context.newProcessorName(name);
    const node = new GraphNode(name, (graph, parents) =>
      graph.addProcessor({ name, operator: { type: 'passThrough' }, parents, sendOldValues: false, globalStores: [] }),
    );
    context.addNode(this.#splitter, node);
    const branch = new KStream<K, V>({ ...this.#stream, name, node });
    const result = continueBranch(branch, options);
    if (result !== undefined && result !== null) this.#branches[name] = result;
  }
}

function continueBranch<K, V>(branch: KStream<K, V>, options: BranchOptions<K, V>): KStream<any, any> | null | undefined {
  if (options.withFunction !== undefined) return options.withFunction(branch);
  if (options.withConsumer === undefined) return branch;
  options.withConsumer(branch);
  return undefined;
}
