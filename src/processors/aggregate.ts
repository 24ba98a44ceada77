import type { KeyValueTable } from '../state/key-value-table.ts';
import { type AggregationSpec, type AggregationStep, aggregationStep, initialAggregate } from './aggregation.ts';
import { FlowNode } from './flow-node.ts';
import type { FlowRecord } from './flow-record.ts';
import { rowByBytes } from './row-lookup.ts';
import type { NodeRuntime } from './runtime.ts';
import { TableOutput } from './table-output.ts';

/**
 * count, reduce and aggregate without windows (Kafka Streams' KStreamAggregate and KStreamReduce). Records with a null key
 * or value are dropped; the result's timestamp is the highest of those that went into it. Of a deletion it is that only where
 * it is forwarded uncached: out of a cache and in the changelog it is the deleting record's, as in Kafka Streams.
 */
export class AggregateNode extends FlowNode {
  private readonly table: KeyValueTable<unknown, unknown>;
  private readonly step: AggregationStep;
  private readonly initial: (() => unknown) | undefined;
  private readonly output: TableOutput;

  constructor(name: string, runtime: NodeRuntime, spec: AggregationSpec, store: string, sendOldValues: boolean) {
    super(name, runtime);
    this.table = runtime.keyValueTable(store);
    this.step = aggregationStep(spec, this.table, runtime.mayContinue);
    this.initial = initialAggregate(spec);
    this.output = new TableOutput(name, runtime, this.table, sendOldValues, (record) => this.forward(record));
  }

  protected run(record: FlowRecord): void {
    if (record.keyField.isNull()) {
      this.runtime.recordDropped('null-key', this.name);
      return;
    }
    if (record.valueField.isNull()) {
      this.runtime.recordDropped('null-value', this.name);
      return;
    }
    const { table } = this;
    const known = rowByBytes(table, record.keyField);
    const entry = known ?? table.getEntry(record.key);
    // undefined is a restored value that nobody has read yet.
    const timestampMs = entry.value === null ? record.timestamp : Math.max(record.timestamp, entry.timestampMs);
    this.output.rememberOld(entry, this.initial);
    const aggregate = this.step(record, entry) ?? null;
    table.write(entry, aggregate, aggregate === null ? record.timestamp : timestampMs);
    if (known === undefined) table.rememberBytes(entry);
    this.output.forwardWritten(record, record.keyField, entry, timestampMs);
  }
}
