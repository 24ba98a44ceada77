/** What a broker tells of itself to those who steer it: plain data, also the body of the admin port's answers. */

import type { FaultStatus } from '../faults/fault.ts';
import type { ApiMetrics } from '../metrics/request-metrics.ts';

export interface NodeState {
  readonly id: number;
  /** `paused`: takes connections and requests, answers nothing. */
  readonly status: 'running' | 'paused' | 'stopped';
  /** Where clients are told to connect. A stopped node has it back when it is started again. */
  readonly host: string;
  readonly port: number;
  readonly rack: string | null;
  /** Open connections. */
  readonly connections: number;
}

export interface PartitionState {
  readonly partition: number;
  /** -1: no live replica. */
  readonly leader: number;
  readonly leaderEpoch: number;
  readonly replicas: readonly number[];
  readonly inSyncReplicas: readonly number[];
  readonly logStartOffset: number;
  readonly highWatermark: number;
  readonly lastStableOffset: number;
  readonly logEndOffset: number;
  readonly sizeInBytes: number;
}

export interface TopicStateDescription {
  readonly name: string;
  /** 22 characters, as Kafka's tools show it. */
  readonly id: string;
  readonly internal: boolean;
  readonly partitions: readonly PartitionState[];
}

export interface GroupState {
  readonly groupId: string;
  readonly type: string;
  readonly state: string;
  readonly members: number;
  /** Partition of `__consumer_offsets` that keeps the group; its leader is the coordinator. */
  readonly partition: number;
  /** -1: no live replica of that partition. */
  readonly coordinator: number;
}

export interface TransactionStateDescription {
  readonly transactionalId: string;
  readonly state: string;
  readonly producerId: number;
  readonly producerEpoch: number;
  /** Partition of `__transaction_state` that keeps it; its leader is the coordinator. */
  readonly partition: number;
  readonly coordinator: number;
}

export interface BrokerState {
  readonly clusterId: string;
  /** The broker's clock, in milliseconds since the epoch. */
  readonly nowMs: number;
  /** -1: all nodes are stopped. */
  readonly controllerId: number;
  readonly nodes: readonly NodeState[];
  readonly topics: readonly TopicStateDescription[];
  readonly groups: readonly GroupState[];
  readonly transactions: readonly TransactionStateDescription[];
  readonly faults: readonly FaultStatus[];
}

export interface BrokerMetrics {
  readonly uptimeMs: number;
  /** Open connections of all nodes. */
  readonly connections: number;
  /** Resident memory of the process, in bytes. */
  readonly residentBytes: number;
  readonly requests: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** By API; those that were never called are left out. */
  readonly apis: readonly ApiMetrics[];
}
