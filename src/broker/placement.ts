/** Which nodes get the replicas of partitions (Kafka: `StripedReplicaPlacer`, without racks). */

import { ErrorCode, KafkaProtocolError } from '../protocol/index.ts';
import type { NodeRegistry } from './nodes.ts';

export interface PlacementRequest {
  readonly partitions: number;
  /** Index of the first of them in the topic; default 0. */
  readonly firstPartition?: number;
  readonly replicationFactor: number;
  /** Given by the client: checked and taken. */
  readonly assignments?: readonly (readonly number[])[] | undefined;
  /** More replicas than nodes: take all nodes instead of refusing. */
  readonly clamp: boolean;
}

/**
 * Nodes by partition, the preferred leader first; leaders go round. A stopped node is still registered, as in Kafka: it
 * gets replicas when there are not enough others, but never leads. Throws KafkaProtocolError.
 */
export function placeReplicas(nodes: NodeRegistry, request: PlacementRequest): readonly (readonly number[])[] {
  const { assignments } = request;
  if (assignments !== undefined) {
    checkAssignments(nodes, assignments);
    return assignments;
  }
  const { partitions, firstPartition = 0 } = request;
  if (partitions < 1) {
    throw new KafkaProtocolError(ErrorCode.INVALID_PARTITIONS, 'Number of partitions was set to an invalid non-positive value.');
  }
  const live = nodes.live().map((node) => node.id);
  const stopped = nodes.ids().filter((id) => !nodes.isLive(id));
  const factor = request.clamp ? Math.min(request.replicationFactor, nodes.count) : request.replicationFactor;
  if (factor < 1) {
    throw new KafkaProtocolError(
      ErrorCode.INVALID_REPLICATION_FACTOR,
      'Replication factor must be larger than 0, or -1 to use the default value.',
    );
  }
  if (live.length === 0) {
    throw new KafkaProtocolError(ErrorCode.INVALID_REPLICATION_FACTOR, 'All brokers are currently fenced.');
  }
  if (factor > nodes.count) {
    throw new KafkaProtocolError(
      ErrorCode.INVALID_REPLICATION_FACTOR,
      `Unable to replicate the partition ${factor} time(s): The target replication factor of ${factor} cannot be reached because only ${nodes.count} broker(s) are registered.`,
    );
  }
  return Array.from({ length: partitions }, (_, index) => {
    const first = (firstPartition + index) % live.length;
    return [...live.slice(first), ...live.slice(0, first), ...stopped].slice(0, factor);
  });
}

function checkAssignments(nodes: NodeRegistry, assignments: readonly (readonly number[])[]): void {
  const invalid = (message: string): KafkaProtocolError => new KafkaProtocolError(ErrorCode.INVALID_REPLICA_ASSIGNMENT, message);
  const factor = assignments[0]?.length ?? 0;
  if (factor === 0) throw invalid('The manual partition assignment includes an empty replica list.');
  for (const replicas of assignments) {
    if (replicas.length !== factor) throw invalid('The manual partition assignment has partitions with different numbers of replicas.');
    if (new Set(replicas).size !== replicas.length)
      throw invalid('The manual partition assignment includes the same broker more than once.');
    for (const node of replicas) {
      if (node < 1 || node > nodes.count)
        throw invalid(`The manual partition assignment includes broker ${node}, but no such broker is registered.`);
    }
  }
}
