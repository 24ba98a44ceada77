import { MillraceError } from '../errors.ts';
import { FlowNode } from './flow-node.ts';
import { Field, FlowRecord } from './flow-record.ts';
import { withKeyValue } from './parameters.ts';
import type { NodeRuntime } from './runtime.ts';

/** A `[key, value]` pair, or an error that says what came instead. */
export function checkPair(pair: unknown, what: string): readonly [unknown, unknown] {
  if (Array.isArray(pair)) return pair as [unknown, unknown];
  throw new MillraceError(
    'PROCESSING_FAILED',
    `The function given to ${what} must return a [key, value] pair; it returned ${typeName(pair)}.`,
  );
}

function typeName(value: unknown): string {
  return value === null ? 'null' : typeof value;
}

/** map: a new key and value; timestamp and headers stay. */
export class MapNode extends FlowNode {
  private readonly mapper: (record: FlowRecord) => readonly [unknown, unknown];
  private readonly key = new Field(true);
  private readonly value = new Field(false);
  private readonly out = new FlowRecord(this.key, this.value);

  constructor(name: string, runtime: NodeRuntime, mapper: (key: unknown, value: unknown) => readonly [unknown, unknown]) {
    super(name, runtime);
    this.mapper = withKeyValue(mapper);
  }

  protected run(record: FlowRecord): void {
    const pair = checkPair(this.mapper(record), 'map');
    this.key.set(pair[0]);
    this.value.set(pair[1]);
    this.out.inherit(record);
    this.forward(this.out);
  }
}
