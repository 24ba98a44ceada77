import type { FlowRecord } from './flow-record.ts';
import type { NodeRuntime } from './runtime.ts';

/** A running operator: one per node and task. */
export abstract class FlowNode {
  readonly name: string;
  protected readonly runtime: NodeRuntime;
  protected children: readonly FlowNode[] = [];
  /** The child, where there is one and no more. */
  onlyChild: FlowNode | undefined = undefined;

  constructor(name: string, runtime: NodeRuntime) {
    this.name = name;
    this.runtime = runtime;
  }

  /** Wiring, once. */
  connect(children: readonly FlowNode[]): void {
    this.children = children;
    this.onlyChild = children.length === 1 ? children[0] : undefined;
  }

  /** Before the first record, when all nodes are connected and all stores are restored. */
  init(): void {}

  /** When the task is closed. */
  close(): void {}

  /**
   * Processes one record and all that follows from it, depth first. What `run` throws is reported under this node's
   * name; errors of nodes further down were reported there already and never arrive here.
   */
  process(record: FlowRecord): void {
    try {
      this.run(record);
    } catch (error) {
      this.runtime.processingFailed(error, this.name);
    }
  }

  protected abstract run(record: FlowRecord): void;

  protected forward(record: FlowRecord): void {
    const { onlyChild } = this;
    if (onlyChild !== undefined) {
      onlyChild.process(record);
      return;
    }
    const { children } = this;
    for (let at = 0; at < children.length; at++) children[at]!.process(record);
  }
}
