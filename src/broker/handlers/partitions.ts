/** Finding the partition that a request names, and saying why it cannot be used. */

import { ErrorCode } from '../../protocol/index.ts';
import type { PartitionLog } from '../log/index.ts';
import type { Topic } from '../topic.ts';
import type { HandlerDeps } from './deps.ts';
import type { Uuid } from './uuid.ts';

export interface FoundPartition {
  readonly errorCode: number;
  readonly topic?: Topic;
  readonly log?: PartitionLog;
}

const UNKNOWN: FoundPartition = { errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION };
const UNKNOWN_ID: FoundPartition = { errorCode: ErrorCode.UNKNOWN_TOPIC_ID };

/** By name, or by id where `byId`. With NOT_LEADER_OR_FOLLOWER the topic is there, so that the leader can be named. */
export function findPartition(deps: HandlerDeps, nodeId: number, name: string, id: Uuid, byId: boolean, partition: number): FoundPartition {
  const topic = byId ? deps.topics.getById(id) : deps.topics.get(name);
  if (topic === undefined) return byId ? UNKNOWN_ID : UNKNOWN;
  const log = topic.partitions[partition];
  if (log === undefined) return UNKNOWN;
  if (topic.leaderOf(partition) !== nodeId) return { errorCode: ErrorCode.NOT_LEADER_OR_FOLLOWER, topic };
  return { errorCode: ErrorCode.NONE, topic, log };
}

/** KIP-320: what a client that knows another leader epoch is told; -1 is not checked. */
export function checkLeaderEpoch(asked: number, current: number): number {
  if (asked < 0 || asked === current) return ErrorCode.NONE;
  return asked < current ? ErrorCode.FENCED_LEADER_EPOCH : ErrorCode.UNKNOWN_LEADER_EPOCH;
}

/** For the CurrentLeader tag of Produce and Fetch (KIP-951). */
export function currentLeader(topic: Topic, partition: number): { leaderId: number; leaderEpoch: number } {
  return { leaderId: topic.leaderOf(partition), leaderEpoch: topic.partitions[partition]?.leaderEpoch ?? -1 };
}

export interface NodeEndpoint {
  readonly nodeId: number;
  readonly host: string;
  readonly port: number;
}

/** The nodes that CurrentLeader tags name. */
export function endpointsOf(deps: HandlerDeps, nodeIds: ReadonlySet<number>): NodeEndpoint[] {
  const endpoints: NodeEndpoint[] = [];
  for (const { id, host, port } of deps.nodes.live()) if (nodeIds.has(id)) endpoints.push({ nodeId: id, host, port });
  return endpoints;
}
