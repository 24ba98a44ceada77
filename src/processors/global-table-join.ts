import type { KeyValueTable } from '../state/key-value-table.ts';
import { FlowNode } from './flow-node.ts';
import { Field, FlowRecord } from './flow-record.ts';
import { withKeyValue } from './parameters.ts';
import type { NodeRuntime } from './runtime.ts';
import { lookUp } from './stream-table-join.ts';

/**
 * Stream-GlobalKTable join, inner and left: the selector names the table's key. A null mapped key is dropped by the inner
 * join and joined with null by the left one; null values are dropped by both, before the selector sees them.
 */
export class GlobalTableJoinNode extends FlowNode {
  private readonly left: boolean;
  private readonly selector: (record: FlowRecord) => unknown;
  private readonly joiner: (value: unknown, tableValue: unknown, key: unknown) => unknown;
  private readonly table: KeyValueTable<unknown, unknown>;
  private readonly value = new Field(false);
  private readonly out = new FlowRecord(new Field(true), this.value);

  constructor(
    name: string,
    runtime: NodeRuntime,
    left: boolean,
    keySelector: (key: unknown, value: unknown) => unknown,
    joiner: (value: unknown, tableValue: unknown, key: unknown) => unknown,
    store: string,
  ) {
    super(name, runtime);
    this.left = left;
    this.selector = withKeyValue(keySelector);
    this.joiner = joiner;
    this.table = runtime.keyValueTable(store);
  }

  protected run(record: FlowRecord): void {
    if (record.valueField.isNull()) {
      this.runtime.recordDropped('null-value', this.name);
      return;
    }
    const mapped = this.selector(record) ?? null;
    if (mapped === null && !this.left) {
      this.runtime.recordDropped('null-key', this.name);
      return;
    }
    const row = mapped === null ? null : lookUp(this.table, this.table.findEntry(mapped), mapped, []);
    if (row === null && !this.left) return;
    this.value.set(this.joiner(record.value, row, record.key));
    this.out.keyField = record.keyField;
    this.out.inherit(record);
    this.forward(this.out);
  }
}
