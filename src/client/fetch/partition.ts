import type { NodeInfo } from '../metadata.ts';
import type { FetchedRecords } from './fetched-records.ts';

/** One partition as it is read. Plain data; the fetcher's parts change it. */
export class FetchPartition {
  readonly topic: string;
  readonly partition: number;
  /** Next offset to ask the broker for. Negative: to be found first, see `reset`. */
  fetchOffset: number;
  /** Next offset to give out. */
  position: number;
  /** Where to begin when there is no offset yet, or none that exists. */
  reset: 'earliest' | 'latest' | undefined;
  /** Who leads it, as far as is known. */
  leader: { readonly node: NodeInfo; readonly epoch: number; readonly topicId: Buffer } | undefined;
  /** Id of the topic that the position is one of; undefined before the first leader. */
  topicId: Buffer | undefined;
  /** A replica that is nearer than the leader (KIP-392). */
  preferredNode = -1;
  /** Epoch of the leader that wrote what came before `fetchOffset`; -1: unknown. */
  lastEpoch = -1;
  /** `lastEpoch` was of an older leader: whether the log was cut back below the offset has to be asked (KIP-320). */
  unvalidated = false;
  highWatermark = -1;
  /** End for this reader: the last stable offset for read_committed, else the high watermark. */
  end = -1;
  paused = false;
  /** Fetched and not polled, in order. */
  readonly buffered: FetchedRecords[] = [];
  bufferedBytes = 0;
  /** It was told that everything was read up to this offset; -1: not since the last records. */
  caughtUpAt = -1;
  /** Stops the partition until it is sought or assigned again. */
  error: Error | undefined;
  /** On the clock of `performance.now`: not before. */
  retryAtMs = 0;
  failures = 0;
  /** Something is being asked about it: its leader, its offsets. */
  busy = false;

  constructor(topic: string, partition: number, offset: number, reset: 'earliest' | 'latest' | undefined) {
    this.topic = topic;
    this.partition = partition;
    this.fetchOffset = offset;
    this.position = offset;
    this.reset = reset;
  }

  get name(): string {
    return `${this.topic}-${this.partition}`;
  }

  /** The broker to read from. */
  get nodeId(): number {
    return this.preferredNode >= 0 ? this.preferredNode : (this.leader?.node.id ?? -1);
  }

  /** Everything fetched is forgotten; reading goes on at `offset`. */
  moveTo(offset: number): void {
    this.fetchOffset = offset;
    this.position = offset;
    this.reset = undefined;
    this.buffered.length = 0;
    this.bufferedBytes = 0;
    this.caughtUpAt = -1;
    this.lastEpoch = -1;
    this.unvalidated = false;
    this.error = undefined;
    this.retryAtMs = 0;
    this.failures = 0;
  }
}

/** At the end, with everything given out, and not told yet. */
export function isCaughtUp({ buffered, position, end, caughtUpAt, reset }: FetchPartition): boolean {
  return buffered.length === 0 && reset === undefined && end >= 0 && position >= end && caughtUpAt !== position;
}
