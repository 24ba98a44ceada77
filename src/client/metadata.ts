/** What a cluster says of itself, as plain data. */
import type { Metadata, ResponseOf } from '../protocol/index.ts';
import type { Address } from './address.ts';

export interface NodeInfo extends Address {
  readonly id: number;
  readonly rack: string | null;
}

export interface PartitionInfo {
  readonly partition: number;
  /** Node that leads the partition; -1: none at the moment. */
  readonly leader: number;
  /** Grows with every change of the leader; -1 from brokers that do not say. */
  readonly leaderEpoch: number;
  readonly replicas: readonly number[];
  readonly inSyncReplicas: readonly number[];
  readonly offlineReplicas: readonly number[];
  /** Kafka's error code; 0: none. */
  readonly errorCode: number;
}

export interface TopicInfo {
  readonly name: string;
  /** As Kafka's tools print it, in 22 characters; all `A` from brokers that have no topic ids. */
  readonly id: string;
  /** The same as 16 bytes. */
  readonly idBytes: Buffer;
  readonly isInternal: boolean;
  /** Kafka's error code; 0: none. UNKNOWN_TOPIC_OR_PARTITION (3) for a topic that was asked for by name and is not there. */
  readonly errorCode: number;
  /** By rising number. */
  readonly partitions: readonly PartitionInfo[];
  /** Bits of the operations that the user may do on the topic, as in Kafka's AclOperation; -2147483648: not asked for. */
  readonly authorizedOperations: number;
}

export interface ClusterMetadata {
  readonly clusterId: string | null;
  /** Node that takes administrative requests; -1: none at the moment. */
  readonly controllerId: number;
  readonly nodes: readonly NodeInfo[];
  readonly topics: readonly TopicInfo[];
}

/** The id of topics on brokers that have none. */
export const NO_TOPIC_ID = 'A'.repeat(22);

/** Decodes nothing itself: takes the response apart and copies what would hold on to its frame. */
export function toClusterMetadata(response: ResponseOf<typeof Metadata>): ClusterMetadata {
  return {
    clusterId: response.clusterId,
    controllerId: response.controllerId,
    nodes: response.brokers.map(({ nodeId, host, port, rack }) => ({ id: nodeId, host, port, rack })),
    topics: response.topics.map((topic) => ({
      name: topic.name ?? '',
      id: topic.topicId.toString('base64url'),
      idBytes: Buffer.from(topic.topicId),
      isInternal: topic.isInternal,
      errorCode: topic.errorCode,
      authorizedOperations: topic.topicAuthorizedOperations,
      partitions: topic.partitions
        .map((partition) => ({
          partition: partition.partitionIndex,
          leader: partition.leaderId,
          leaderEpoch: partition.leaderEpoch,
          replicas: partition.replicaNodes,
          inSyncReplicas: partition.isrNodes,
          offlineReplicas: partition.offlineReplicas,
          errorCode: partition.errorCode,
        }))
        .toSorted((a, b) => a.partition - b.partition),
    })),
  };
}

/** A partition by its number; undefined when the topic has no such partition. */
export function partitionOf(topic: TopicInfo, partition: number): PartitionInfo | undefined {
  // They are sorted, and all there unless a broker leaves some out.
  const likely = topic.partitions[partition];
  return likely?.partition === partition ? likely : topic.partitions.find((one) => one.partition === partition);
}
