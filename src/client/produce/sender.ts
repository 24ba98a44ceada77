import { isMillraceError, MillraceError } from '../../errors.ts';
import { ErrorCode, Produce, type RequestInput, type ResponseOf } from '../../protocol/index.ts';
import { backoffMs } from '../backoff.ts';
import type { KafkaClient } from '../client.ts';
import { kafkaFailure } from '../errors.ts';
import { Additions } from './additions.ts';
import type { ResolvedProducerOptions } from './options.ts';
import { outcomeOf } from './outcome.ts';
import { PartitionQueue } from './partition-queue.ts';
import type { PendingBatch, ProducerIdentity } from './pending-batch.ts';

type ProduceRequest = RequestInput<typeof Produce>;
type ProduceResponse = ResponseOf<typeof Produce>;
type PartitionAnswer = ProduceResponse['responses'][number]['partitionResponses'][number];

interface Sending {
  readonly queue: PartitionQueue;
  readonly batch: PendingBatch;
  /** See {@link SenderHooks.addsPartition}. */
  readonly adds: boolean;
}

export interface SenderHooks {
  /** Whose batches these are; undefined: that is being found, nothing new goes out. */
  identity(): ProducerIdentity | undefined;
  /** Whether the partition may be written to now, as a transaction may have to hear of it first. */
  mayWrite(queue: PartitionQueue): boolean;
  /** Whether the first batch of an epoch has to go alone, see {@link PartitionQueue.candidate}. */
  oneFirst(): boolean;
  /** Whether a batch makes its partition part of the transaction, see {@link Additions}. Until it is written, none follows it. */
  addsPartition(queue: PartitionQueue): boolean;
  onWritten(queue: PartitionQueue): void;
  /** Limits of the Produce version: the protocol of transactions goes by it. */
  versions(): { readonly minVersion?: number; readonly maxVersion?: number };
  /** A batch is given up; `uncertain`: it may have been written all the same. */
  onRefused(batch: PendingBatch, queue: PartitionQueue, error: MillraceError, uncertain: boolean): void;
  /** A batch waits for a new sequence number, which a new epoch gives it. */
  onRenumber(): void;
  /** A batch has left, written or not. */
  onSettled(batch: PendingBatch): void;
}

/** After a commit the coordinator may still be busy with markers for a moment. */
const CONCURRENT_TRANSACTIONS_BACKOFF_MS = 10;
const EXPIRY_CHECK_MS = 1_000;
let senders = 0;

/** Sends batches to the leaders of their partitions, several requests per broker at a time, in order per partition. */
export class Sender {
  readonly #client: KafkaClient;
  readonly #options: ResolvedProducerOptions;
  readonly #hooks: SenderHooks;
  readonly #lane = `produce-${senders++}`;
  readonly #queues = new Map<string, PartitionQueue>();
  /** Those with batches, in turn. */
  readonly #active = new Set<PartitionQueue>();
  readonly #inFlight = new Map<number, number>();
  readonly #additions = new Additions();
  #timer: NodeJS.Timeout | undefined;
  readonly #expiry: NodeJS.Timeout;
  /** Nothing is repeated, and nothing new goes out. */
  #givingUp = false;
  #closed = false;

  constructor(client: KafkaClient, options: ResolvedProducerOptions, hooks: SenderHooks) {
    this.#client = client;
    this.#options = options;
    this.#hooks = hooks;
    this.#expiry = setInterval(() => this.#expire(), EXPIRY_CHECK_MS);
    this.#expiry.unref();
  }

  enqueue(topic: string, partition: number, batch: PendingBatch): void {
    const name = `${topic}-${partition}`;
    let queue = this.#queues.get(name);
    if (queue === undefined) {
      queue = new PartitionQueue(topic, partition);
      this.#queues.set(name, queue);
    }
    queue.waiting.push(batch);
    this.#active.add(queue);
  }

  /** True when no batch is on its way whose fate is open. */
  get isSettled(): boolean {
    for (const { sent } of this.#active) if (sent.length > 0) return false;
    return true;
  }

  /** Partitions that have batches to write. */
  get active(): Iterable<PartitionQueue> {
    return this.#active;
  }

  /** Sequence numbers of all partitions start over, as with a new epoch. Only when settled. */
  resetSequences(): void {
    for (const queue of this.#queues.values()) queue.resetSequence();
  }

  /**
   * Drops all that waits, for an abort. What is under way is waited for by the caller, and not repeated; `resume` ends that.
   * Returns whether something was dropped of which nobody knows whether it was written.
   */
  giveUp(reason: MillraceError): boolean {
    this.#givingUp = true;
    let uncertain = false;
    for (const queue of [...this.#active]) {
      for (const batch of [...queue.sent, ...queue.waiting]) {
        if (batch.inFlight) continue;
        uncertain ||= batch.sequence >= 0;
        this.#settle(queue, batch, reason, -1);
      }
    }
    return uncertain;
  }

  /** Nothing that waits can be written. */
  refuseAll(error: MillraceError): void {
    for (const queue of [...this.#active]) this.#refuseQueue(queue, error);
  }

  resume(): void {
    this.#givingUp = false;
    this.pump();
  }

  /** Does something that adds to the transaction by another request than ours, see {@link Additions}. One call at a time. */
  async withoutAdditions(work: () => Promise<void>): Promise<void> {
    try {
      await this.#additions.alone(work);
    } finally {
      this.pump();
    }
  }

  /** Sends what may be sent. Called whenever that may have changed. */
  pump(): void {
    if (this.#closed) return;
    clearTimeout(this.#timer);
    let earliestMs = Number.POSITIVE_INFINITY;
    for (let sends = 1; sends > 0; ) {
      const { requests, waitUntilMs } = this.#collect();
      earliestMs = waitUntilMs;
      sends = requests.size;
      for (const [nodeId, sending] of requests) void this.#send(nodeId, sending);
    }
    if (earliestMs < Number.POSITIVE_INFINITY)
      this.#timer = setTimeout(() => this.pump(), Math.max(1, Math.ceil(earliestMs - performance.now())));
  }

  /** Nothing is sent any more; what is queued is told `reason`. */
  close(reason: MillraceError): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    clearInterval(this.#expiry);
    for (const queue of [...this.#active]) for (const batch of [...queue.sent, ...queue.waiting]) this.#settle(queue, batch, reason, -1);
    // What lies in a socket unsent must not go out when its buffer belongs to somebody else again.
    this.#client.closeLane(this.#lane);
  }

  /** One request per broker that has room for one, with one batch per partition: brokers take no more. */
  #collect(): { readonly requests: Map<number, Sending[]>; readonly waitUntilMs: number } {
    const now = performance.now();
    const requests = new Map<number, Sending[]>();
    const bytes = new Map<number, number>();
    const identity = this.#givingUp ? undefined : this.#hooks.identity();
    let waitUntilMs = Number.POSITIVE_INFINITY;
    for (const queue of [...this.#active]) {
      if (queue.retryAtMs > now) {
        waitUntilMs = Math.min(waitUntilMs, queue.retryAtMs);
        continue;
      }
      const batch = this.#givingUp ? undefined : queue.candidate(identity !== undefined, this.#hooks.oneFirst());
      if (batch === undefined || !this.#hooks.mayWrite(queue)) continue;
      if (queue.leader === undefined) {
        void this.#findLeader(queue);
        continue;
      }
      const nodeId = queue.leader.node.id;
      const used = bytes.get(nodeId) ?? 0;
      if ((this.#inFlight.get(nodeId) ?? 0) >= this.#options.maxInFlight) continue;
      if (used > 0 && used + batch.bytes.length > this.#options.maxRequestBytes) continue;
      const adds = this.#hooks.addsPartition(queue);
      if (adds && (queue.inFlight > 0 || !this.#additions.mayBegin(nodeId))) continue;
      // `identity` is only missing for batches that have their stamp already.
      queue.depart(batch, identity ?? { id: -1, epoch: -1 }, this.#options.transactionalId !== undefined);
      bytes.set(nodeId, used + batch.bytes.length);
      const list = requests.get(nodeId);
      if (list === undefined) requests.set(nodeId, [{ queue, batch, adds }]);
      else list.push({ queue, batch, adds });
      // To the back of the line.
      this.#active.delete(queue);
      this.#active.add(queue);
    }
    for (const [nodeId, sending] of requests) {
      this.#inFlight.set(nodeId, (this.#inFlight.get(nodeId) ?? 0) + 1);
      if (sending.some(({ adds }) => adds)) this.#additions.begin(nodeId);
    }
    return { requests, waitUntilMs };
  }

  async #send(nodeId: number, sending: readonly Sending[]): Promise<void> {
    const { acks, requestTimeoutMs, transactionalId } = this.#options;
    const byName = sending.every(({ queue }) => queue.leader?.topicId.every((byte) => byte === 0) ?? true);
    const limits = this.#hooks.versions();
    const body: ProduceRequest = {
      transactionalId: transactionalId ?? null,
      acks,
      timeoutMs: requestTimeoutMs,
      topicData: topicData(sending),
    };
    const options = {
      retry: false,
      lane: this.#lane,
      ...limits,
      ...(byName && { maxVersion: Math.min(LAST_VERSION_BY_NAME, limits.maxVersion ?? LAST_VERSION_BY_NAME) }),
    };
    try {
      if (acks === 0) {
        await this.#client.sendUnanswered(Produce, body, { node: nodeId }, options);
        this.#free(nodeId, sending);
        for (const { queue, batch } of sending) this.#settle(queue, batch, undefined, -1);
      } else {
        const response = await this.#client.request(
          Produce,
          body,
          { node: nodeId },
          { ...options, requestTimeoutMs: requestTimeoutMs + ANSWER_GRACE_MS },
        );
        this.#free(nodeId, sending);
        this.#read(sending, response);
      }
    } catch (error) {
      this.#free(nodeId, sending);
      this.#noAnswer(sending, error);
    }
    this.pump();
  }

  #free(nodeId: number, sending: readonly Sending[]): void {
    this.#inFlight.set(nodeId, (this.#inFlight.get(nodeId) ?? 1) - 1);
    if (sending.some(({ adds }) => adds)) this.#additions.end(nodeId);
  }

  #read(sending: readonly Sending[], response: ProduceResponse): void {
    const answers = new Map<string, PartitionAnswer>();
    for (const { name, topicId, partitionResponses } of response.responses) {
      const key = name === '' ? topicId.toString('hex') : name;
      for (const answer of partitionResponses) answers.set(`${key}-${answer.index}`, answer);
    }
    for (const { queue, batch } of sending) {
      const answer = answers.get(queue.name) ?? answers.get(`${queue.leader?.topicId.toString('hex')}-${queue.partition}`);
      if (answer === undefined) {
        this.#again(
          queue,
          batch,
          kafkaFailure(ErrorCode.UNKNOWN_SERVER_ERROR, `Producing to ${queue.name}`, { message: 'The broker answered without it.' }),
        );
        continue;
      }
      this.#judge(queue, batch, answer, response);
    }
  }

  #judge(queue: PartitionQueue, batch: PendingBatch, answer: PartitionAnswer, response: ProduceResponse): void {
    batch.inFlight = false;
    const outcome = outcomeOf(answer.errorCode, queue.sent[0] === batch, queue.hasGap);
    if (outcome === 'written') {
      queue.failures = 0;
      queue.isKnown = true;
      this.#hooks.onWritten(queue);
      this.#settle(queue, batch, undefined, answer.baseOffset);
      return;
    }
    const { topic, partition } = queue;
    const error = kafkaFailure(answer.errorCode, `Producing to ${queue.name}`, {
      message: answer.errorMessage,
      context: { topic, partition },
    });
    if (outcome === 'refused') {
      this.#refuse(queue, batch, error, false);
      return;
    }
    if (outcome === 'renumber' && !this.#givingUp) {
      queue.putBack(batch);
      this.#hooks.onRenumber();
      return;
    }
    if (outcome === 'moved') {
      queue.leader = undefined;
      const known = this.#client.learnLeader(topic, partition, answer.currentLeader, response.nodeEndpoints);
      if (!known) this.#client.invalidate(topic);
    }
    this.#again(
      queue,
      batch,
      error,
      answer.errorCode === ErrorCode.CONCURRENT_TRANSACTIONS ? CONCURRENT_TRANSACTIONS_BACKOFF_MS : undefined,
    );
  }

  /** Whether the batches were written nobody knows. */
  #noAnswer(sending: readonly Sending[], error: unknown): void {
    for (const { queue, batch } of sending) {
      batch.inFlight = false;
      if (isMillraceError(error) && (error.retriable || error.code === 'TIMEOUT')) {
        queue.leader = undefined;
        this.#client.invalidate(queue.topic);
        this.#again(queue, batch, error);
      } else {
        const cause = isMillraceError(error) ? error : new MillraceError('INTERNAL', String(error), { cause: error });
        this.#refuse(queue, batch, cause, true);
      }
    }
  }

  #again(queue: PartitionQueue, batch: PendingBatch, error: MillraceError, waitMs?: number): void {
    batch.inFlight = false;
    if (this.#closed) return;
    if (this.#givingUp || performance.now() >= batch.deadlineMs) {
      this.#refuse(queue, batch, error, true);
      return;
    }
    this.#client.options.onLog('debug', `${error.message} Tried again.`);
    const { retryBackoffMs, retryBackoffMaxMs } = this.#client.options;
    queue.retryAtMs = performance.now() + (waitMs ?? backoffMs(queue.failures++, retryBackoffMs, retryBackoffMaxMs));
  }

  #refuse(queue: PartitionQueue, batch: PendingBatch, error: MillraceError, uncertain: boolean): void {
    if (batch.sequence >= 0) queue.hasGap = true;
    this.#remove(queue, batch);
    this.#hooks.onRefused(batch, queue, error, uncertain);
    batch.delivered(error, -1);
    this.#hooks.onSettled(batch);
  }

  #settle(queue: PartitionQueue, batch: PendingBatch, error: MillraceError | undefined, baseOffset: number): void {
    this.#remove(queue, batch);
    batch.delivered(error, baseOffset);
    this.#hooks.onSettled(batch);
  }

  #remove(queue: PartitionQueue, batch: PendingBatch): void {
    batch.inFlight = false;
    queue.remove(batch);
    if (queue.isEmpty) this.#active.delete(queue);
  }

  async #findLeader(queue: PartitionQueue): Promise<void> {
    if (queue.finding) return;
    queue.finding = true;
    try {
      const { node, topicId } = await this.#client.leaderOf(queue.topic, queue.partition);
      queue.leader = { node, topicId };
    } catch (error) {
      // A topic made a moment ago is not known everywhere; what is not there in the end runs into the delivery timeout.
      const { retryBackoffMs, retryBackoffMaxMs } = this.#client.options;
      queue.retryAtMs = performance.now() + backoffMs(queue.failures++, retryBackoffMs, retryBackoffMaxMs);
      this.#client.options.onLog('debug', error instanceof Error ? error.message : String(error));
      if (!isMillraceError(error) || !(error.retriable || error.code === 'MISSING_TOPIC' || error.code === 'TIMEOUT'))
        this.#refuseQueue(queue, error);
      queue.lastError = isMillraceError(error) ? error : undefined;
    } finally {
      queue.finding = false;
    }
    this.pump();
  }

  #refuseQueue(queue: PartitionQueue, cause: unknown): void {
    const error = isMillraceError(cause) ? cause : new MillraceError('INTERNAL', String(cause), { cause });
    for (const batch of [...queue.sent, ...queue.waiting]) if (!batch.inFlight) this.#refuse(queue, batch, error, batch.sequence >= 0);
  }

  /** Gives up batches whose time is over; one that is under way has its own limit. */
  #expire(): void {
    const now = performance.now();
    for (const queue of [...this.#active]) {
      for (const batch of [...queue.sent, ...queue.waiting]) {
        if (batch.inFlight || batch.deadlineMs > now) continue;
        const { topic, partition, lastError } = queue;
        const why = lastError === undefined ? '.' : `: ${lastError.message}`;
        const message = `A batch for ${queue.name} was not acknowledged within ${this.#options.deliveryTimeoutMs} ms${why}`;
        const error = new MillraceError(lastError?.code === 'MISSING_TOPIC' ? 'MISSING_TOPIC' : 'TIMEOUT', message, {
          cause: lastError,
          context: { topic, partition },
        });
        this.#refuse(queue, batch, error, batch.sequence >= 0);
      }
    }
  }
}

/** The broker answers by `timeoutMs`; what takes so much longer is lost. */
const ANSWER_GRACE_MS = 5_000;
/** From version 13 on topics go by id. */
const LAST_VERSION_BY_NAME = 12;

function topicData(sending: readonly Sending[]): ProduceRequest['topicData'] {
  const topics = new Map<string, { name: string; topicId: Buffer; partitionData: { index: number; records: Buffer }[] }>();
  for (const { queue, batch } of sending) {
    let topic = topics.get(queue.topic);
    if (topic === undefined) {
      topic = { name: queue.topic, topicId: queue.leader?.topicId ?? Buffer.alloc(16), partitionData: [] };
      topics.set(queue.topic, topic);
    }
    topic.partitionData.push({ index: queue.partition, records: batch.bytes });
  }
  return [...topics.values()];
}
