import { FlowNode } from './flow-node.ts';
import type { FlowRecord } from './flow-record.ts';
import { withKeyValue } from './parameters.ts';
import type { NodeRuntime } from './runtime.ts';

/** split: the first predicate that matches wins; without a match and a default branch the record goes nowhere. */
export class BranchNode extends FlowNode {
  private readonly tests: readonly ((record: FlowRecord) => boolean)[];
  private readonly hasDefault: boolean;

  constructor(name: string, runtime: NodeRuntime, predicates: readonly ((key: unknown, value: unknown) => boolean)[], hasDefault: boolean) {
    super(name, runtime);
    this.tests = predicates.map((predicate) => withKeyValue(predicate));
    this.hasDefault = hasDefault;
  }

  protected run(record: FlowRecord): void {
    const tests = this.tests;
    for (let at = 0; at < tests.length; at++) {
      if (tests[at]!(record)) {
        this.children[at]!.process(record);
        return;
      }
    }
    if (this.hasDefault) this.children[tests.length]!.process(record);
  }
}
