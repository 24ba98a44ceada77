import type { Clock } from '../seams.ts';
import type { Connection } from '../server/connection.ts';
import type { FetchedPartition } from './fetch-partition.ts';

export interface Waiting {
  readonly clock: Clock;
  readonly connection: Connection;
  readonly readCommitted: boolean;
  /** For how long at most, in milliseconds. */
  readonly waitMs: number;
  /** Bytes of records that must have come in, in all partitions together. */
  readonly missingBytes: number;
}

/**
 * Waits until there is enough to read beyond what was the end of the partitions, or one of them is not what it was:
 * deleted, or led by another node. Resolves with those that have changed; with none after the time, and at once when the
 * client is gone.
 */
export function waitForMore(partitions: readonly FetchedPartition[], waiting: Waiting): Promise<readonly FetchedPartition[]> {
  return new Promise((resolve) => new Wait(partitions, waiting, resolve));
}

class Wait {
  readonly #waiting: Waiting;
  readonly #resolve: (woken: readonly FetchedPartition[]) => void;
  readonly #woken = new Set<FetchedPartition>();
  /** One for each partition, then those of the clock and the connection. */
  readonly #cancellers: (() => void)[] = [];
  #scheduled = false;
  #done = false;

  constructor(partitions: readonly FetchedPartition[], waiting: Waiting, resolve: (woken: readonly FetchedPartition[]) => void) {
    this.#waiting = waiting;
    this.#resolve = resolve;
    for (const [index, partition] of partitions.entries()) this.#listen(index, partition, endOf(partition, waiting.readCommitted));
    const giveUp = (): void => {
      this.#woken.clear();
      this.#finish();
    };
    this.#cancellers.push(waiting.clock.after(waiting.waitMs, giveUp), waiting.connection.onClose(giveUp));
    if (waiting.connection.closed) giveUp();
  }

  #listen(index: number, partition: FetchedPartition, end: number): void {
    const { log } = partition;
    const epoch = log?.leaderEpoch;
    this.#cancellers[index] =
      log?.onReadable(end, this.#waiting.readCommitted, () =>
        this.#readable(index, partition, log.leaderEpoch !== epoch || log.isClosed),
      ) ?? (() => undefined);
  }

  #readable(index: number, partition: FetchedPartition, changed: boolean): void {
    this.#woken.add(partition);
    if (changed || this.#newBytes() >= this.#waiting.missingBytes) {
      if (this.#scheduled) return;
      this.#scheduled = true;
      // Other partitions of the same produce request are woken in this turn too: one response can have them all.
      queueMicrotask(() => this.#finish());
      return;
    }
    const { log } = partition;
    const end = (this.#waiting.readCommitted ? log?.lastStableOffset : log?.highWatermark) ?? 0;
    this.#listen(index, partition, end);
  }

  /** Appended to the partitions that were woken; not all of it may be readable yet. */
  #newBytes(): number {
    let bytes = 0;
    for (const { log, appendedBytes } of this.#woken) bytes += (log?.appendedBytes ?? 0) - appendedBytes;
    return bytes;
  }

  #finish(): void {
    if (this.#done) return;
    this.#done = true;
    for (const cancel of this.#cancellers) cancel();
    this.#resolve([...this.#woken]);
  }
}

/** Up to where the partition was readable when it was read. */
function endOf({ result }: FetchedPartition, readCommitted: boolean): number {
  return (readCommitted ? result?.lastStableOffset : result?.highWatermark) ?? 0;
}
