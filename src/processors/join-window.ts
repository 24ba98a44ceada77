import type { Serde } from '../serde/serde.ts';
import { rangeToLatin1 } from '../state/byte-codec.ts';
import type { JoinWindowTable } from '../state/join/join-window-table.ts';
import { FlowNode } from './flow-node.ts';
import type { Field, FlowRecord } from './flow-record.ts';
import type { NodeRuntime } from './runtime.ts';

/**
 * Comes before each side of a stream-stream join (Kafka Streams' KStreamJoinWindow): a record is joined first and kept for
 * the other side afterwards, so that a stream joined with itself meets each record once. Records that the store has no
 * time for any more are counted as late.
 */
export class JoinWindowNode extends FlowNode {
  private readonly table: JoinWindowTable<unknown, unknown>;

  constructor(name: string, runtime: NodeRuntime, store: string) {
    super(name, runtime);
    this.table = runtime.joinWindowTable(store);
  }

  protected run(record: FlowRecord): void {
    this.forward(record);
    if (record.keyField.isNull()) return;
    const { table } = this;
    const { valueField, timestamp } = record;
    const kept = valueField.isNull()
      ? table.putNothing(timestamp)
      : table.put(record.key, timestamp, record.value, table.keepsBytes ? rawText(valueField, table.valueSerde) : null);
    if (!kept) this.runtime.recordDropped('late', this.name);
  }
}

/** The field's bytes as a latin1 string, if `serde` wrote them; null: they have to be made. */
export function rawText(field: Field, serde: Serde<unknown>): string | null {
  return field.serde === serde ? rangeToLatin1(field.bytes, field.start, field.start + field.length) : null;
}
