import { MillraceError } from '../errors.ts';
import type { TaskInput } from '../shard/messages.ts';
import type { InputQueue } from './input-queue.ts';

/**
 * Chooses the next record among a task's partitions: the smallest timestamp, as far as all partitions have one or are
 * known to have none. Kafka Streams' PartitionGroup, KIP-695.
 */
export class InputGroup {
  readonly queues: readonly InputQueue[];
  /** Highest timestamp of all records taken; -1 before the first. */
  streamTimeMs = -1;
  /** Records are there, but an empty partition is waited for until then; undefined when nothing waits for a clock. */
  waitUntilMs: number | undefined = undefined;
  /** Times that an empty partition was not waited for any longer (`max.task.idle.ms`). */
  enforced = 0;
  private readonly maxTaskIdleMs: number;
  private readonly only: InputQueue | undefined;

  constructor(queues: readonly InputQueue[], maxTaskIdleMs: number) {
    this.queues = queues;
    this.maxTaskIdleMs = maxTaskIdleMs;
    this.only = queues.length === 1 ? queues[0] : undefined;
  }

  /** @throws INTERNAL for a partition that is none of this task's. */
  queue(topic: string, partition: number): InputQueue {
    const found = this.queues.find((queue) => queue.topic === topic && queue.partition === partition);
    if (found === undefined)
      throw new MillraceError('INTERNAL', `${topic}-${partition} is not an input of this task.`, { context: { topic, partition } });
    return found;
  }

  restart(inputs: readonly TaskInput[]): void {
    for (const input of inputs) this.queue(input.topic, input.partition).restart(input);
    this.streamTimeMs = Math.max(-1, ...this.queues.map((queue) => queue.partitionTimeMs));
    this.waitUntilMs = undefined;
  }

  clear(): void {
    for (const queue of this.queues) queue.clear();
    this.waitUntilMs = undefined;
  }

  /** The partition whose head is next; undefined when there is none or another one must be waited for. */
  choose(nowMs: number): InputQueue | undefined {
    const { only } = this;
    if (only !== undefined) return only.hasHead || only.loadHead() ? only : undefined;
    let best: InputQueue | undefined;
    let someEmpty = false;
    for (let at = 0; at < this.queues.length; at++) {
      const queue = this.queues[at]!;
      if (!queue.hasHead && !queue.loadHead()) someEmpty = true;
      else if (best === undefined || queue.record.timestamp < best.record.timestamp) best = queue;
    }
    this.waitUntilMs = undefined;
    if (!someEmpty || this.maxTaskIdleMs === -1) return best;
    return this.mayGoOn(nowMs, best !== undefined) ? best : undefined;
  }

  private mayGoOn(nowMs: number, waiting: boolean): boolean {
    let deadlineMs = 0;
    for (const queue of this.queues) {
      if (queue.hasHead) {
        queue.idleDeadlineMs = -1;
        continue;
      }
      if (!queue.isCaughtUp) {
        queue.idleDeadlineMs = -1;
        return false; // the broker has more, or nobody knows yet
      }
      if (queue.idleDeadlineMs === -1) queue.idleDeadlineMs = nowMs + this.maxTaskIdleMs;
      deadlineMs = Math.max(deadlineMs, queue.idleDeadlineMs);
    }
    if (nowMs < deadlineMs) {
      if (waiting) this.waitUntilMs = deadlineMs;
      return false;
    }
    if (waiting) this.enforced++;
    return true;
  }
}
