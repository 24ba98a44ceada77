import { FlowNode } from './flow-node.ts';
import { Field, FlowRecord } from './flow-record.ts';
import { withValueKey } from './parameters.ts';
import type { NodeRuntime } from './runtime.ts';

/** mapValues: called for null values too; the key goes on as it came, undecoded if nobody read it. */
export class MapValuesNode extends FlowNode {
  private readonly mapper: (record: FlowRecord) => unknown;
  private readonly value = new Field(false);
  private readonly out = new FlowRecord(new Field(true), this.value);

  constructor(name: string, runtime: NodeRuntime, mapper: (value: unknown, key: unknown) => unknown) {
    super(name, runtime);
    this.mapper = withValueKey(mapper);
  }

  protected run(record: FlowRecord): void {
    this.value.set(this.mapper(record));
    this.out.keyField = record.keyField;
    this.out.inherit(record);
    this.forward(this.out);
  }
}
