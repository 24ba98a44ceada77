import { type ElectLeaders, ErrorCode, KafkaProtocolError, kafkaError, type RequestOf, type ResponseInput } from '../../protocol/index.ts';
import type { ServedRequest } from '../dispatcher.ts';
import type { Topic } from '../topic.ts';
import type { HandlerDeps } from './deps.ts';

type Request = RequestOf<typeof ElectLeaders>;
type Response = ResponseInput<typeof ElectLeaders>;
type PartitionResult = Response['replicaElectionResults'][number]['partitionResult'][number];

const PREFERRED = 0;
const UNCLEAN = 1;

/**
 * ElectLeaders, versions 0 to 2. `preferred` gives partitions back to the first of their replicas. `unclean` gives a
 * leader to those without one; as all nodes share one log, nothing is lost by it, but only a live replica will do.
 */
export function electLeadersHandler(deps: HandlerDeps) {
  return (request: Request, context: ServedRequest): Response => {
    const type = context.apiVersion === 0 ? PREFERRED : request.electionType;
    if (type !== PREFERRED && type !== UNCLEAN) throw new KafkaProtocolError(ErrorCode.INVALID_REQUEST, `Unknown election type ${type}`);
    const asked = request.topicPartitions;
    if (asked !== null) {
      const replicaElectionResults = asked.map(({ topic, partitions }) => ({
        topic,
        partitionResult: partitions.map((partition) => elect(deps, topic, partition, type)),
      }));
      return { errorCode: ErrorCode.NONE, replicaElectionResults };
    }
    // Where all partitions are asked for, those that are as they should be are left out.
    const replicaElectionResults = [...deps.topics.all()].flatMap(({ name, partitions }) => {
      const results = partitions.map((_, partition) => elect(deps, name, partition, type));
      const partitionResult = results.filter(({ errorCode }) => errorCode !== ErrorCode.ELECTION_NOT_NEEDED);
      return partitionResult.length === 0 ? [] : [{ topic: name, partitionResult }];
    });
    return { errorCode: ErrorCode.NONE, replicaElectionResults };
  };
}

function elect(deps: HandlerDeps, name: string, partition: number, type: number): PartitionResult {
  const topic = deps.topics.get(name);
  if (topic === undefined) return refused(partition, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, `No such topic as ${name}`);
  if (topic.partitions[partition] === undefined) {
    return refused(partition, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, `No such partition as ${name}-${partition}`);
  }
  const wanted = wantedLeader(deps, topic, partition, type);
  if (wanted === topic.leaderOf(partition) && wanted >= 0) return refused(partition, ErrorCode.ELECTION_NOT_NEEDED);
  if (wanted < 0) {
    return refused(partition, type === PREFERRED ? ErrorCode.PREFERRED_LEADER_NOT_AVAILABLE : ErrorCode.ELIGIBLE_LEADERS_NOT_AVAILABLE);
  }
  deps.topics.moveLeader(topic, partition, wanted);
  return { partitionId: partition, errorCode: ErrorCode.NONE };
}

/** -1: nobody can lead it. */
function wantedLeader({ nodes }: HandlerDeps, topic: Topic, partition: number, type: number): number {
  const leader = topic.leaderOf(partition);
  if (type === UNCLEAN) return leader >= 0 ? leader : (topic.inSyncReplicasOf(partition)[0] ?? -1);
  const preferred = topic.replicasOf(partition)[0] ?? -1;
  return nodes.isLive(preferred) ? preferred : -1;
}

function refused(partitionId: number, errorCode: number, errorMessage = kafkaError(errorCode).message): PartitionResult {
  return { partitionId, errorCode, errorMessage };
}
