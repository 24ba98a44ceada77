import { createProcessor } from '../processors/create-processor.ts';
import type { FlowNode } from '../processors/flow-node.ts';
import { PassThroughNode } from '../processors/pass-through.ts';
import type { NodeRuntime } from '../processors/runtime.ts';
import type { SourceNode, SubTopology } from '../topology/nodes.ts';
import { resolveTopic } from '../topology/topic-names.ts';
import type { ErrorHandling } from './error-handling.ts';
import type { QueueSource } from './input-queue.ts';
import type { OutputCollector } from './output-collector.ts';
import { SinkFlow } from './sink.ts';

/** The running nodes of one sub-topology. */
export interface WiredNodes {
  /** By topic, with the application id applied. */
  readonly sources: ReadonlyMap<string, QueueSource>;
  /** Processors in the order in which they were declared, parents before children. */
  readonly processors: readonly FlowNode[];
}

/** Makes and connects the operators of a sub-topology: once per task, so that a record only follows references. */
export function wire(subTopology: SubTopology, runtime: NodeRuntime, outputs: OutputCollector, errors: ErrorHandling): WiredNodes {
  const nodes = new Map<string, FlowNode>();
  for (const processor of subTopology.processors) nodes.set(processor.name, createProcessor(processor, runtime));
  for (const sink of subTopology.sinks) nodes.set(sink.name, new SinkFlow(sink, runtime, outputs, errors));
  const childrenOf = (names: readonly string[]) => names.map((name) => nodes.get(name)!);
  for (const processor of subTopology.processors) nodes.get(processor.name)!.connect(childrenOf(processor.children));

  const sources = new Map<string, QueueSource>();
  for (const source of subTopology.sources) {
    const entry = sourceEntry(source, runtime, childrenOf(source.children));
    for (const topic of source.topics) sources.set(resolveTopic(topic, runtime.applicationId), entry);
  }
  return { sources, processors: subTopology.processors.map(({ name }) => nodes.get(name)!) };
}

/** A source as a queue needs it. */
export function sourceEntry(source: SourceNode, runtime: NodeRuntime, children: readonly FlowNode[]): QueueSource {
  const node = new PassThroughNode(source.name, runtime);
  node.connect(children);
  return {
    node,
    keySerde: source.keySerde,
    valueSerde: source.valueSerde,
    timestampExtractor: source.timestampExtractor,
  };
}
