import { FlowNode } from './flow-node.ts';
import type { FlowRecord } from './flow-record.ts';

/** merge, the children of split, and KTable.toStream: the record goes on as it is. */
export class PassThroughNode extends FlowNode {
  protected run(record: FlowRecord): void {
    this.forward(record);
  }
}
