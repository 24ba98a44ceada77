/** What a consumer group is asked and what it answers, free of protocol versions. Codes are Kafka's. */

import type { Assignment } from './assignment.ts';

/** ConsumerGroupHeartbeat. Null means unchanged since the last request. */
export interface ConsumerHeartbeat {
  readonly groupId: string;
  readonly memberId: string;
  /** 0 joins, -1 leaves, -2 leaves for a while as a static member. */
  readonly memberEpoch: number;
  readonly instanceId: string | null;
  readonly rackId: string | null;
  /** -1: unchanged. */
  readonly rebalanceTimeoutMs: number;
  readonly topicNames: readonly string[] | null;
  /** Empty for none. */
  readonly topicRegex: string | null;
  readonly serverAssignor: string | null;
  /** What the member has at this moment. */
  readonly owned: Assignment | null;
  readonly clientId: string;
  readonly clientHost: string;
  /** From version 1 on clients bring their own member id. */
  readonly bringsMemberId: boolean;
  /** Which of the topics the member may know of; a regular expression matches no others. */
  mayDescribe(topic: string): boolean;
}

export interface ConsumerHeartbeatResult {
  readonly errorCode: number;
  readonly errorMessage: string | null;
  /** Null with an error. */
  readonly memberId: string | null;
  readonly memberEpoch: number;
  readonly heartbeatIntervalMs: number;
  /** Null: what the member was told last still holds. */
  readonly assignment: Assignment | null;
}

export function heartbeatError(errorCode: number, errorMessage: string | null): ConsumerHeartbeatResult {
  return { errorCode, errorMessage, memberId: null, memberEpoch: 0, heartbeatIntervalMs: 0, assignment: null };
}
