import { MillraceError } from '../errors.ts';
import type { ToShard } from '../shard/messages.ts';
import { resolveTopic } from '../topology/internal-topics.ts';
import type { Plan } from '../topology/nodes.ts';
import type { FetchedBatch, PartitionReader, TopicPartition, TopicPartitionOffset, Transport } from '../transport/transport.ts';
import { retrying } from './retrying.ts';
import { partitionKey } from './tasks.ts';

export interface GlobalTablesHooks {
  readonly post: (shard: number, message: ToShard, transfer: ArrayBuffer[]) => void;
  /** How long retriable trouble is retried. */
  readonly taskTimeoutMs: number;
  readonly log: (level: 'warn', message: string) => void;
  readonly onError: (error: Error) => void;
}

const POLL_MS = 100;

/** What one shard has been sent, by partition: the next offset. */
type Positions = Map<string, number>;

/**
 * Feeds global tables: every shard gets every partition of their topics. New shards are brought up to date by a reader of
 * their own, and then join those that the common reader (the tail) keeps up to date. While they join, the tail rests, and
 * what a shard has been sent is remembered, so no shard ever sees an older row after a newer one and nothing is queued.
 */
export class GlobalTables {
  readonly #transport: Transport;
  readonly #hooks: GlobalTablesHooks;
  readonly #storeOf = new Map<string, string>();
  readonly #partitions: TopicPartition[] = [];
  readonly #live = new Map<number, Positions>();
  #tail: PartitionReader | undefined;
  #loop: Promise<void> = Promise.resolve();
  /** Steps that must not overlap: a round of the tail, the joining of shards. */
  #turn: Promise<unknown> = Promise.resolve();
  #bootstrapping: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(
    transport: Transport,
    plan: Plan,
    applicationId: string,
    partitionCounts: ReadonlyMap<string, number>,
    hooks: GlobalTablesHooks,
  ) {
    this.#transport = transport;
    this.#hooks = hooks;
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
    if (this.#partitions.length === 0 || shards.length === 0 || this.#closed) return;
    const work = this.#bootstrapping.then(() => this.#bootstrap(shards));
    this.#bootstrapping = work.catch(() => {});
    await work;
  }

  /** A shard is gone. */
  remove(shard: number): void {
    this.#live.delete(shard);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#bootstrapping;
    await this.#loop;
    await this.#tail?.close();
  }

  async #bootstrap(shards: readonly number[]): Promise<void> {
    const starts = await this.#offsets('earliest');
    const ends = await this.#offsets('latest');
    if (this.#closed) return;
    const reader = await this.#transport.openReader('global-bootstrap');
    const positions: Positions = new Map();
    try {
      await reader.assign(starts);
      await this.#copy(reader, ends, shards, positions);
      await this.#inTurn(async () => {
        const { tail } = this.#tail === undefined ? await this.#startTail(reader) : { tail: this.#tail };
        const reached = this.#partitions.map((partition) => ({ ...partition, offset: tail.position(partition) }));
        await this.#copy(reader, reached, shards, positions);
        for (const shard of shards) this.#live.set(shard, new Map(positions));
      });
    } finally {
      await reader.close();
    }
  }

  #offsets(at: 'earliest' | 'latest'): Promise<TopicPartitionOffset[]> {
    const onRetry = (error: Error) => this.#hooks.log('warn', `Global tables: tried again: ${error.message}`);
    const options = { timeoutMs: this.#hooks.taskTimeoutMs, isWanted: () => !this.#closed, onRetry };
    return retrying(() => this.#transport.admin.listOffsets(this.#partitions, at), options);
  }

  /** Sends what lies below these offsets, and what happens to come along with it. */
  async #copy(
    reader: PartitionReader,
    upTo: readonly TopicPartitionOffset[],
    shards: readonly number[],
    positions: Positions,
  ): Promise<void> {
    while (!this.#closed && upTo.some((end) => reader.position(end) < end.offset)) {
      for (const batch of await reader.poll(POLL_MS)) {
        positions.set(partitionKey(batch.topic, batch.partition), batch.nextOffset);
        for (const shard of shards) this.#send(batch, shard);
      }
    }
  }

  /** The first shards are where `reader` is; from there on the tail reads. */
  async #startTail(reader: PartitionReader): Promise<{ tail: PartitionReader }> {
    const tail = await this.#transport.openReader('global');
    this.#tail = tail;
    await tail.assign(this.#partitions.map((partition) => ({ ...partition, offset: reader.position(partition) })));
    this.#loop = this.#follow(tail).catch((error: unknown) => {
      this.#hooks.onError(error instanceof Error ? error : new Error(String(error)));
    });
    return { tail };
  }

  async #follow(tail: PartitionReader): Promise<void> {
    while (!this.#closed) {
      await this.#inTurn(async () => {
        for (const batch of await tail.poll(POLL_MS)) this.#sendToLive(batch);
      });
    }
  }

  #sendToLive(batch: FetchedBatch): void {
    const key = partitionKey(batch.topic, batch.partition);
    for (const [shard, positions] of this.#live) {
      if (batch.nextOffset <= (positions.get(key) ?? 0)) continue;
      positions.set(key, batch.nextOffset);
      this.#send(batch, shard);
    }
  }

  /** Every shard gets its own copy: a transferred buffer can go to one thread only, and tables change rarely. */
  #send(batch: FetchedBatch, shard: number): void {
    const store = this.#storeOf.get(batch.topic);
    if (store === undefined) throw new MillraceError('INTERNAL', `No global table reads topic ${batch.topic}.`);
    const bytes = new Uint8Array(batch.bytes);
    this.#hooks.post(shard, { type: 'globalBatch', store, partition: batch.partition, bytes, recordCount: batch.recordCount }, [
      bytes.buffer,
    ]);
  }

  #inTurn<T>(step: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(step);
    this.#turn = result.catch(() => {});
    return result;
  }
}
