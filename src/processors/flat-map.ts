import { FlowNode } from './flow-node.ts';
import { Field, FlowRecord } from './flow-record.ts';
import { checkPair } from './pair.ts';
import { withKeyValue } from './parameters.ts';
import type { NodeRuntime } from './runtime.ts';

/** flatMap: unknown number of new records, all with the timestamp and headers of the one that came. */
export class FlatMapNode extends FlowNode {
  private readonly mapper: (record: FlowRecord) => Iterable<readonly [unknown, unknown]>;
  private readonly key = new Field(true);
  private readonly value = new Field(false);
  private readonly out = new FlowRecord(this.key, this.value);

  constructor(name: string, runtime: NodeRuntime, mapper: (key: unknown, value: unknown) => Iterable<readonly [unknown, unknown]>) {
    super(name, runtime);
    this.mapper = withKeyValue(mapper);
  }

  protected run(record: FlowRecord): void {
    // A mapper that returns nothing iterable throws here, as a null iterable does in Kafka Streams.
    for (const item of this.mapper(record)) {
      const pair = checkPair(item, 'flatMap (for each element)');
      this.key.set(pair[0]);
      this.value.set(pair[1]);
      this.out.inherit(record);
      this.forward(this.out);
    }
  }
}
