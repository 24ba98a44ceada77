import { FlowNode } from './flow-node.ts';
import type { FlowRecord } from './flow-record.ts';
import { withKeyValue } from './parameters.ts';
import type { NodeRuntime } from './runtime.ts';

/** filter and filterNot: the record itself goes on or not; null keys and values reach the predicate. */
export class FilterNode extends FlowNode {
  private readonly test: (record: FlowRecord) => boolean;
  private readonly not: boolean;

  constructor(name: string, runtime: NodeRuntime, predicate: (key: unknown, value: unknown) => boolean, not: boolean) {
    super(name, runtime);
    this.test = withKeyValue(predicate);
    this.not = not;
  }

  protected run(record: FlowRecord): void {
    // Truthiness, not identity: predicates like `(k, v) => v.count` are common in JavaScript.
    if (Boolean(this.test(record)) !== this.not) this.forward(record);
  }
}
