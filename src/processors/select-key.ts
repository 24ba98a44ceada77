import { FlowNode } from './flow-node.ts';
import { Field, FlowRecord } from './flow-record.ts';
import { withKeyValue } from './parameters.ts';
import type { NodeRuntime } from './runtime.ts';

/** selectKey (and the first half of groupBy): a new key; the value goes on as it came. */
export class SelectKeyNode extends FlowNode {
  private readonly selector: (record: FlowRecord) => unknown;
  private readonly key = new Field(true);
  private readonly out = new FlowRecord(this.key, new Field(false));

  constructor(name: string, runtime: NodeRuntime, selector: (key: unknown, value: unknown) => unknown) {
    super(name, runtime);
    this.selector = withKeyValue(selector);
  }

  protected run(record: FlowRecord): void {
    this.key.set(this.selector(record));
    this.out.valueField = record.valueField;
    this.out.inherit(record);
    this.forward(this.out);
  }
}
