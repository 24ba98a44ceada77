import { isStateless, type StatelessSpec } from '../processors/stateless.ts';
import type { ProcessorNode, SubTopology } from '../topology/nodes.ts';

/** Operators that run as one node. */
export interface Chain {
  readonly operators: readonly StatelessSpec[];
  /** Names of the operators after the first, which have no node of their own. */
  readonly absorbed: readonly string[];
  /** Of the last operator. */
  readonly children: readonly string[];
}

/** Chains of two and more stateless operators of which each but the first is the only child of its only parent; by the name of the first. */
export function findChains({ sources, processors }: SubTopology): ReadonlyMap<string, Chain> {
  const byName = new Map(processors.map((processor) => [processor.name, processor]));
  const parents = new Map<string, number>();
  for (const { children } of [...sources, ...processors]) {
    for (const child of children) parents.set(child, (parents.get(child) ?? 0) + 1);
  }
  const chains = new Map<string, Chain>();
  const taken = new Set<string>();
  for (const processor of processors) {
    if (taken.has(processor.name)) continue;
    const chain = chainFrom(processor, byName, parents);
    if (chain === undefined) continue;
    chains.set(processor.name, chain);
    for (const name of chain.absorbed) taken.add(name);
  }
  return chains;
}

function chainFrom(
  first: ProcessorNode,
  byName: ReadonlyMap<string, ProcessorNode>,
  parents: ReadonlyMap<string, number>,
): Chain | undefined {
  const operators: StatelessSpec[] = [];
  const names: string[] = [];
  let last = first;
  for (let next: ProcessorNode | undefined = first; next !== undefined; ) {
    if (isStateless(next)) operators.push(next);
    else if (operators.length === 0 || !passesOn(next)) break;
    names.push(next.name);
    last = next;
    const only: string | undefined = next.children.length === 1 ? next.children[0] : undefined;
    next = only !== undefined && parents.get(only) === 1 ? byName.get(only) : undefined;
  }
  return operators.length < 2 ? undefined : { operators, absorbed: names.slice(1), children: last.children };
}

function passesOn({ operator }: ProcessorNode): boolean {
  return operator.type === 'passThrough' || operator.type === 'tableToStream';
}
