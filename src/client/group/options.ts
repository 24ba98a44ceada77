import { MillraceError } from '../../errors.ts';
import { rangeAssignor } from './assignors/range.ts';
import type { Assignor, GroupListener } from './types.ts';

/** How a member takes part in its group. Durations in milliseconds; Kafka's name of each option in brackets. */
export interface GroupMemberOptions {
  /** [group.id] */
  readonly groupId: string;
  readonly topics: readonly string[];
  readonly listener: GroupListener;
  /** Told about what ends the membership: another member with the same instance id, missing rights, a listener that failed. */
  readonly onError: (error: Error) => void;
  /** Makes the member static: it keeps its partitions over a restart of up to `sessionTimeoutMs` (KIP-345). [group.instance.id] */
  readonly groupInstanceId?: string;
  /**
   * In order of preference; a group uses one that all its members know. If all of them are cooperative, rebalances are.
   * Default: range. [partition.assignment.strategy]
   */
  readonly assignors?: readonly Assignor[];
  /** Without a heartbeat for this long the coordinator takes the member for dead. Default 45000. [session.timeout.ms] */
  readonly sessionTimeoutMs?: number;
  /** Default 3000. [heartbeat.interval.ms] */
  readonly heartbeatIntervalMs?: number;
  /** How long a rebalance waits for this member to give up partitions. Default 300000. [max.poll.interval.ms] */
  readonly rebalanceTimeoutMs?: number;
  /** [client.rack] */
  readonly rackId?: string;
  /** Let brokers create subscribed topics that are not there. Default false. [allow.auto.create.topics] */
  readonly allowAutoTopicCreation?: boolean;
}

export interface ResolvedGroupMemberOptions {
  readonly groupId: string;
  readonly groupInstanceId: string | null;
  readonly assignors: readonly Assignor[];
  readonly sessionTimeoutMs: number;
  readonly heartbeatIntervalMs: number;
  readonly rebalanceTimeoutMs: number;
  readonly rackId: string | null;
  readonly allowAutoTopicCreation: boolean;
}

/** Throws INVALID_CONFIG. */
export function resolveGroupMemberOptions(options: GroupMemberOptions): ResolvedGroupMemberOptions {
  const resolved: ResolvedGroupMemberOptions = {
    groupId: options.groupId,
    groupInstanceId: options.groupInstanceId ?? null,
    assignors: options.assignors ?? [rangeAssignor],
    sessionTimeoutMs: options.sessionTimeoutMs ?? 45_000,
    heartbeatIntervalMs: options.heartbeatIntervalMs ?? 3_000,
    rebalanceTimeoutMs: options.rebalanceTimeoutMs ?? 300_000,
    rackId: options.rackId ?? null,
    allowAutoTopicCreation: options.allowAutoTopicCreation ?? false,
  };
  if (resolved.groupId === '') throw invalid('groupId', 'A group member needs a group.id that is not empty.');
  if (resolved.assignors.length === 0) throw invalid('assignors', 'A group member needs at least one assignor.');
  if (resolved.heartbeatIntervalMs < 1 || resolved.heartbeatIntervalMs >= resolved.sessionTimeoutMs) {
    throw invalid('heartbeatIntervalMs', 'heartbeat.interval.ms must be at least 1 and below session.timeout.ms; a third of it is usual.');
  }
  return resolved;
}

function invalid(option: string, message: string): MillraceError {
  return new MillraceError('INVALID_CONFIG', message, { context: { option } });
}
