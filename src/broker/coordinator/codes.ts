/** Error codes as the coordinators use them. */

import { ErrorCode as Code } from '../../protocol/index.ts';

export { Code };

/** What a client is told when the coordinator's own log refused a record (Kafka: `appendGroupMetadataErrorToResponseError`). */
export function coordinatorAppendError(code: number): number {
  switch (code) {
    case Code.UNKNOWN_TOPIC_OR_PARTITION:
    case Code.NOT_ENOUGH_REPLICAS:
    case Code.REQUEST_TIMED_OUT:
      return Code.COORDINATOR_NOT_AVAILABLE;
    case Code.NOT_LEADER_OR_FOLLOWER:
    case Code.KAFKA_STORAGE_ERROR:
      return Code.NOT_COORDINATOR;
    case Code.MESSAGE_TOO_LARGE:
    case Code.RECORD_LIST_TOO_LARGE:
      return Code.UNKNOWN_SERVER_ERROR;
    default:
      return code;
  }
}
