/** What the answer about a batch means. (Kafka: `Sender.completeBatch`.) */
import { ErrorCode, kafkaError } from '../../protocol/index.ts';

export type Outcome =
  | 'written'
  /** Again, at the same broker or at another. */
  | 'again'
  /** The same, and the leader is another one. */
  | 'moved'
  /** Again, with another sequence number: it was not written, since one before it was not. */
  | 'renumber'
  /** Never. */
  | 'refused';

const MOVED: ReadonlySet<number> = new Set([
  ErrorCode.NOT_LEADER_OR_FOLLOWER,
  ErrorCode.LEADER_NOT_AVAILABLE,
  ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
  ErrorCode.UNKNOWN_TOPIC_ID,
  ErrorCode.INCONSISTENT_TOPIC_ID,
  ErrorCode.FENCED_LEADER_EPOCH,
  ErrorCode.UNKNOWN_LEADER_EPOCH,
  ErrorCode.KAFKA_STORAGE_ERROR,
  ErrorCode.REPLICA_NOT_AVAILABLE,
]);

/**
 * `isOldest`: no batch of the partition before this one is open, so that it cannot be out of order because of one.
 * `hasGap`: one before it was given up.
 */
export function outcomeOf(code: number, isOldest: boolean, hasGap: boolean): Outcome {
  if (code === ErrorCode.NONE || code === ErrorCode.DUPLICATE_SEQUENCE_NUMBER) return 'written';
  if (MOVED.has(code)) return 'moved';
  if (code === ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER) return !isOldest ? 'again' : hasGap ? 'renumber' : 'refused';
  return kafkaError(code).retriable ? 'again' : 'refused';
}
