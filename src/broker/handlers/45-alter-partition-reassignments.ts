import {
  type AlterPartitionReassignments,
  ErrorCode,
  KafkaProtocolError,
  type ListPartitionReassignments,
  type RequestOf,
  type ResponseInput,
} from '../../protocol/index.ts';
import type { HandlerDeps } from './deps.ts';
import { failureOf } from './failure.ts';

type Request = RequestOf<typeof AlterPartitionReassignments>;
type Response = ResponseInput<typeof AlterPartitionReassignments>;
type AskedPartition = Request['topics'][number]['partitions'][number];

/**
 * AlterPartitionReassignments, versions 0 and 1 (KIP-455). All nodes share one log, so there is nothing to copy: a
 * reassignment is done when it is answered, and there is never one to cancel.
 */
export function alterPartitionReassignmentsHandler(deps: HandlerDeps) {
  return (request: Request): Response => ({
    allowReplicationFactorChange: request.allowReplicationFactorChange,
    errorCode: ErrorCode.NONE,
    responses: request.topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map((asked) => {
        const { partitionIndex } = asked;
        try {
          reassign(deps, name, asked, request.allowReplicationFactorChange);
          return { partitionIndex, errorCode: ErrorCode.NONE };
        } catch (error) {
          const { code, message } = failureOf(deps, `reassigning ${name}-${partitionIndex}`, error);
          return { partitionIndex, errorCode: code, errorMessage: message };
        }
      }),
    })),
  });
}

function reassign(deps: HandlerDeps, name: string, { partitionIndex, replicas }: AskedPartition, mayChangeFactor: boolean): void {
  const topic = deps.topics.get(name);
  if (topic === undefined) throw new KafkaProtocolError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, `Unable to find a topic named ${name}.`);
  if (topic.partitions[partitionIndex] === undefined) {
    throw new KafkaProtocolError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, `Unable to find partition ${name}:${partitionIndex}.`);
  }
  if (replicas === null) throw new KafkaProtocolError(ErrorCode.NO_REASSIGNMENT_IN_PROGRESS, 'No partition reassignment is in progress.');
  const current = topic.replicasOf(partitionIndex).length;
  if (!mayChangeFactor && replicas.length !== current) {
    throw new KafkaProtocolError(
      ErrorCode.INVALID_REPLICATION_FACTOR,
      `The replication factor is changed from ${current} to ${replicas.length}`,
    );
  }
  deps.topics.reassign(topic, partitionIndex, replicas);
}

/** ListPartitionReassignments, version 0: there is never one under way. */
export function listPartitionReassignments(
  _request: RequestOf<typeof ListPartitionReassignments>,
): ResponseInput<typeof ListPartitionReassignments> {
  return { errorCode: ErrorCode.NONE, topics: [] };
}
