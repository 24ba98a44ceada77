import { FlowNode } from './flow-node.ts';
import type { FlowRecord } from './flow-record.ts';
import { withKeyValue } from './parameters.ts';
import type { NodeRuntime } from './runtime.ts';

/** peek and foreach: a side effect; foreach simply has no children. */
export class PeekNode extends FlowNode {
  private readonly action: (record: FlowRecord) => void;

  constructor(name: string, runtime: NodeRuntime, action: (key: unknown, value: unknown) => void) {
    super(name, runtime);
    this.action = withKeyValue(action);
  }

  protected run(record: FlowRecord): void {
    this.action(record);
    this.forward(record);
  }
}
