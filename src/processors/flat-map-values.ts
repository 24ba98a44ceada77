import { FlowNode } from './flow-node.ts';
import { Field, FlowRecord } from './flow-record.ts';
import { withValueKey } from './parameters.ts';
import type { NodeRuntime } from './runtime.ts';

/** flatMapValues: unknown number of new values under the same key. */
export class FlatMapValuesNode extends FlowNode {
  private readonly mapper: (record: FlowRecord) => Iterable<unknown>;
  private readonly value = new Field(false);
  private readonly out = new FlowRecord(new Field(true), this.value);

  constructor(name: string, runtime: NodeRuntime, mapper: (value: unknown, key: unknown) => Iterable<unknown>) {
    super(name, runtime);
    this.mapper = withValueKey(mapper);
  }

  protected run(record: FlowRecord): void {
    for (const value of this.mapper(record)) {
      this.value.set(value);
      this.out.keyField = record.keyField;
      this.out.inherit(record);
      this.forward(this.out);
    }
  }
}
