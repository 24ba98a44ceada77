import { createProcessor } from '../processors/create-processor.ts';
import type { FlowNode } from '../processors/flow-node.ts';
import { PassThroughNode } from '../processors/pass-through.ts';
import type { NodeRuntime } from '../processors/runtime.ts';
import { StatelessNode } from '../processors/stateless.ts';
import type { SourceNode, SubTopology } from '../topology/nodes.ts';
import { resolveTopic } from '../topology/topic-names.ts';
import type { ErrorHandling } from './error-handling.ts';
import { findChains } from './fusing.ts';
import type { QueueSource } from './input-queue.ts';
import type { OutputCollector } from './output-collector.ts';
import { SinkFlow } from './sink.ts';

/** The running nodes of one sub-topology. */
export interface WiredNodes {
  /** By topic, with the application id applied. */
  readonly sources: ReadonlyMap<string, QueueSource>;
  /** What runs, in the order in which it was declared, parents before children. */
  readonly processors: readonly FlowNode[];
}

/**
 * Makes and connects the operators of a sub-topology: once per task, so that a record only follows references. Stateless
 * operators in a row become one node, and nodes that only pass on are left out.
 */
export function wire(subTopology: SubTopology, runtime: NodeRuntime, outputs: OutputCollector, errors: ErrorHandling): WiredNodes {
  const nodes = new Map<string, FlowNode>();
  const processors: FlowNode[] = [];
  const chains = findChains(subTopology);
  const absorbed = new Set([...chains.values()].flatMap((chain) => chain.absorbed));
  const own = subTopology.processors.filter(({ name }) => !absorbed.has(name));
  for (const processor of own) {
    const chain = chains.get(processor.name);
    const node = chain === undefined ? createProcessor(processor, runtime) : new StatelessNode(chain.operators, runtime);
    nodes.set(processor.name, node);
    processors.push(node);
  }
  for (const sink of subTopology.sinks) nodes.set(sink.name, new SinkFlow(sink, runtime, outputs, errors));

  const childrenOf = (names: readonly string[]) => names.map((name) => nodes.get(name)!);
  // A user's processor forwards to children by their names, so it has to have them all. Children are connected first, as
  // a node that passes on can only be left out when it knows its child.
  for (const processor of own.toReversed()) {
    const node = nodes.get(processor.name)!;
    const children = childrenOf(chains.get(processor.name)?.children ?? processor.children);
    node.connect(processor.operator.type === 'custom' ? children : children.map(withoutDetour), processor);
  }

  const sources = new Map<string, QueueSource>();
  for (const source of subTopology.sources) {
    const entry = sourceEntry(source, runtime, childrenOf(source.children).map(withoutDetour));
    for (const topic of source.topics) sources.set(resolveTopic(topic, runtime.applicationId), entry);
  }
  return { sources, processors };
}

/** Where a record gets to by a node that does nothing but pass it on to one child. */
function withoutDetour(node: FlowNode): FlowNode {
  return (node instanceof PassThroughNode && node.onlyChild) || node;
}

/** A source as a queue needs it. */
export function sourceEntry(source: SourceNode, runtime: NodeRuntime, children: readonly FlowNode[]): QueueSource {
  const node = new PassThroughNode(source.name, runtime);
  node.connect(children, source);
  return {
    name: source.name,
    node: withoutDetour(node),
    keySerde: source.keySerde,
    valueSerde: source.valueSerde,
    timestampExtractor: source.timestampExtractor,
  };
}
