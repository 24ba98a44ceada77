import type { KeyValueTable } from '../state/key-value-table.ts';
import { FlowNode } from './flow-node.ts';
import type { FlowRecord } from './flow-record.ts';
import { rowByBytes } from './row-lookup.ts';
import type { NodeRuntime } from './runtime.ts';
import { TableOutput } from './table-output.ts';

/** Turns a stream of rows into a table (Kafka Streams' KTableSource): null key dropped, null value deletes. */
export class TableSourceNode extends FlowNode {
  private readonly table: KeyValueTable<unknown, unknown> | undefined;
  private readonly output: TableOutput | undefined;

  constructor(name: string, runtime: NodeRuntime, store: string | undefined, sendOldValues: boolean) {
    super(name, runtime);
    if (store === undefined) return;
    this.table = runtime.keyValueTable(store);
    this.output = new TableOutput(name, runtime, this.table, sendOldValues, (record) => this.forward(record));
  }

  protected run(record: FlowRecord): void {
    if (record.keyField.isNull()) {
      this.runtime.recordDropped('null-key', this.name);
      return;
    }
    const { table, output } = this;
    if (table === undefined || output === undefined) {
      this.forward(record);
      return;
    }
    const known = rowByBytes(table, record.keyField);
    const entry = known ?? table.getEntry(record.key);
    const value = record.value;
    output.rememberOld(entry);
    // Later in offset order wins, also when its timestamp is older. A copy, because siblings see the same object.
    table.write(entry, value === null ? null : table.copyIn(value), record.timestamp);
    if (known === undefined) table.rememberBytes(entry);
    output.forwardWritten(record, record.keyField, entry, record.timestamp);
  }
}
