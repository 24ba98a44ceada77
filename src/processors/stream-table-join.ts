import type { Entry } from '../state/entry.ts';
import type { KeyValueTable } from '../state/key-value-table.ts';
import type { TableViewStep } from '../topology/operators.ts';
import { FlowNode } from './flow-node.ts';
import { Field, FlowRecord } from './flow-record.ts';
import { rowByBytes } from './row-lookup.ts';
import type { NodeRuntime } from './runtime.ts';

/** A row of a table as a joiner may see it: a copy, taken through the steps of a table that is only a view. */
export function lookUp(
  table: KeyValueTable<unknown, unknown>,
  entry: Entry<unknown, unknown> | undefined,
  key: unknown,
  view: readonly TableViewStep[],
): unknown {
  let value: unknown = entry === undefined ? null : table.readCopy(entry);
  for (let at = 0; at < view.length; at++) {
    const step = view[at]!;
    if (value === null) return null;
    if (step.type === 'mapValues') value = step.mapper(value, key) ?? null;
    else if (Boolean(step.predicate(key, value)) === step.not) return null;
  }
  return value;
}

/**
 * Stream-table join, inner and left (Kafka Streams' KStreamKTableJoinProcessor): only the stream side triggers, the result
 * has the stream record's timestamp. Null values are dropped; null keys too, except in a left join.
 */
export class StreamTableJoinNode extends FlowNode {
  private readonly left: boolean;
  private readonly joiner: (value: unknown, tableValue: unknown, key: unknown) => unknown;
  private readonly table: KeyValueTable<unknown, unknown>;
  private readonly view: readonly TableViewStep[];
  private readonly value = new Field(false);
  private readonly out = new FlowRecord(new Field(true), this.value);

  constructor(
    name: string,
    runtime: NodeRuntime,
    left: boolean,
    joiner: (value: unknown, tableValue: unknown, key: unknown) => unknown,
    store: string,
    view: readonly TableViewStep[],
  ) {
    super(name, runtime);
    this.left = left;
    this.joiner = joiner;
    this.table = runtime.keyValueTable(store);
    this.view = view;
  }

  protected run(record: FlowRecord): void {
    if (record.valueField.isNull()) {
      this.runtime.recordDropped('null-value', this.name);
      return;
    }
    const noKey = record.keyField.isNull();
    if (noKey && !this.left) {
      this.runtime.recordDropped('null-key', this.name);
      return;
    }
    const row = noKey ? null : this.rowOf(record);
    if (row === null && !this.left) return;
    this.value.set(this.joiner(record.value, row, record.key));
    this.out.keyField = record.keyField;
    this.out.inherit(record);
    this.forward(this.out);
  }

  private rowOf({ keyField }: FlowRecord): unknown {
    const { table } = this;
    const known = rowByBytes(table, keyField);
    const key = keyField.get();
    const entry = known ?? table.findEntry(key);
    if (known === undefined && entry !== undefined) table.rememberBytes(entry);
    return lookUp(table, entry, key, this.view);
  }
}
