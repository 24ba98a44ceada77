import { type DescribeQuorum, ErrorCode, type RequestOf, type ResponseInput } from '../../protocol/index.ts';
import type { ServedRequest } from '../dispatcher.ts';
import type { HandlerDeps } from './deps.ts';

type Request = RequestOf<typeof DescribeQuorum>;
type Response = ResponseInput<typeof DescribeQuorum>;
type PartitionResponse = Response['topics'][number]['partitions'][number];

const METADATA_TOPIC = '__cluster_metadata';
const LISTENER = 'CONTROLLER';
const FIRST_NODES_VERSION = 2;

/**
 * DescribeQuorum, versions 0 to 2. The nodes show themselves as the voters of a KRaft quorum whose leader is the
 * controller; its log is the broker's metadata log, which all of them share.
 */
export function describeQuorumHandler(deps: HandlerDeps) {
  return (request: Request, context: ServedRequest): Response => {
    const [asked] = request.topics;
    const valid =
      request.topics.length === 1 &&
      asked?.topicName === METADATA_TOPIC &&
      asked.partitions.length === 1 &&
      asked.partitions[0]?.partitionIndex === 0;
    const topics = request.topics.map(({ topicName, partitions }) => ({
      topicName,
      partitions: partitions.map(({ partitionIndex }) => (valid ? describe(deps) : unknown(partitionIndex))),
    }));
    if (!valid || context.apiVersion < FIRST_NODES_VERSION) return { errorCode: ErrorCode.NONE, topics };
    const nodes = deps.nodes.live().map(({ id, host, port }) => ({ nodeId: id, listeners: [{ name: LISTENER, host, port }] }));
    return { errorCode: ErrorCode.NONE, topics, nodes };
  };
}

function describe({ nodes, metadata, clock }: HandlerDeps): PartitionResponse {
  const logEndOffset = metadata.recordCount;
  const nowMs = clock.nowMs();
  return {
    partitionIndex: 0,
    errorCode: ErrorCode.NONE,
    leaderId: nodes.controllerId(),
    leaderEpoch: nodes.controllerEpoch,
    highWatermark: logEndOffset,
    currentVoters: nodes.ids().map((replicaId) => {
      const seenMs = nodes.isLive(replicaId) ? nowMs : -1;
      return { replicaId, logEndOffset, lastFetchTimestamp: seenMs, lastCaughtUpTimestamp: seenMs };
    }),
    observers: [],
  };
}

function unknown(partitionIndex: number): PartitionResponse {
  const errorCode = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
  return { partitionIndex, errorCode, leaderId: 0, leaderEpoch: 0, highWatermark: 0, currentVoters: [], observers: [] };
}
