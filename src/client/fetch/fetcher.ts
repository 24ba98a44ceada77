import { isMillraceError, MillraceError } from '../../errors.ts';
import { backoffMs } from '../backoff.ts';
import type { KafkaClient } from '../client.ts';
import type { TopicPartition } from '../topic-partition.ts';
import { AnswerReader } from './answers.ts';
import type { FetchedRecords } from './fetched-records.ts';
import { lanesOf, NodeFetcher } from './node-fetcher.ts';
import { type FetcherOptions, type ResolvedFetcherOptions, resolveFetcherOptions } from './options.ts';
import { FetchPartition, isCaughtUp } from './partition.ts';
import { endOfEpoch, isOtherTopic, noPosition, offsetAt, steppedBack } from './positions.ts';

/** Where to begin reading a partition. */
export interface FetchFrom extends TopicPartition {
  readonly offset: number | 'earliest' | 'latest';
}

/** A partition may have so many times `maxPartitionBytes` waiting before it is fetched again. */
const PARTITION_BUFFERS = 2;
const FOREVER_MS = 2_147_483_647;
let fetchers = 0;

/**
 * Reads partitions as record batches: finds their leaders, fetches from all of them at once, and hands out whole batches
 * by `poll`. Fetches ahead of what was polled, within limits. Trouble that passes is dealt with; what does not ends in an
 * error from `poll`.
 */
export class BatchFetcher {
  readonly #client: KafkaClient;
  readonly #options: ResolvedFetcherOptions;
  readonly #reader: AnswerReader;
  readonly #nodes = new Map<number, NodeFetcher>();
  readonly #lane = `fetch-${fetchers++}`;
  #partitions = new Map<string, FetchPartition>();
  /** Those with something to poll, in turn. */
  readonly #ready = new Set<FetchPartition>();
  #bufferedBytes = 0;
  /** Wakes the poll that waits. */
  #wake: (() => void) | undefined;
  #interrupted = false;
  #retryTimer: NodeJS.Timeout | undefined;
  #closed = false;

  /** Throws INVALID_CONFIG. Reads nothing before `assign`. */
  constructor(client: KafkaClient, options: FetcherOptions = {}) {
    this.#client = client;
    this.#options = resolveFetcherOptions(options);
    this.#reader = new AnswerReader(client, this.#options, {
      onLeaderLost: (partition, known) => this.#lostLeader(partition, known),
      onOutOfRange: (partition, offset) => this.#outOfRange(partition, offset),
      onFatal: (partition, error) => this.#failed(partition, error),
    });
  }

  /** Replaces what is read. Nothing fetched before is given out any more. */
  assign(partitions: readonly FetchFrom[]): void {
    this.#partitions = new Map();
    this.#ready.clear();
    this.#bufferedBytes = 0;
    for (const { topic, partition, offset } of partitions) {
      const made =
        typeof offset === 'number'
          ? new FetchPartition(topic, partition, checked(topic, partition, offset), undefined)
          : new FetchPartition(topic, partition, -1, offset);
      this.#partitions.set(made.name, made);
    }
    for (const node of this.#nodes.values()) node.restart();
    this.#schedule();
    this.#wake?.();
  }

  /** Goes on at another offset. Nothing fetched before is given out any more. Throws INVALID_STATE if it is not assigned. */
  seek(topic: string, partition: number, offset: number): void {
    const found = this.#get(topic, partition);
    this.#bufferedBytes -= found.bufferedBytes;
    found.moveTo(checked(topic, partition, offset));
    this.#ready.delete(found);
    this.#schedule();
  }

  /** What is fetched stays; it is given out after `resume`. Partitions that are not assigned are passed over. */
  pause(partitions: readonly TopicPartition[]): void {
    this.#setPaused(partitions, true);
    // The others may be let in now, though nothing that is under way may come back to ask for them.
    this.#schedule();
  }

  resume(partitions: readonly TopicPartition[]): void {
    this.#setPaused(partitions, false);
    this.#schedule();
    this.#wake?.();
  }

  /**
   * Waits up to `timeoutMs` for the first records, then gives out what is there, up to about `maxRecords` (whole batches,
   * at least one). Partitions take turns. Rejects with what stopped a partition: CORRUPT_RECORD, KAFKA_ERROR with
   * OFFSET_OUT_OF_RANGE or missing rights. One poll at a time.
   */
  async poll(timeoutMs: number, maxRecords = Number.POSITIVE_INFINITY): Promise<FetchedRecords[]> {
    const deadlineMs = performance.now() + timeoutMs;
    this.#interrupted = false;
    for (;;) {
      const taken = this.#take(maxRecords);
      if (taken.length > 0 || this.#closed || this.#interrupted) return taken;
      for (const { error } of this.#partitions.values()) if (error !== undefined) throw error;
      const leftMs = deadlineMs - performance.now();
      if (leftMs <= 0 || !(await this.#woken(leftMs))) return [];
      // Returning lets the caller see what else happened, such as an end reached.
      if (this.#ready.size === 0 && this.#hasCaughtUp()) return [];
    }
  }

  /** Lets the poll that waits return with what there is. */
  interrupt(): void {
    this.#interrupted = true;
    this.#wake?.();
  }

  /** Partitions read to their end since the last call, with the offset of the end. */
  takeCaughtUp(): (TopicPartition & { readonly offset: number })[] {
    const ends: (TopicPartition & { readonly offset: number })[] = [];
    for (const one of this.#partitions.values()) {
      if (!isCaughtUp(one)) continue;
      one.caughtUpAt = one.position;
      ends.push({ topic: one.topic, partition: one.partition, offset: one.position });
    }
    return ends;
  }

  /** Next offset to be given out, past what is left out; -1 while it is being found. Throws INVALID_STATE if not assigned. */
  position(topic: string, partition: number): number {
    return this.#get(topic, partition).position;
  }

  /** End of the partition as the last answer had it; undefined before the first. */
  highWatermark(topic: string, partition: number): number | undefined {
    const known = this.#partitions.get(`${topic}-${partition}`)?.highWatermark ?? -1;
    return known < 0 ? undefined : known;
  }

  /** Bytes fetched and not polled. */
  get bufferedBytes(): number {
    return this.#bufferedBytes;
  }

  /** Ends all fetching. May be called again. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#retryTimer);
    for (const node of this.#nodes.values()) node.close();
    for (const lane of lanesOf(this.#lane)) this.#client.closeLane(lane);
    this.#partitions.clear();
    this.#ready.clear();
    this.#wake?.();
  }

  #take(maxRecords: number): FetchedRecords[] {
    const taken: FetchedRecords[] = [];
    let records = 0;
    for (const one of [...this.#ready]) {
      if (one.paused) continue;
      if (records >= maxRecords) break;
      // Back to the end of the line.
      this.#ready.delete(one);
      while (records < maxRecords) {
        const next = one.buffered.shift();
        if (next === undefined) break;
        one.bufferedBytes -= next.bytes.length;
        this.#bufferedBytes -= next.bytes.length;
        one.position = one.buffered.length === 0 ? one.fetchOffset : next.nextOffset;
        records += next.recordCount;
        taken.push(next);
      }
      if (one.buffered.length > 0) this.#ready.add(one);
    }
    if (taken.length > 0) this.#schedule();
    return taken;
  }

  async #woken(waitMs: number): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const woken = await new Promise<boolean>((resolve) => {
      timer = setTimeout(() => resolve(false), Math.min(waitMs, FOREVER_MS));
      this.#wake = () => resolve(true);
    });
    clearTimeout(timer);
    this.#wake = undefined;
    return woken;
  }

  #hasCaughtUp(): boolean {
    for (const one of this.#partitions.values()) if (isCaughtUp(one)) return true;
    return false;
  }

  /** Starts whatever can be started: leaders and offsets are asked for, brokers are fetched from. */
  #schedule(): void {
    if (this.#closed) return;
    const now = performance.now();
    let earliestMs = Number.POSITIVE_INFINITY;
    const nodes = new Set<number>();
    for (const one of this.#partitions.values()) {
      if (one.error !== undefined || one.busy) continue;
      if (one.retryAtMs > now) earliestMs = Math.min(earliestMs, one.retryAtMs);
      else if (one.leader === undefined || one.reset !== undefined || one.unvalidated) void this.#prepare(one);
      else nodes.add(one.nodeId);
    }
    for (const nodeId of nodes) this.#node(nodeId).wake();
    clearTimeout(this.#retryTimer);
    if (earliestMs < Number.POSITIVE_INFINITY)
      this.#retryTimer = setTimeout(() => this.#schedule(), Math.max(1, Math.ceil(earliestMs - now)));
  }

  #node(nodeId: number): NodeFetcher {
    let node = this.#nodes.get(nodeId);
    if (node === undefined) {
      node = new NodeFetcher(this.#client, nodeId, this.#options, this.#lane, {
        fetchable: (id) => this.#fetchable(id),
        roomBytes: () => this.#options.maxBufferedBytes - this.#bufferedBytes,
        onAnswer: (asked, response) => {
          this.#bufferedBytes += this.#reader.read(asked, response);
          for (const { partition } of asked.values()) {
            if (partition.buffered.length > 0 && this.#isCurrent(partition)) this.#ready.add(partition);
          }
          this.#schedule();
          if (this.#ready.size > 0 || this.#hasCaughtUp()) this.#wake?.();
        },
        onFailure: (asked, error) =>
          this.#fetchFailed(
            [...asked.values()].map(({ partition }) => partition),
            error,
          ),
      });
      this.#nodes.set(nodeId, node);
    }
    return node;
  }

  #fetchable(nodeId: number): FetchPartition[] {
    const isFull = this.#bufferedBytes >= this.#options.maxBufferedBytes;
    if (isFull && !this.#onlyPausedWait()) return [];
    const now = performance.now();
    const limit = PARTITION_BUFFERS * this.#options.maxPartitionBytes;
    const found: FetchPartition[] = [];
    for (const one of this.#partitions.values()) {
      if (one.nodeId !== nodeId || one.paused || one.busy || one.error !== undefined || one.bufferedBytes >= (isFull ? 1 : limit)) continue;
      if (one.leader === undefined || one.reset !== undefined || one.unvalidated || one.retryAtMs > now) continue;
      found.push(one);
    }
    return found;
  }

  /**
   * What lies in paused partitions must not keep the others from being read, for which the caller may be waiting: when
   * nothing else is left, those without anything get a batch each.
   */
  #onlyPausedWait(): boolean {
    for (const one of this.#ready) if (!one.paused) return false;
    return true;
  }

  /** Finds the leader, then the offset to begin with, or whether the offset is still good. */
  async #prepare(one: FetchPartition): Promise<void> {
    one.busy = true;
    try {
      if (one.leader === undefined) await this.#findLeader(one);
      if (one.unvalidated && one.reset === undefined) await this.#validate(one);
      if (one.reset !== undefined) {
        const { fetchOffset } = one;
        const offset = await offsetAt(this.#client, one, one.reset, this.#options.readCommitted);
        // A seek meanwhile knows better.
        if (one.fetchOffset === fetchOffset && one.reset !== undefined) this.#move(one, offset);
      }
      one.failures = 0;
      one.retryAtMs = 0;
    } catch (error) {
      this.#client.options.onLog('debug', `Reading ${one.name}: ${error instanceof Error ? error.message : String(error)}`);
      if (passes(error)) this.#lostLeader(one);
      else this.#failed(one, error instanceof Error ? error : new Error(String(error)));
    } finally {
      one.busy = false;
    }
    this.#schedule();
  }

  async #findLeader(one: FetchPartition): Promise<void> {
    const { node, leaderEpoch, topicId } = await this.#client.leaderOf(one.topic, one.partition);
    one.leader = { node, epoch: leaderEpoch, topicId };
    one.preferredNode = -1;
    const isAnother = isOtherTopic(one.topicId, topicId);
    one.topicId = topicId;
    if (isAnother && one.fetchOffset >= 0 && one.reset === undefined) this.#madeAnew(one);
    else one.unvalidated = one.lastEpoch >= 0 && leaderEpoch > one.lastEpoch;
  }

  /** What was read is of another topic of the same name, so the position means nothing in this one. */
  #madeAnew(one: FetchPartition): void {
    const { fetchOffset, name, topic } = one;
    const { autoOffsetReset, stepsBack } = this.#options;
    const message = `Topic ${topic} was deleted and made anew when ${name} had been read to offset ${fetchOffset}`;
    if (autoOffsetReset === 'none') throw noPosition(one, message);
    if (stepsBack === 'fail') throw steppedBack(one, message);
    this.#client.options.onLog('warn', `${message}: reading goes on at the ${autoOffsetReset} offset.`);
    one.lastEpoch = -1;
    one.unvalidated = false;
    one.reset = autoOffsetReset;
  }

  async #validate(one: FetchPartition): Promise<void> {
    const { fetchOffset, name, topic, partition } = one;
    const { endOffset, epoch } = await endOfEpoch(this.#client, one);
    if (one.fetchOffset !== fetchOffset) return;
    one.unvalidated = false;
    if (endOffset >= fetchOffset) return;
    const { autoOffsetReset } = this.#options;
    const context = { topic, partition, offset: fetchOffset, endOffset };
    const message = `The log of ${name} was cut back from offset ${fetchOffset} to ${endOffset} when its leader changed: records that were read are gone.`;
    if (autoOffsetReset === 'none') throw new MillraceError('KAFKA_ERROR', `${message} Seek to where reading should go on.`, { context });
    this.#client.options.onLog('warn', message);
    // Without an answer about the epoch there is no better place than the beginning or the end.
    if (endOffset < 0 || epoch < 0) one.reset = autoOffsetReset;
    else this.#move(one, endOffset);
  }

  /** Goes on elsewhere by itself: what was fetched and not polled is given out first. */
  #move(one: FetchPartition, offset: number): void {
    if (offset < one.fetchOffset && this.#options.stepsBack === 'fail')
      throw steppedBack(one, `${one.name} was read to offset ${one.fetchOffset}, and its log does not reach it any more`);
    one.reset = undefined;
    one.fetchOffset = offset;
    one.lastEpoch = -1;
    one.unvalidated = false;
    one.caughtUpAt = -1;
    if (one.buffered.length === 0) one.position = offset;
  }

  #outOfRange(one: FetchPartition, offset: number): void {
    const { autoOffsetReset } = this.#options;
    const message = `${one.name} has no offset ${offset} (any more)`;
    if (autoOffsetReset !== 'none') {
      this.#client.options.onLog('warn', `${message}: reading goes on at the ${autoOffsetReset} one.`);
      one.reset = autoOffsetReset;
      return;
    }
    this.#failed(one, noPosition(one, message));
  }

  #lostLeader(one: FetchPartition, known = false): void {
    one.leader = undefined;
    one.preferredNode = -1;
    if (known) return;
    this.#client.invalidate(one.topic);
    const { retryBackoffMs, retryBackoffMaxMs } = this.#client.options;
    one.retryAtMs = performance.now() + backoffMs(one.failures++, retryBackoffMs, retryBackoffMaxMs);
  }

  #fetchFailed(partitions: readonly FetchPartition[], error: unknown): void {
    if (this.#closed) return;
    this.#client.options.onLog('debug', `A fetch failed: ${error instanceof Error ? error.message : String(error)}`);
    for (const one of partitions) {
      if (passes(error)) this.#lostLeader(one);
      else this.#failed(one, error instanceof Error ? error : new Error(String(error)));
    }
    this.#schedule();
  }

  #failed(one: FetchPartition, error: Error): void {
    one.error = error;
    this.#wake?.();
  }

  #setPaused(partitions: readonly TopicPartition[], paused: boolean): void {
    for (const { topic, partition } of partitions) {
      const found = this.#partitions.get(`${topic}-${partition}`);
      if (found !== undefined) found.paused = paused;
    }
  }

  #isCurrent(one: FetchPartition): boolean {
    return this.#partitions.get(one.name) === one;
  }

  #get(topic: string, partition: number): FetchPartition {
    const found = this.#partitions.get(`${topic}-${partition}`);
    if (found !== undefined) return found;
    throw new MillraceError('INVALID_STATE', `${topic}-${partition} is not assigned.`, { context: { topic, partition } });
  }
}

/** A topic that is gone may come back, and a leader be elected: reading waits for it. */
function passes(error: unknown): boolean {
  return isMillraceError(error) && (error.retriable || error.code === 'TIMEOUT' || error.code === 'MISSING_TOPIC');
}

function checked(topic: string, partition: number, offset: number): number {
  if (Number.isSafeInteger(offset) && offset >= 0) return offset;
  throw new MillraceError('INVALID_STATE', `Offset ${offset} of ${topic}-${partition} is not a valid offset.`, {
    context: { topic, partition, offset },
  });
}
