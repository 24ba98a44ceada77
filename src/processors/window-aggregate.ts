import { windowed } from '../serde/windowed.ts';
import type { WindowTable } from '../state/window-table.ts';
import type { TimeWindowsSpec } from '../topology/operators.ts';
import { type AggregationSpec, type AggregationStep, aggregationStep, initialAggregate } from './aggregation.ts';
import { FlowNode } from './flow-node.ts';
import { Field, type FlowRecord } from './flow-record.ts';
import { windowRowByBytes } from './row-lookup.ts';
import type { NodeRuntime } from './runtime.ts';
import { TableOutput } from './table-output.ts';

/**
 * count, reduce and aggregate in tumbling and hopping windows (Kafka Streams' KStreamWindowAggregate). Only a null key is
 * dropped; null values reach the aggregator. A record is late for a window that ended at or before this operator's own
 * stream time minus the grace; of a hopping record's windows some may be late and others not.
 */
export class WindowAggregateNode extends FlowNode {
  private readonly windows: TimeWindowsSpec;
  private readonly table: WindowTable<unknown, unknown>;
  private readonly step: AggregationStep;
  private readonly initial: (() => unknown) | undefined;
  private readonly output: TableOutput;
  private readonly key = new Field(true);
  /** Highest timestamp this operator has seen; starts anew with the task, as in Kafka Streams. */
  private observedTimeMs = -1;

  constructor(
    name: string,
    runtime: NodeRuntime,
    spec: AggregationSpec & { readonly store: string; readonly windows: TimeWindowsSpec },
    sendOldValues: boolean,
  ) {
    super(name, runtime);
    const table = runtime.windowTable(spec.store);
    const { sizeMs } = spec.windows;
    this.windows = spec.windows;
    this.table = table;
    this.step = aggregationStep(spec, table, runtime.mayContinue);
    this.initial = initialAggregate(spec);
    this.output = new TableOutput(
      name,
      runtime,
      table,
      sendOldValues,
      (record) => this.forward(record),
      (update) => windowed(table.copyKey(update.key), update.windowStartMs, update.windowStartMs + sizeMs),
    );
  }

  protected run(record: FlowRecord): void {
    if (record.keyField.isNull()) {
      this.runtime.recordDropped('null-key', this.name);
      return;
    }
    const { sizeMs, advanceMs, graceMs } = this.windows;
    const timestamp = record.timestamp;
    if (timestamp > this.observedTimeMs) this.observedTimeMs = timestamp;
    const closedAtMs = this.observedTimeMs - graceMs;
    const earliest = Math.max(0, timestamp - sizeMs + advanceMs);
    for (let startMs = earliest - (earliest % advanceMs); startMs <= timestamp; startMs += advanceMs) {
      if (startMs + sizeMs > closedAtMs) this.update(record, startMs);
      else this.runtime.recordDropped('late', this.name);
    }
  }

  private update(record: FlowRecord, startMs: number): void {
    const { table } = this;
    const known = windowRowByBytes(table, record.keyField, startMs);
    const entry = known ?? table.getEntry(record.key, startMs);
    const timestampMs = entry.value === null ? record.timestamp : Math.max(record.timestamp, entry.timestampMs);
    this.output.rememberOld(entry, this.initial);
    const aggregate = this.step(record, entry) ?? null;
    table.write(entry, aggregate, aggregate === null ? record.timestamp : timestampMs);
    if (known === undefined) table.rememberBytes(entry);
    if (table.cached) return;
    this.key.set(windowed(record.key, startMs, startMs + this.windows.sizeMs));
    this.output.forwardWritten(record, this.key, entry, timestampMs);
  }
}
