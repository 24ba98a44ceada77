import { MillraceError } from '../errors.ts';
import type { ToShard } from '../shard/messages.ts';
import { resolveTopic } from '../topology/internal-topics.ts';
import type { Plan } from '../topology/nodes.ts';
import type { FetchedBatch, PartitionReader, TopicPartition, TopicPartitionOffset, Transport } from '../transport/transport.ts';

export interface GlobalTablesHooks {
  readonly post: (shard: number, message: ToShard, transfer: ArrayBuffer[]) => void;
  readonly onError: (error: Error) => void;
}

const POLL_MS = 100;

/**
 * Feeds global tables: every shard gets every partition of their topics. A shard is bootstrapped by a reader of its own
 * up to the end of the topics at that time, and only then joins those that the common reader keeps up to date, so no
 * shard ever sees an older row after a newer one.
 */
export class GlobalTables {
  readonly #transport: Transport;
  readonly #hooks: GlobalTablesHooks;
  readonly #storeOf = new Map<string, string>();
  readonly #partitions: TopicPartition[];
  readonly #live = new Set<number>();
  /** Batches for shards whose bootstrap is under way. */
  readonly #waiting = new Map<number, FetchedBatch[]>();
  #tail: PartitionReader | undefined;
  #loop: Promise<void> | undefined;
  #closed = false;

  constructor(transport: Transport, plan: Plan, applicationId: string, partitionCounts: ReadonlyMap<string, number>, hooks: GlobalTablesHooks) {
    this.#transport = transport;
    this.#hooks = hooks;
    this.#partitions = [];
    for (const { source, store } of plan.globalStores) {
      for (const topicRef of source.topics) {
        const topic = resolveTopic(topicRef, applicationId);
        this.#storeOf.set(topic, store.name);
        for (let partition = 0; partition < (partitionCounts.get(topic) ?? 0); partition++) this.#partitions.push({ topic, partition });
      }
    }
  }

  /** Brings these shards up to date; resolves when they hold what the topics held at the time of the call. */
  async bootstrap(shards: readonly number[]): Promise<void> {
    if (this.#partitions.length === 0 || shards.length === 0) return;
    for (const shard of shards) this.#waiting.set(shard, []);
    const starts = await this.#transport.admin.listOffsets(this.#partitions, 'earliest');
    const ends = await this.#transport.admin.listOffsets(this.#partitions, 'latest');
    await this.#startTail(ends);
    await this.#copy(starts, ends, shards);
    for (const shard of shards) {
      // The tail may have been behind the copy: what the shard has already must not overwrite newer rows.
      for (const batch of this.#waiting.get(shard) ?? []) {
        if (batch.nextOffset > offsetIn(ends, batch)) this.#send(batch, [shard]);
      }
      this.#waiting.delete(shard);
      this.#live.add(shard);
    }
  }

  /** A shard is gone. */
  remove(shard: number): void {
    this.#live.delete(shard);
    this.#waiting.delete(shard);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#loop;
    await this.#tail?.close();
  }

  async #copy(starts: readonly TopicPartitionOffset[], ends: readonly TopicPartitionOffset[], shards: readonly number[]): Promise<void> {
    const unfinished = ends.filter((end) => offsetIn(starts, end) < end.offset);
    if (unfinished.length === 0) return;
    const reader = await this.#transport.openReader('global-bootstrap');
    try {
      await reader.assign(unfinished.map((end) => ({ topic: end.topic, partition: end.partition, offset: offsetIn(starts, end) })));
      while (!this.#closed && unfinished.some((end) => reader.position(end) < end.offset)) {
        for (const batch of await reader.poll(POLL_MS)) this.#send(batch, shards);
      }
    } finally {
      await reader.close();
    }
  }

  async #startTail(from: readonly TopicPartitionOffset[]): Promise<void> {
    if (this.#tail !== undefined) return;
    this.#tail = await this.#transport.openReader('global');
    await this.#tail.assign(from);
    this.#loop = this.#follow(this.#tail).catch((error: unknown) => {
      this.#hooks.onError(error instanceof Error ? error : new Error(String(error)));
    });
  }

  async #follow(reader: PartitionReader): Promise<void> {
    while (!this.#closed) {
      for (const batch of await reader.poll(POLL_MS)) {
        for (const queue of this.#waiting.values()) queue.push(batch);
        this.#send(batch, [...this.#live]);
      }
    }
  }

  /** Every shard gets its own copy: a transferred buffer can go to one thread only, and tables change rarely. */
  #send(batch: FetchedBatch, shards: readonly number[]): void {
    const store = this.#storeOf.get(batch.topic);
    if (store === undefined) throw new MillraceError('INTERNAL', `No global table reads topic ${batch.topic}.`);
    for (const shard of shards) {
      const bytes = new Uint8Array(batch.bytes);
      this.#hooks.post(
        shard,
        { type: 'globalBatch', store, partition: batch.partition, bytes, recordCount: batch.recordCount },
        [bytes.buffer],
      );
    }
  }
}

function offsetIn(offsets: readonly TopicPartitionOffset[], partition: TopicPartition): number {
  return offsets.find((entry) => entry.topic === partition.topic && entry.partition === partition.partition)?.offset ?? 0;
}
