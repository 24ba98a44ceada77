import { DerivedTableNode } from './derived-table.ts';
import type { Field } from './flow-record.ts';
import { readParameters } from './parameters.ts';
import type { NodeRuntime } from './runtime.ts';

/** KTable.mapValues: never called for tombstones. */
export class TableMapValuesNode extends DerivedTableNode {
  private readonly mapper: (value: unknown, key: unknown) => unknown;
  private readonly readsKey: boolean;

  constructor(
    name: string,
    runtime: NodeRuntime,
    mapper: (value: unknown, key: unknown) => unknown,
    store: string | undefined,
    sendOldValues: boolean,
  ) {
    super(name, runtime, store, sendOldValues);
    this.mapper = mapper;
    this.readsKey = readParameters(mapper) === 'both';
  }

  protected derive(keyField: Field, valueField: Field): unknown {
    return this.mapper(valueField.get(), this.readsKey ? keyField.get() : undefined);
  }
}
