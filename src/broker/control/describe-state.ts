import type { FaultService } from '../faults/fault-service.ts';
import type { GroupCoordinator } from '../group/coordinator.ts';
import type { RequestMetrics } from '../metrics/request-metrics.ts';
import type { NodeRegistry } from '../nodes.ts';
import type { Clock } from '../seams.ts';
import type { Topic } from '../topic.ts';
import type { TopicRegistry } from '../topics.ts';
import type { TransactionCoordinator } from '../txn/coordinator.ts';
import type { BrokerMetrics, BrokerState, NodeState, PartitionState } from './state.ts';

/** What the state of a broker is made of. */
export interface StateSources {
  readonly clusterId: string;
  readonly clock: Clock;
  readonly nodes: NodeRegistry;
  readonly topics: TopicRegistry;
  readonly groups: GroupCoordinator;
  readonly transactions: TransactionCoordinator;
  readonly faultService: FaultService;
  readonly metrics: RequestMetrics;
  /** Open connections of a node. */
  readonly connectionsOf: (node: number) => number;
  /** Port of a node; of a stopped one the port it had. */
  readonly portOf: (node: number) => number;
  readonly host: string;
}

export function describeState(sources: StateSources): BrokerState {
  const { clusterId, clock, nodes, topics, faultService } = sources;
  return {
    clusterId,
    nowMs: clock.nowMs(),
    controllerId: nodes.controllerId(),
    nodes: nodes.ids().map((id) => describeNode(sources, id)),
    topics: [...topics.all()].map((topic) => ({
      name: topic.name,
      id: topic.idText,
      internal: topic.internal,
      partitions: topic.partitions.map((_, partition) => describePartition(topic, partition)),
    })),
    groups: groupsOf(sources),
    transactions: transactionsOf(sources),
    faults: faultService.faults.list(),
  };
}

export function describeMetrics({ metrics, nodes, connectionsOf }: StateSources): BrokerMetrics {
  const apis = metrics.describe();
  const total = (of: 'requests' | 'bytesIn' | 'bytesOut'): number => apis.reduce((sum, api) => sum + api[of], 0);
  return {
    uptimeMs: Math.round(metrics.uptimeMs),
    connections: nodes.ids().reduce((sum, id) => sum + connectionsOf(id), 0),
    residentBytes: process.memoryUsage.rss(),
    requests: total('requests'),
    bytesIn: total('bytesIn'),
    bytesOut: total('bytesOut'),
    apis,
  };
}

function describeNode({ nodes, faultService, connectionsOf, portOf, host }: StateSources, id: number): NodeState {
  const running = faultService.isPaused(id) ? 'paused' : 'running';
  return {
    id,
    status: nodes.isLive(id) ? running : 'stopped',
    host,
    port: portOf(id),
    rack: nodes.rackOf(id),
    connections: connectionsOf(id),
  };
}

function describePartition(topic: Topic, partition: number): PartitionState {
  const { leaderEpoch, logStartOffset, highWatermark, lastStableOffset, logEndOffset, sizeInBytes } = topic.partitions[partition]!;
  return {
    partition,
    leader: topic.leaderOf(partition),
    leaderEpoch,
    replicas: topic.replicasOf(partition),
    inSyncReplicas: topic.inSyncReplicasOf(partition),
    logStartOffset,
    highWatermark,
    lastStableOffset,
    logEndOffset,
    sizeInBytes,
  };
}

function groupsOf({ groups }: StateSources): BrokerState['groups'] {
  return [...groups.groups()].map((group) => ({
    groupId: group.groupId,
    type: group.type,
    state: group.state,
    members: group.members.size,
    ...placeOf(groups, group.groupId),
  }));
}

function transactionsOf({ transactions }: StateSources): BrokerState['transactions'] {
  return [...transactions.store.all()].map(({ transactionalId, current }) => ({
    transactionalId,
    state: current.state,
    producerId: current.producerId,
    producerEpoch: current.producerEpoch,
    ...placeOf(transactions, transactionalId),
  }));
}

/** Who coordinates an id, and which partition keeps it. */
function placeOf({ topic }: Pick<GroupCoordinator, 'topic'>, id: string): { readonly partition: number; readonly coordinator: number } {
  return { partition: topic.partitionFor(id), coordinator: topic.nodeFor(id) ?? -1 };
}
