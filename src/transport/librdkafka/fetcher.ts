import { setTimeout as sleep } from 'node:timers/promises';
import { MillraceError } from '../../errors.ts';
import type { FetchedBatch, TopicPartition, TopicPartitionOffset } from '../transport.ts';
import { call } from './call.ts';
import { asMillraceError, CODE, codeOf } from './errors.ts';
import type { NativeConsumer, NativeEndOfPartition, NativeFailure, NativeMessage } from './native.ts';
import { Packer } from './pack.ts';

const SEEK_TIMEOUT_MS = 5_000;
const SEEK_ATTEMPTS = 100;
const SEEK_BACKOFF_MS = 20;
const SMALL_WAIT_MS = 50;

/** Where reading of one assigned partition stands. */
interface Reading {
  /** Next offset to be returned. */
  position: number;
  /** End as of the last end-of-partition event; -1 before the first. */
  end: number;
}

/** Codes that poll passes on; everything else passes by itself and is only logged. */
const NOT_RETRIABLE: ReadonlySet<number> = new Set<number>([
  CODE.AUTO_OFFSET_RESET,
  CODE.OFFSET_OUT_OF_RANGE,
  CODE.TOPIC_AUTHORIZATION,
  CODE.GROUP_AUTHORIZATION,
  CODE.CLUSTER_AUTHORIZATION,
  CODE.FENCED_INSTANCE,
  CODE.FATAL,
]);

/**
 * Reads assigned partitions of one native consumer. The one thing to know: a native `consume` runs on another thread
 * and may still give out records of an older assignment or position. So changes of either wait until it has returned, and
 * what it returned for the partitions concerned is dropped; nothing of the next one is.
 */
export class Fetcher {
  readonly #native: NativeConsumer;
  readonly #name: string;
  readonly #maxRecords: number;
  readonly #onWarning: (message: string) => void;
  readonly #packer = new Packer();
  readonly #readings = new Map<string, Map<number, Reading>>();
  /** Native calls that must not overlap, one after another; never rejects. */
  #turn: Promise<void> = Promise.resolve();
  /** Assignments asked for and not made yet: what a running call returns meanwhile is from before. */
  #pendingAssigns = 0;
  /** Partitions sought and not there yet. */
  readonly #stale = new Set<Reading>();
  #caughtUp: TopicPartitionOffset[] = [];
  #closed = false;

  constructor(native: NativeConsumer, name: string, maxRecords: number, onWarning: (message: string) => void) {
    this.#native = native;
    this.#name = name;
    this.#maxRecords = maxRecords;
    this.#onWarning = onWarning;
  }

  /** Replaces what is read, when the running native call has returned. */
  assign(partitions: readonly TopicPartitionOffset[]): Promise<void> {
    const positions = partitions.map(({ topic, partition, offset }) => ({
      topic,
      partition,
      offset: checkOffset(topic, partition, offset),
    }));
    this.#readings.clear();
    for (const { topic, partition, offset } of positions) this.#addReading(topic, partition, offset);
    return this.#reassign(() => this.#native.assign(positions));
  }

  /** Gives everything up, as librdkafka wants it said after a revocation. */
  unassign(): Promise<void> {
    this.#readings.clear();
    this.#packer.forget();
    return this.#reassign(() => this.#native.unassign());
  }

  /** Waits up to `timeoutMs` for the first record. */
  poll(timeoutMs: number): Promise<FetchedBatch[]> {
    return this.#inTurn(() => (this.#closed ? Promise.resolve([]) : this.#consume(timeoutMs)));
  }

  takeCaughtUp(): TopicPartitionOffset[] {
    const taken = this.#caughtUp;
    this.#caughtUp = [];
    return taken;
  }

  pause(partitions: readonly TopicPartition[]): void {
    this.#pauseOrResume('pause', partitions);
  }

  resume(partitions: readonly TopicPartition[]): void {
    this.#pauseOrResume('resume', partitions);
  }

  async seek({ topic, partition, offset }: TopicPartitionOffset): Promise<void> {
    const reading = this.#readings.get(topic)?.get(partition);
    if (reading === undefined) {
      throw new MillraceError('INVALID_STATE', `Cannot seek ${topic}-${partition}: it is not assigned to ${this.#name}.`, {
        context: { topic, partition },
      });
    }
    reading.position = checkOffset(topic, partition, offset);
    reading.end = -1;
    this.#caughtUp = this.#caughtUp.filter((end) => end.topic !== topic || end.partition !== partition);
    this.#stale.add(reading);
    await this.#inTurn(async () => {
      this.#stale.delete(reading);
      // An assignment made in the meantime says where to read.
      if (this.#readings.get(topic)?.get(partition) === reading) await this.#nativeSeek({ topic, partition, offset });
    });
  }

  position(topic: string, partition: number): number {
    const position = this.#readings.get(topic)?.get(partition)?.position;
    if (position !== undefined) return position;
    throw new MillraceError('INVALID_STATE', `${topic}-${partition} is not assigned to ${this.#name}.`, { context: { topic, partition } });
  }

  endOffset(topic: string, partition: number): number | undefined {
    const end = this.#readings.get(topic)?.get(partition)?.end ?? -1;
    try {
      // Cached by librdkafka from fetch responses; throws while there was none.
      const { highOffset } = this.#native.getWatermarkOffsets(topic, partition);
      if (highOffset >= 0) return Math.max(highOffset, end);
    } catch {
      // unknown yet
    }
    return end < 0 ? undefined : end;
  }

  /** Lets the running call end and starts no other: what has to be so before the client is disconnected. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#turn;
    this.#readings.clear();
  }

  #consume(timeoutMs: number): Promise<FetchedBatch[]> {
    return new Promise((resolve, reject) => {
      this.#native.getClient().consume(timeoutMs, this.#maxRecords, true, (failure, messages, ends) => {
        try {
          if (failure !== null && failure !== undefined && failure !== 0) {
            this.#noteFailure(failure);
            resolve([]);
          } else {
            resolve(this.#take(messages, ends));
          }
        } catch (error) {
          reject(error);
        }
      });
    });
  }

  #take(messages: readonly NativeMessage[], ends: readonly NativeEndOfPartition[]): FetchedBatch[] {
    const batches = messages.length === 0 ? [] : this.#packer.pack(messages).filter((batch) => this.#advance(batch));
    for (const end of ends) this.#noteEnd(end);
    return batches;
  }

  /** False for records of an assignment or position that holds no more. */
  #advance(batch: FetchedBatch): boolean {
    const reading = this.#readings.get(batch.topic)?.get(batch.partition);
    if (reading === undefined || this.#stale.has(reading) || this.#pendingAssigns > 0) return false;
    reading.position = batch.nextOffset;
    return true;
  }

  #noteEnd({ topic, partition, offset }: NativeEndOfPartition): void {
    const reading = this.#readings.get(topic)?.get(partition);
    if (reading === undefined || this.#stale.has(reading) || this.#pendingAssigns > 0) return;
    if (offset > reading.position) reading.position = offset; // past control records and aborted ones
    reading.end = offset;
    this.#caughtUp.push({ topic, partition, offset });
  }

  #noteFailure(failure: NativeFailure): void {
    const code = codeOf(failure);
    const error = asMillraceError(failure, `Reading by ${this.#name}`);
    if (NOT_RETRIABLE.has(code) || error.fatal) throw error;
    this.#onWarning(error.message);
  }

  async #reassign(assign: () => void): Promise<void> {
    this.#caughtUp = [];
    this.#stale.clear();
    this.#pendingAssigns++;
    await this.#inTurn(async () => {
      this.#pendingAssigns--;
      if (this.#closed) return;
      try {
        assign();
      } catch (failure) {
        throw asMillraceError(failure as NativeFailure, `Assigning partitions to ${this.#name}`);
      }
    });
  }

  #inTurn<T>(step: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(step);
    this.#turn = result.then(ignore, ignore);
    return result;
  }

  /** A partition assigned a moment ago cannot be sought until its fetcher runs; that takes milliseconds. */
  async #nativeSeek(position: TopicPartitionOffset): Promise<void> {
    const { topic, partition, offset } = position;
    const action = `Seeking ${topic}-${partition} to ${offset}`;
    for (let attempt = 1; ; attempt++) {
      try {
        await call<unknown>(
          action,
          SEEK_TIMEOUT_MS,
          (done) => this.#native.seek({ topic, partition, offset }, SEEK_TIMEOUT_MS, done),
          (failure) => asMillraceError(failure, action, { topic, partition, offset }),
        );
        return;
      } catch (error) {
        const passing = error instanceof MillraceError && (error.context['kafkaCode'] === CODE.STATE || error.retriable);
        if (!passing || attempt === SEEK_ATTEMPTS || this.#closed) throw error;
        await sleep(SEEK_BACKOFF_MS);
      }
    }
  }

  #pauseOrResume(what: 'pause' | 'resume', partitions: readonly TopicPartition[]): void {
    const assigned = partitions.filter(({ topic, partition }) => this.#readings.get(topic)?.has(partition));
    if (assigned.length === 0 || this.#closed) return;
    const apply = () => {
      if (this.#closed) return;
      const code = this.#native.getClient()[what](assigned.map(({ topic, partition }) => ({ topic, partition })));
      if (typeof code === 'number' && code !== 0)
        this.#onWarning(asMillraceError(code, `${what} of ${assigned.length} partitions by ${this.#name}`).message);
    };
    if (this.#pendingAssigns === 0) apply();
    else void this.#inTurn(async () => apply());
  }

  #addReading(topic: string, partition: number, position: number): void {
    let partitions = this.#readings.get(topic);
    if (partitions === undefined) {
      partitions = new Map();
      this.#readings.set(topic, partitions);
    }
    partitions.set(partition, { position, end: -1 });
  }
}

function ignore(): void {}

/** How long a single native call may wait, so that changes that wait for it do not wait long. */
export function clampWait(timeoutMs: number): number {
  return Math.max(0, Math.min(timeoutMs, SMALL_WAIT_MS));
}

/** The binding reads a missing offset as 0, which would read or count everything again. */
export function checkOffset(topic: string, partition: number, offset: number): number {
  if (Number.isSafeInteger(offset) && offset >= 0) return offset;
  throw new MillraceError('INVALID_STATE', `Offset ${offset} of ${topic}-${partition} is not a valid offset.`, {
    context: { topic, partition, offset },
  });
}
