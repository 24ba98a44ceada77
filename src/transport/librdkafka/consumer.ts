import { MillraceError } from '../../errors.ts';
import type {
  FetchedBatch,
  GroupConsumer,
  RebalanceListener,
  TopicPartition,
  TopicPartitionOffset,
  TransportOptions,
} from '../transport.ts';
import { call } from './call.ts';
import { createClient, ManagedClient } from './client.ts';
import { asMillraceError, CODE, codeOf } from './errors.ts';
import { checkOffset, clampWait, Fetcher } from './fetcher.ts';
import type { NativeConsumer, NativeFailure, NativeModule, NativePartition } from './native.ts';
import { consumerSettings, maxPollRecords } from './settings.ts';

const COMMIT_TIMEOUT_MS = 60_000;

/**
 * The group member. librdkafka waits with each rebalance until `assign` or `unassign` is called, so the engine has the
 * time between to drain and commit. Eager protocol: every rebalance revokes all and assigns anew.
 */
export class LibrdkafkaConsumer implements GroupConsumer {
  readonly #client: ManagedClient<NativeConsumer>;
  readonly #fetcher: Fetcher;
  readonly #options: TransportOptions;
  #listener: RebalanceListener | undefined;
  /** Rebalances are reported one at a time. */
  #rebalances: Promise<void> = Promise.resolve();
  /** Counts calls of `assign`, to see whether the listener answered. */
  #assigns = 0;
  #closing: Promise<void> | undefined;

  constructor(module: NativeModule, options: TransportOptions) {
    this.#options = options;
    const config = { ...consumerSettings(options), rebalance_cb: this.#onRebalance.bind(this) };
    const native = createClient('consumer', (settings) => new module.KafkaConsumer(settings), config);
    this.#client = new ManagedClient('consumer', native, options);
    this.#fetcher = new Fetcher(native, 'the consumer', maxPollRecords(options), (message) => options.onLog('warn', message));
  }

  connect(timeoutMs: number): Promise<void> {
    return this.#client.connect(timeoutMs);
  }

  /**
   * The native client, for a transaction's offsets: librdkafka takes the group metadata from the live consumer. With a
   * closed one it would crash the process.
   */
  get native(): NativeConsumer {
    if (this.#closing !== undefined || !this.#client.native.isConnected()) {
      throw new MillraceError('INVALID_STATE', 'The consumer is closed or not connected, so its group cannot take part in a transaction.');
    }
    return this.#client.native;
  }

  async subscribe(topics: readonly string[], listener: RebalanceListener): Promise<void> {
    this.#listener = listener;
    try {
      this.#client.native.subscribe(topics);
    } catch (failure) {
      throw asMillraceError(failure as NativeFailure, `Subscribing to ${topics.join(', ')}`);
    }
  }

  async assign(partitions: readonly TopicPartitionOffset[]): Promise<void> {
    this.#assigns++;
    if (this.#closing === undefined) await this.#fetcher.assign(partitions);
  }

  async poll(timeoutMs: number): Promise<FetchedBatch[]> {
    return this.#fetcher.poll(clampWait(timeoutMs));
  }

  takeCaughtUp(): TopicPartitionOffset[] {
    return this.#fetcher.takeCaughtUp();
  }

  pause(partitions: readonly TopicPartition[]): void {
    this.#fetcher.pause(partitions);
  }

  resume(partitions: readonly TopicPartition[]): void {
    this.#fetcher.resume(partitions);
  }

  seek(position: TopicPartitionOffset): Promise<void> {
    return this.#fetcher.seek(position);
  }

  async committed(partitions: readonly TopicPartition[], timeoutMs: number): Promise<TopicPartitionOffset[]> {
    const action = `Reading the committed offsets of group ${this.#options.groupId}`;
    const asked = partitions.map(({ topic, partition }) => ({ topic, partition }));
    const answer = await call<NativePartition[]>(
      action,
      timeoutMs,
      (done) => this.#client.native.committed(asked, timeoutMs, done),
      (failure) => asMillraceError(failure, action, { groupId: this.#options.groupId }),
    );
    return answer.map(({ topic, partition, offset, metadata, error }) => {
      if (error !== undefined && codeOf(error) !== 0) throw asMillraceError(error, action, { topic, partition });
      // librdkafka says -1001 where there is none.
      const committed = offset === undefined || offset < 0 ? -1 : offset;
      return { topic, partition, offset: committed, ...(metadata === undefined || metadata === null ? {} : { metadata }) };
    });
  }

  async commit(offsets: readonly TopicPartitionOffset[]): Promise<void> {
    if (offsets.length === 0) return;
    const action = `Committing offsets of group ${this.#options.groupId}`;
    await call(
      action,
      COMMIT_TIMEOUT_MS,
      (done) => this.#client.native.commitCb(nativeOffsets(offsets), done),
      (failure) => asMillraceError(failure, action, { groupId: this.#options.groupId }),
    );
  }

  endOffset({ topic, partition }: TopicPartition): number | undefined {
    return this.#closing === undefined ? this.#fetcher.endOffset(topic, partition) : undefined;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#fetcher.close();
    // A rebalance that nobody will answer any more would hold up the disconnect.
    if (this.#client.native.isConnected()) this.#answer(() => this.#client.native.unassign());
    await this.#client.close();
  }

  /** Called by the binding on the main loop; what it throws would be lost. `assignmentLost` is valid only in here. */
  #onRebalance(event: NativeFailure, partitions: readonly NativePartition[]): void {
    const { native } = this.#client;
    const revoked = codeOf(event) === CODE.REVOKE_PARTITIONS;
    if (this.#closing !== undefined || this.#listener === undefined) {
      this.#answer(() => native.unassign()); // the disconnect waits for this
      return;
    }
    const names = partitions.map(({ topic, partition }) => ({ topic, partition }));
    if (codeOf(event) === CODE.ASSIGN_PARTITIONS) {
      this.#enqueue(() => this.#assigned(names));
    } else if (revoked) {
      const lost = native.assignmentLost();
      this.#enqueue(() => this.#revoked(names, lost));
    } else {
      this.#options.onLog('warn', asMillraceError(event, 'Rebalance').message);
      this.#enqueue(() => this.#revoked(names, true));
    }
  }

  async #assigned(partitions: readonly TopicPartition[]): Promise<void> {
    const before = this.#assigns;
    try {
      await this.#listener?.onAssigned(partitions);
    } finally {
      // Without an answer the group would wait for this member until it throws it out.
      if (this.#assigns === before && this.#closing === undefined) await this.#fetcher.assign([]);
    }
  }

  async #revoked(partitions: readonly TopicPartition[], lost: boolean): Promise<void> {
    try {
      await (lost ? this.#listener?.onLost(partitions) : this.#listener?.onRevoked(partitions));
    } finally {
      if (this.#closing === undefined) await this.#fetcher.unassign();
      else this.#answer(() => this.#client.native.unassign());
    }
  }

  #enqueue(step: () => Promise<void>): void {
    this.#rebalances = this.#rebalances.then(step).catch((error: unknown) => {
      this.#options.onError(error instanceof Error ? error : new Error(String(error)));
    });
  }

  #answer(reply: () => void): void {
    try {
      reply();
    } catch (failure) {
      this.#options.onLog('debug', asMillraceError(failure as NativeFailure, 'Answering a rebalance').message);
    }
  }
}

/** Offsets as the binding takes them: checked, since it reads a missing one as 0. */
export function nativeOffsets(offsets: readonly TopicPartitionOffset[]): NativePartition[] {
  return offsets.map(({ topic, partition, offset, metadata }) => ({
    topic,
    partition,
    offset: checkOffset(topic, partition, offset),
    ...(metadata === undefined ? {} : { metadata }),
  }));
}
