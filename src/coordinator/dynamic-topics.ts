import { MillraceError } from '../errors.ts';
import { partitionForKey, RecordBatchBuilder, RecordCursor } from '../protocol/index.ts';
import type { OutputFrame } from '../shard/messages.ts';
import type { TransportAdmin } from '../transport/transport.ts';
import { retrying } from './retrying.ts';

export interface DynamicTopicsOptions {
  readonly taskTimeoutMs: number;
  readonly isActive: () => boolean;
  /** Told once of each topic: shards choose its partitions themselves from then on. */
  readonly onFound: (partitions: Readonly<Record<string, number>>) => void;
  readonly log: (level: 'warn', message: string) => void;
}

const UNKNOWN_PARTITION = -1;

/**
 * Output for topics that are named by a function of the user's and that no shard has heard of yet: their partitions are
 * looked up, and the frames split among them as Java's default partitioner would have.
 */
export class DynamicTopics {
  readonly #admin: TransportAdmin;
  readonly #options: DynamicTopicsOptions;
  readonly #partitions = new Map<string, number>();
  /** Records without a key go to one partition a frame, in turns. */
  #next = 0;

  constructor(admin: TransportAdmin, options: DynamicTopicsOptions) {
    this.#admin = admin;
    this.#options = options;
  }

  /**
   * Gives every frame its partition; within a partition the order of records stays.
   *
   * @throws MillraceError MISSING_TOPIC naming those that do not exist: topics of the user's are never created.
   */
  async resolve(frames: readonly OutputFrame[]): Promise<readonly OutputFrame[]> {
    if (frames.every((frame) => frame.partition !== UNKNOWN_PARTITION)) return frames;
    const topics = new Set(frames.flatMap((frame) => (frame.partition === UNKNOWN_PARTITION ? [frame.topic] : [])));
    await this.#lookUp([...topics].filter((topic) => !this.#partitions.has(topic)));
    return frames.flatMap((frame) => (frame.partition === UNKNOWN_PARTITION ? this.#split(frame) : [frame]));
  }

  async #lookUp(topics: readonly string[]): Promise<void> {
    if (topics.length === 0) return;
    const { taskTimeoutMs: timeoutMs, isActive: isWanted, log, onFound } = this.#options;
    const onRetry = (error: Error) => log('warn', `Looking up topics is tried again: ${error.message}`);
    const found = await retrying(() => this.#admin.metadata(topics), { timeoutMs, isWanted, onRetry });
    for (const { topic, partitions } of found) if (partitions > 0) this.#partitions.set(topic, partitions);
    const missing = topics.filter((topic) => !this.#partitions.has(topic));
    if (missing.length > 0) throw missingTopics(missing);
    onFound(Object.fromEntries(topics.map((topic) => [topic, this.#partitions.get(topic)!])));
  }

  #split(frame: OutputFrame): OutputFrame[] {
    const partitions = this.#partitions.get(frame.topic)!;
    if (partitions === 1) return [{ ...frame, partition: 0 }];
    const keyless = this.#next++ % partitions;
    const builders: (RecordBatchBuilder | undefined)[] = new Array(partitions).fill(undefined);
    const cursor = new RecordCursor(frame.bytes);
    while (cursor.next()) {
      const { buffer, keyStart, keyLength, valueStart, valueLength } = cursor;
      const key = keyLength < 0 ? null : buffer.subarray(keyStart, keyStart + keyLength);
      const value = valueLength < 0 ? null : buffer.subarray(valueStart, valueStart + valueLength);
      const partition = key === null ? keyless : partitionForKey(key, partitions);
      builders[partition] ??= new RecordBatchBuilder(1024);
      builders[partition].append(cursor.timestamp, key, value, cursor.headerCount === 0 ? undefined : cursor.headers());
    }
    return builders.flatMap((builder, partition) =>
      builder === undefined
        ? []
        : [{ ...frame, partition, recordCount: builder.recordCount, bytes: builder.build({ crc: false }), recordsCrc: undefined }],
    );
  }
}

function missingTopics(topics: readonly string[]): MillraceError {
  const list = topics.map((topic) => `"${topic}"`).join(', ');
  const [it, exist] = topics.length === 1 ? ['it', 'does'] : ['them', 'do'];
  return new MillraceError(
    'MISSING_TOPIC',
    `A topic name extractor named ${list}, which ${exist} not exist. Create ${it} first; topics of the application's user are never created automatically.`,
    { context: { topics: topics.join(',') } },
  );
}
