import { DerivedTableNode } from './derived-table.ts';
import type { Field } from './flow-record.ts';
import { readParameters } from './parameters.ts';
import type { NodeRuntime } from './runtime.ts';

/** KTable.filter and filterNot: a row that fails the predicate becomes a tombstone. */
export class TableFilterNode extends DerivedTableNode {
  private readonly predicate: (key: unknown, value: unknown) => boolean;
  private readonly not: boolean;
  private readonly readsValue: boolean;
  protected override readonly skipsNothing = true;

  constructor(
    name: string,
    runtime: NodeRuntime,
    predicate: (key: unknown, value: unknown) => boolean,
    not: boolean,
    store: string | undefined,
    sendOldValues: boolean,
  ) {
    super(name, runtime, store, sendOldValues);
    this.predicate = predicate;
    this.not = not;
    this.readsValue = readParameters(predicate) === 'both';
  }

  protected derive(keyField: Field, valueField: Field): unknown {
    const accepted = Boolean(this.predicate(keyField.get(), this.readsValue ? valueField.get() : undefined));
    return accepted === this.not ? null : valueField.get();
  }
}
