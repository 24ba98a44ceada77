import type { Clock, PartitionLogApi, ReadResult } from '../seams.ts';
import type { Connection } from '../server/connection.ts';

/** A partition that a fetch waits for: it has read up to what `result` says was the end. */
export interface WaitingPartition {
  readonly log: PartitionLogApi | undefined;
  readonly result: ReadResult | undefined;
}

/**
 * Waits until one of the partitions can be read beyond what was its end, for at most `waitMs`. Resolves with those that
 * can; with none after the time, and at once when the client is gone.
 */
export function waitForMore<P extends WaitingPartition>(
  clock: Clock,
  connection: Connection,
  partitions: readonly P[],
  readCommitted: boolean,
  waitMs: number,
): Promise<readonly P[]> {
  return new Promise((resolve) => {
    const woken: P[] = [];
    const cancellers: (() => void)[] = [];
    let scheduled = false;
    const finish = (): void => {
      for (const cancel of cancellers) cancel();
      resolve(woken);
    };
    const wake = (partition: P): void => {
      woken.push(partition);
      if (scheduled) return;
      scheduled = true;
      // Other partitions of the same produce request are woken in this turn too: one response can have them all.
      queueMicrotask(finish);
    };
    cancellers.push(clock.after(waitMs, finish), connection.onClose(finish));
    for (const partition of partitions) {
      const { log, result } = partition;
      if (log === undefined || result === undefined) continue;
      const end = readCommitted ? result.lastStableOffset : result.highWatermark;
      cancellers.push(log.onReadable(end, readCommitted, () => wake(partition)));
    }
    if (connection.closed) finish();
  });
}
