import { isMillraceError } from '../../errors.ts';
import { ErrorCode } from '../../protocol/index.ts';
import { backoffMs, waited } from '../backoff.ts';
import type { KafkaClient } from '../client.ts';
import { kafkaFailure } from '../errors.ts';
import { type TopicPartition, type TopicPartitionOffset, withoutPartitions } from '../topic-partition.ts';
import { CoordinatorCalls } from './coordinator-calls.ts';
import { Heartbeats } from './heartbeats.ts';
import { type Joined, Joiner } from './join.ts';
import { TopicWatch } from './leader.ts';
import { type CommittedOffset, commitOffsets, type FetchOffsetsOptions, fetchOffsets } from './offsets.ts';
import { type GroupMemberOptions, type ResolvedGroupMemberOptions, resolveGroupMemberOptions } from './options.ts';
import { RejoinFlag } from './rejoin-flag.ts';
import type { GroupGeneration, GroupListener } from './types.ts';

/**
 * A member of a consumer group by the classic protocol: joins, heartbeats, takes part in rebalances and, when the
 * coordinator chose it, divides the partitions. It reads nothing; the listener says what to read.
 *
 * Works on its own from `start` on. Trouble that passes is repeated for as long as the member is open.
 */
export class ClassicGroupMember {
  readonly #client: KafkaClient;
  readonly #options: ResolvedGroupMemberOptions;
  readonly #listener: GroupListener;
  readonly #onError: (error: Error) => void;
  readonly #calls: CoordinatorCalls;
  readonly #joiner: Joiner;
  readonly #heartbeats: Heartbeats;
  readonly #topicWatch: TopicWatch;
  readonly #rejoin = new RejoinFlag();
  readonly #closing = new AbortController();
  readonly #cooperative: boolean;
  #topics: readonly string[];
  #generation: GroupGeneration;
  #owned: readonly TopicPartition[] = [];
  /** What the last heartbeat said is gone. */
  #lost: 'nothing' | 'generation' | 'member' = 'nothing';
  /** What a heartbeat said that ends the membership. */
  #fatal: Error | undefined;
  #listenerFailed = false;
  /** Why it stays out of the group for now. */
  #out: string | undefined;
  #comeBack = (): void => {};
  #running: Promise<void> | undefined;
  #leaving: Promise<void> | undefined;

  /** Throws INVALID_CONFIG. Nothing happens before `start`. */
  constructor(client: KafkaClient, options: GroupMemberOptions) {
    this.#client = client;
    this.#options = resolveGroupMemberOptions(options);
    this.#listener = options.listener;
    this.#onError = options.onError;
    this.#topics = options.topics;
    this.#generation = this.#noGeneration('');
    // As in Kafka: with one assignor that is not cooperative everybody gives up everything in every rebalance.
    this.#cooperative = this.#options.assignors.every(({ cooperative }) => cooperative);
    this.#calls = new CoordinatorCalls(client, this.#options, this.#closing.signal);
    this.#joiner = new Joiner(client, this.#calls, this.#options);
    this.#heartbeats = new Heartbeats(
      this.#calls,
      this.#options.heartbeatIntervalMs,
      (code) => this.#onHeartbeatCode(code),
      (error) => this.#log('warn', `no heartbeat got through: ${textOf(error)}`),
    );
    this.#topicWatch = new TopicWatch(client, (topic) => this.#rejoin.raise(`the partitions of topic ${topic} changed`));
  }

  /** Begins to join. May be called again. */
  start(): void {
    this.#running ??= this.#run();
  }

  /** Changes the topics; the group rebalances. */
  subscribe(topics: readonly string[]): void {
    this.#topics = topics;
    this.#rejoin.raise('the subscription changed');
  }

  /**
   * Stays out of the group until `comeBack`, for an owner that does not keep up: what it has is lost at once, and others get
   * it. A static member only falls silent, so that it has its session timeout to come back (as in Kafka).
   */
  stepOut(reason: string): void {
    if (this.#out !== undefined || this.#closing.signal.aborted) return;
    this.#out = reason;
    this.#rejoin.raise(reason);
  }

  /** Joins again after `stepOut`; else does nothing. */
  comeBack(): void {
    this.#out = undefined;
    this.#comeBack();
  }

  /** Who this member is at the moment. What is captured with a batch fences its commit when the group moves on. */
  get generation(): GroupGeneration {
    return this.#generation;
  }

  /** What the listener was told to read. */
  get assignment(): readonly TopicPartition[] {
    return this.#owned;
  }

  /**
   * Commits offsets as this member, by default in its present generation. Rejects with TASK_MIGRATED when the group has
   * moved on, else as `commitOffsets`.
   */
  commit(
    offsets: readonly TopicPartitionOffset[],
    options: { readonly generation?: GroupGeneration; readonly timeoutMs?: number } = {},
  ): Promise<void> {
    const { generation = this.#generation, ...rest } = options;
    return commitOffsets(this.#client, generation, offsets, rest);
  }

  /** The group's committed offsets; -1 where there is none. Rejects as `fetchOffsets`. */
  committed(partitions: readonly TopicPartition[], options: FetchOffsetsOptions = {}): Promise<CommittedOffset[]> {
    return fetchOffsets(this.#client, this.#options.groupId, partitions, options);
  }

  /**
   * Ends the membership without telling the listener, whose caller knows. `leave` makes the group rebalance at once
   * instead of after the session timeout; default: true for members that are not static. Never rejects.
   */
  close(options: { readonly leave?: boolean } = {}): Promise<void> {
    this.#leaving ??= this.#close(options.leave ?? this.#options.groupInstanceId === null);
    return this.#leaving;
  }

  async #close(leave: boolean): Promise<void> {
    this.#closing.abort();
    this.#heartbeats.stop();
    this.#topicWatch.stop();
    this.#rejoin.raise('closing');
    this.comeBack();
    const generation = this.#generation;
    if (leave && generation.memberId !== '') await this.#leave(generation, 'the consumer is being closed');
  }

  /** Never rejects. */
  async #leave(generation: GroupGeneration, reason: string): Promise<void> {
    try {
      const code = await this.#calls.leave(generation, reason);
      if (code !== ErrorCode.NONE && code !== ErrorCode.UNKNOWN_MEMBER_ID)
        throw kafkaFailure(code, `Leaving group ${this.#options.groupId}`);
    } catch (error) {
      this.#log('info', `it could not leave and is dropped when its session times out: ${textOf(error)}`);
    }
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    for (let failures = 0; !signal.aborted; ) {
      try {
        if (this.#fatal !== undefined) return await this.#fail(this.#fatal);
        if (this.#out !== undefined) await this.#stayOut(this.#out);
        await this.#giveUpBeforeJoin();
        const joined = await this.#join();
        if (signal.aborted) return;
        failures = 0;
        await this.#take(joined);
        // A join takes the flag down; that it is to stay out came meanwhile.
        if (this.#out === undefined) await this.#rejoin.raised();
      } catch (error) {
        if (signal.aborted) return;
        if (this.#listenerFailed || !passes(error)) return this.#fail(error);
        this.#log('warn', `a rebalance failed and is tried again: ${textOf(error)}`);
        const { retryBackoffMs, retryBackoffMaxMs } = this.#client.options;
        await waited(backoffMs(failures++, retryBackoffMs, retryBackoffMaxMs), signal);
      }
    }
  }

  async #stayOut(reason: string): Promise<void> {
    this.#heartbeats.stop();
    this.#topicWatch.stop();
    const generation = this.#generation;
    if (this.#options.groupInstanceId === null && generation.memberId !== '') await this.#leave(generation, reason);
    await this.#lose('member');
    if (this.#out === undefined || this.#closing.signal.aborted) return;
    await new Promise<void>((resolve) => {
      this.#comeBack = resolve;
    });
  }

  /** Heartbeats go on meanwhile: giving up may take as long as `rebalanceTimeoutMs`. */
  async #giveUpBeforeJoin(): Promise<void> {
    if (this.#lost !== 'nothing') return;
    const revoked = this.#cooperative ? this.#owned.filter(({ topic }) => !this.#topics.includes(topic)) : this.#owned;
    if (revoked.length === 0) return;
    await this.#notify(() => this.#listener.onRevoked(revoked));
    this.#owned = withoutPartitions(this.#owned, revoked);
  }

  /** Joins until the group lets this member in. */
  async #join(): Promise<Joined> {
    this.#heartbeats.stop();
    this.#topicWatch.stop();
    const reason = this.#rejoin.lower();
    for (;;) {
      if (this.#lost !== 'nothing') await this.#lose(this.#lost);
      const { memberId, generationId } = this.#generation;
      const result = await this.#joiner.join({ memberId, generationId, topics: this.#topics, owned: this.#owned, reason });
      if (result.outcome === 'joined') return result;
      this.#generation = { ...this.#generation, memberId: result.memberId };
      this.#lost = result.lost;
      this.#closing.signal.throwIfAborted();
    }
  }

  async #take(joined: Joined): Promise<void> {
    this.#generation = joined.generation;
    this.#heartbeats.start(joined.generation);
    if (joined.division !== undefined) this.#topicWatch.start(joined.division);
    joined.assignor.onAssignment?.(joined, joined.generation.generationId);
    const added = withoutPartitions(joined.partitions, this.#owned);
    const revoked = withoutPartitions(this.#owned, joined.partitions);
    if (revoked.length > 0) {
      await this.#notify(() => this.#listener.onRevoked(revoked));
      // Only now can the others have them.
      this.#rejoin.raise('partitions were given up for others');
    }
    this.#owned = joined.partitions;
    await this.#notify(() => this.#listener.onAssigned(added));
  }

  async #lose(what: 'generation' | 'member'): Promise<void> {
    const lost = this.#owned;
    this.#owned = [];
    this.#lost = 'nothing';
    this.#generation = this.#noGeneration(what === 'member' ? '' : this.#generation.memberId);
    if (lost.length > 0) await this.#notify(() => this.#listener.onLost(lost));
  }

  #onHeartbeatCode(code: number): void {
    switch (code) {
      case ErrorCode.REBALANCE_IN_PROGRESS:
        this.#rejoin.raise('the group is rebalancing');
        return;
      case ErrorCode.ILLEGAL_GENERATION:
      case ErrorCode.UNKNOWN_MEMBER_ID:
        this.#heartbeats.stop();
        this.#lost = code === ErrorCode.UNKNOWN_MEMBER_ID ? 'member' : 'generation';
        this.#rejoin.raise('the group went on without this member');
        return;
      default:
        void this.#fail(
          kafkaFailure(code, `A heartbeat to group ${this.#options.groupId}`, { context: { groupId: this.#options.groupId } }),
        );
    }
  }

  /** The end: nothing is this member's any more, and its caller has to know. */
  async #fail(cause: unknown): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort();
    this.#heartbeats.stop();
    this.#topicWatch.stop();
    const lost = this.#owned;
    this.#owned = [];
    try {
      if (lost.length > 0 && !this.#listenerFailed) await this.#notify(() => this.#listener.onLost(lost));
    } catch (error) {
      this.#log('warn', `the listener failed as well: ${textOf(error)}`);
    }
    this.#onError(cause instanceof Error ? cause : new Error(String(cause)));
  }

  async #notify(call: () => Promise<void>): Promise<void> {
    try {
      await call();
    } catch (error) {
      this.#listenerFailed = true;
      throw error;
    }
  }

  #noGeneration(memberId: string): GroupGeneration {
    const { groupId, groupInstanceId } = this.#options;
    return { groupId, groupInstanceId, memberId, generationId: -1 };
  }

  #log(level: 'info' | 'warn', message: string): void {
    this.#client.options.onLog(level, `Group ${this.#options.groupId}, member ${this.#generation.memberId}: ${message}`);
  }
}

/** What a later attempt may get over. */
function passes(error: unknown): boolean {
  return isMillraceError(error) && (error.retriable || error.code === 'TIMEOUT' || error.code === 'BROKER_UNREACHABLE');
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
