import type { KeyValueTable } from '../state/key-value-table.ts';
import { FlowNode } from './flow-node.ts';
import { Field, FlowRecord } from './flow-record.ts';
import type { NodeRuntime } from './runtime.ts';
import { TableOutput } from './table-output.ts';

/** A table computed row by row from another one, materialised or not: filter and mapValues. */
export abstract class DerivedTableNode extends FlowNode {
  private readonly sendOldValues: boolean;
  private readonly table: KeyValueTable<unknown, unknown> | undefined;
  private readonly output: TableOutput | undefined;
  private readonly value = new Field(false);
  private readonly old = new Field(false);
  private readonly out = new FlowRecord(new Field(true), this.value);

  constructor(name: string, runtime: NodeRuntime, store: string | undefined, sendOldValues: boolean) {
    super(name, runtime);
    this.sendOldValues = sendOldValues;
    if (sendOldValues) this.out.oldField = this.old;
    if (store === undefined) return;
    this.table = runtime.keyValueTable(store);
    this.output = new TableOutput(name, runtime, this.table, sendOldValues, (record) => this.forward(record));
  }

  /** The derived row; never called for tombstones, which stay tombstones. */
  protected abstract derive(keyField: Field, valueField: Field): unknown;
  /** A filter between two rows that are both rejected has nothing to say. */
  protected readonly skipsNothing: boolean = false;

  protected run(record: FlowRecord): void {
    const value = this.deriveOrNull(record.keyField, record.valueField);
    if (this.table !== undefined && this.output !== undefined) {
      this.store(this.table, this.output, record, value);
      return;
    }
    if (this.sendOldValues) {
      const old = this.deriveOrNull(record.keyField, record.oldField);
      if (this.skipsNothing && old === null && value === null) return;
      this.old.set(old);
    }
    this.value.set(value);
    this.out.keyField = record.keyField;
    this.out.inherit(record);
    this.forward(this.out);
  }

  private store(table: KeyValueTable<unknown, unknown>, output: TableOutput, record: FlowRecord, value: unknown): void {
    const entry = table.getEntry(record.key);
    if (this.skipsNothing && this.sendOldValues && value === null && entry.value === null) return;
    output.rememberOld(entry);
    table.write(entry, value === null ? null : table.copyIn(value), record.timestamp);
    output.forwardWritten(record, record.keyField, entry, record.timestamp);
  }

  private deriveOrNull(keyField: Field, valueField: Field): unknown {
    return valueField.isNull() ? null : (this.derive(keyField, valueField) ?? null);
  }
}
