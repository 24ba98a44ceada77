import { type KafkaClient, kafkaFailure } from '../../client/index.ts';
import { ErrorCode, kafkaError, Produce, RecordBatchBuilder } from '../../protocol/index.ts';
import type { Producer } from './producer.ts';
import type { SenderOptions, Written } from './sender.ts';
import type { NewRecord } from './types.ts';

/** Versions of Produce from 12 on take part in transactions without AddPartitionsToTxn (KIP-890), which is not used here. */
const LAST_VERSION_OF_OLD_TRANSACTIONS = 11;
/** First version with v2 batches, the only ones written here. */
const FIRST_VERSION = 3;
const FIRST_VERSION_OF_ZSTD = 7;

/** The batch that is being filled for one partition, and the one that is under way. */
export class PartitionSender {
  readonly partition: number;
  readonly written: Written = { records: 0, firstOffset: undefined, lastOffset: undefined };
  readonly #client: KafkaClient;
  readonly #producer: Producer;
  readonly #options: SenderOptions;
  readonly #topic: string;
  readonly #builder = new RecordBatchBuilder();
  #sequence = 0;
  #sending: Promise<void> | undefined;
  /** Send what has come in meanwhile as soon as the answer is there. */
  #again = false;
  #error: unknown;

  constructor(client: KafkaClient, producer: Producer, options: SenderOptions, topic: string, partition: number) {
    this.#client = client;
    this.#producer = producer;
    this.#options = options;
    this.#topic = topic;
    this.partition = partition;
  }

  get isFull(): boolean {
    return this.#builder.sizeInBytes >= this.#options.batchBytes;
  }

  append({ timestampMs = Date.now(), key, value, headers }: NewRecord): void {
    if (this.#error !== undefined) throw this.#error;
    this.#builder.append(timestampMs, key, value, headers);
  }

  /** Sends what there is, unless a batch is under way; then after that. Errors come with the next call. */
  send(): void {
    if (this.#sending !== undefined) {
      this.#again = true;
      return;
    }
    if (this.#builder.recordCount === 0 || this.#error !== undefined) return;
    this.#again = false;
    this.#sending = this.#sendBatch()
      .catch((error: unknown) => {
        this.#error = error;
      })
      .finally(() => {
        this.#sending = undefined;
        if (this.#again) this.send();
      });
  }

  /** Resolves when the next batch may be filled: now, unless it is full already. */
  async roomForMore(): Promise<void> {
    while (this.isFull && this.#sending !== undefined) await this.#sending;
    if (this.#error !== undefined) throw this.#error;
  }

  async flush(): Promise<void> {
    do {
      this.send();
      await this.#sending;
    } while (this.#error === undefined && this.#builder.recordCount > 0);
    if (this.#error !== undefined) throw this.#error;
  }

  async #sendBatch(): Promise<void> {
    const { compression, acks, idempotent, transactionalId } = this.#options;
    const count = this.#builder.recordCount;
    const { producerId, producerEpoch } = this.#producer;
    const batch = this.#builder.build({
      compression,
      producerId,
      producerEpoch,
      baseSequence: idempotent ? this.#sequence : -1,
      transactional: transactionalId !== undefined,
    });
    this.#builder.reset();
    this.#sequence = nextSequence(this.#sequence, count);
    await this.#producer.addPartition(this.#topic, this.partition);
    if (acks === 0) await this.#sendUnanswered(batch);
    else this.#acknowledged(await this.#sendAndWait(batch), count);
    this.written.records += count;
  }

  #acknowledged(baseOffset: number, count: number): void {
    if (baseOffset < 0) return;
    this.written.firstOffset ??= baseOffset;
    this.written.lastOffset = baseOffset + count - 1;
  }

  async #sendUnanswered(batch: Buffer): Promise<void> {
    await this.#client.sendUnanswered(Produce, await this.#request(batch), this.#target(), this.#versions());
  }

  /** Resolves with the first offset; what the leader may take later is repeated by the client. */
  async #sendAndWait(batch: Buffer): Promise<number> {
    const response = await this.#client.request(Produce, await this.#request(batch), this.#target(), {
      ...this.#versions(),
      errorOf: ({ responses }) => {
        const code = responses[0]?.partitionResponses[0]?.errorCode ?? 0;
        return kafkaError(code).retriable ? code : 0;
      },
    });
    const result = response.responses[0]?.partitionResponses[0];
    const code = result?.errorCode ?? ErrorCode.UNKNOWN_SERVER_ERROR;
    // A batch that was sent twice is there once.
    if (code === ErrorCode.NONE || code === ErrorCode.DUPLICATE_SEQUENCE_NUMBER) return result?.baseOffset ?? -1;
    const message = result?.recordErrors[0]?.batchIndexErrorMessage ?? result?.errorMessage;
    throw kafkaFailure(code, `Producing to ${this.#topic}-${this.partition}`, { message });
  }

  #target() {
    return { leader: [this.#topic, this.partition] } as const;
  }

  #versions() {
    const { transactionalId, compression } = this.#options;
    return {
      minVersion: compression === 'zstd' ? FIRST_VERSION_OF_ZSTD : FIRST_VERSION,
      ...(transactionalId !== undefined && { maxVersion: LAST_VERSION_OF_OLD_TRANSACTIONS }),
    };
  }

  async #request(records: Buffer) {
    const { transactionalId = null, acks } = this.#options;
    const { topicId } = await this.#client.leaderOf(this.#topic, this.partition);
    return {
      transactionalId,
      acks,
      timeoutMs: this.#client.options.requestTimeoutMs,
      topicData: [{ name: this.#topic, topicId, partitionData: [{ index: this.partition, records }] }],
    };
  }
}

const SEQUENCES = 0x80000000;

/** Sequence numbers go from 2^31 - 1 to 0. */
function nextSequence(sequence: number, count: number): number {
  return (sequence + count) % SEQUENCES;
}
