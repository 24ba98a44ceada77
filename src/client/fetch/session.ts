import { ErrorCode, type Fetch, type RequestInput } from '../../protocol/index.ts';
import type { FetchPartition } from './partition.ts';

type FetchRequest = RequestInput<typeof Fetch>;

/** What the broker remembers of a partition. */
interface Remembered {
  readonly topic: string;
  readonly topicId: Buffer;
  readonly partition: number;
  readonly offset: number;
  readonly leaderEpoch: number;
}

const MAX_EPOCH = 0x7fffffff;
/** From this version on topics go by id. */
const BY_ID = 13;

/**
 * A fetch session with one broker (KIP-227): it remembers the partitions, and only what has changed is sent. A session
 * costs the broker memory, so it may refuse or forget one; then all is sent again.
 */
export class FetchSession {
  #id = 0;
  /** 0: the next request sends everything and asks for a session. */
  #epoch = 0;
  #remembered = new Map<string, Remembered>();
  /** Asked for while a request was under way, whose answer does not change it. */
  #restarting = false;

  /** The parts of a request that name partitions, and what the broker will remember once it has answered. */
  next(
    version: number,
    wanted: readonly FetchPartition[],
    maxPartitionBytes: number,
  ): Pick<FetchRequest, 'sessionId' | 'sessionEpoch' | 'topics' | 'forgottenTopicsData'> {
    const full = this.#epoch === 0;
    this.#restarting = false;
    const now = new Map<string, Remembered>();
    const changed: FetchPartition[] = [];
    for (const one of wanted) {
      const entry = remember(one);
      // Names and ids are different partitions to a session, and so is a topic that was made anew.
      const key = `${version >= BY_ID ? entry.topicId.toString('hex') : one.topic}:${one.partition}`;
      const before = this.#remembered.get(key);
      now.set(key, entry);
      if (full || before === undefined || before.offset !== entry.offset || before.leaderEpoch !== entry.leaderEpoch) changed.push(one);
    }
    const forgotten = full ? [] : [...this.#remembered].filter(([key]) => !now.has(key)).map(([, entry]) => entry);
    this.#remembered = now;
    return {
      sessionId: this.#id,
      sessionEpoch: this.#epoch,
      topics: toTopics(changed, maxPartitionBytes),
      ...(version >= 7 && { forgottenTopicsData: toForgotten(forgotten) }),
    };
  }

  /** True when the answer can be used. */
  accept(errorCode: number, sessionId: number): boolean {
    if (errorCode === ErrorCode.FETCH_SESSION_ID_NOT_FOUND) {
      this.#id = 0;
      this.#epoch = 0;
      return false;
    }
    if (errorCode !== ErrorCode.NONE) {
      this.restart();
      return false;
    }
    this.#id = sessionId;
    const next = this.#epoch === MAX_EPOCH ? 1 : this.#epoch + 1;
    this.#epoch = sessionId === 0 || this.#restarting ? 0 : next;
    return true;
  }

  /**
   * The next request closes the session and asks for another: nobody knows what the broker remembers, or somebody needs to
   * hear of partitions of which it has nothing new to say.
   */
  restart(): void {
    this.#epoch = 0;
    this.#restarting = true;
  }
}

function remember({ topic, partition, fetchOffset, leader }: FetchPartition): Remembered {
  return { topic, partition, offset: fetchOffset, leaderEpoch: leader?.epoch ?? -1, topicId: leader?.topicId ?? Buffer.alloc(16) };
}

/** Partitions as a fetch request names them. */
export function toTopics(partitions: readonly FetchPartition[], partitionMaxBytes: number): FetchRequest['topics'] {
  const topics = new Map<string, { topic: string; topicId: Buffer; partitions: FetchRequest['topics'][number]['partitions'][number][] }>();
  for (const { topic, partition, fetchOffset, leader } of partitions) {
    let entry = topics.get(topic);
    if (entry === undefined) {
      entry = { topic, topicId: leader?.topicId ?? Buffer.alloc(16), partitions: [] };
      topics.set(topic, entry);
    }
    entry.partitions.push({ partition, currentLeaderEpoch: leader?.epoch ?? -1, fetchOffset, partitionMaxBytes });
  }
  return [...topics.values()];
}

function toForgotten(entries: readonly Remembered[]): NonNullable<FetchRequest['forgottenTopicsData']> {
  return entries.map(({ topic, topicId, partition }) => ({ topic, topicId, partitions: [partition] }));
}
