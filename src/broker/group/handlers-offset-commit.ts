/** OffsetCommit and TxnOffsetCommit: between the wire and the coordinator. */

import { OffsetCommit, type RequestOf, TxnOffsetCommit } from '../../protocol/index.ts';
import { Code, type HandlerMap, handle, OFFSETS_TOPIC, type TransactionSupport } from '../coordinator/index.ts';
import type { TopicState } from '../seams.ts';
import type { GroupHandlerDeps } from './handlers.ts';
import type { CommitResult, OffsetToCommit } from './offset-commits.ts';

/** Topics are named by id from here on. */
const COMMIT_BY_TOPIC_ID = 10;
const COMMIT_KNOWS_GROUP_NOT_FOUND = 9;
/** The last version whose clients fail on COORDINATOR_LOAD_IN_PROGRESS (KAFKA-7296). */
const LOAD_ERROR_UNKNOWN = 1;

interface RequestedPartition {
  readonly partitionIndex: number;
  readonly committedOffset: number;
  readonly committedLeaderEpoch: number;
  readonly committedMetadata: string | null;
}

interface RequestedTopic {
  readonly name: string;
  readonly partitions: readonly RequestedPartition[];
}

/** What can be committed, and for every requested partition, in order, the code that is known already (0: see `offsets`). */
interface Sorted {
  readonly offsets: OffsetToCommit[];
  readonly codes: number[];
}

export function addOffsetCommitHandlers(handlers: HandlerMap, deps: GroupHandlerDeps): void {
  const { groups, transactions, topics } = deps;

  handle(handlers, OffsetCommit, async (request, context) => {
    const byId = context.apiVersion >= COMMIT_BY_TOPIC_ID;
    const find = (topic: RequestOf<typeof OffsetCommit>['topics'][number]): TopicState | undefined =>
      byId ? topics.getById(topic.topicId) : topics.get(topic.name);
    const sorted = sort(request.topics, find, byId ? Code.UNKNOWN_TOPIC_ID : Code.UNKNOWN_TOPIC_OR_PARTITION);
    const errorCode = await groups.readiness.check(request.groupId, context.nodeId);
    const codes =
      errorCode === Code.NONE
        ? await groups.offsets.commit({
            groupId: request.groupId,
            memberId: request.memberId,
            groupInstanceId: request.groupInstanceId,
            generationId: request.generationIdOrMemberEpoch,
            retentionTimeMs: request.retentionTimeMs,
            offsets: sorted.offsets,
            groupNotFoundKnown: context.apiVersion >= COMMIT_KNOWS_GROUP_NOT_FOUND,
          })
        : sorted.offsets.map(() => errorCode);
    return {
      topics: answered(request.topics, sorted, codes)
        .filter(({ partitions }) => partitions.length > 0)
        .map(({ topic, partitions }) => ({ name: topic.name, topicId: topic.topicId, partitions })),
    };
  });

  handle(handlers, TxnOffsetCommit, async (request, context) => {
    const sorted = sort(request.topics, (topic) => topics.get(topic.name), Code.UNKNOWN_TOPIC_OR_PARTITION);
    const errorCode = await groups.readiness.check(request.groupId, context.nodeId);
    const refused = errorCode === Code.NONE && sorted.offsets.length > 0 ? await refusal(request, context.apiVersion) : errorCode;
    const codes =
      refused === Code.NONE
        ? await groups.offsets.commitInTransaction({ ...request, offsets: sorted.offsets })
        : sorted.offsets.map(() => translate(refused, context.apiVersion));
    return { topics: answered(request.topics, sorted, codes).map(({ topic, partitions }) => ({ name: topic.name, partitions })) };
  });

  async function refusal(request: RequestOf<typeof TxnOffsetCommit>, version: number): Promise<number> {
    return request.groupId === '' ? Code.INVALID_GROUP_ID : verify(request, version);
  }

  async function verify(request: RequestOf<typeof TxnOffsetCommit>, version: number): Promise<number> {
    const { transactionalId, producerId, producerEpoch, groupId } = request;
    const partition = groups.topic.partitionFor(groupId);
    return transactions.verifyTransaction(transactionalId, producerId, producerEpoch, OFFSETS_TOPIC, partition, supportOf(version));
  }
}

function supportOf(version: number): TransactionSupport {
  if (version >= 5) return 'implicit';
  return version === 4 ? 'abortable' : 'classic';
}

function translate(errorCode: number, version: number): number {
  if (errorCode === Code.NOT_ENOUGH_REPLICAS) return Code.COORDINATOR_NOT_AVAILABLE;
  return errorCode === Code.COORDINATOR_LOAD_IN_PROGRESS && version <= LOAD_ERROR_UNKNOWN ? Code.COORDINATOR_NOT_AVAILABLE : errorCode;
}

function sort<T extends RequestedTopic>(requested: readonly T[], find: (topic: T) => TopicState | undefined, unknownTopic: number): Sorted {
  const sorted: Sorted = { offsets: [], codes: [] };
  for (const topic of requested) {
    const state = find(topic);
    for (const partition of topic.partitions) {
      if (state?.partitions[partition.partitionIndex] === undefined) {
        sorted.codes.push(state === undefined ? unknownTopic : Code.UNKNOWN_TOPIC_OR_PARTITION);
        continue;
      }
      sorted.codes.push(Code.NONE);
      sorted.offsets.push({
        topic: state.name,
        partition: partition.partitionIndex,
        offset: partition.committedOffset,
        leaderEpoch: partition.committedLeaderEpoch,
        metadata: partition.committedMetadata,
      });
    }
  }
  return sorted;
}

/** The request's topics and partitions in their order, each with its code. */
function answered<T extends RequestedTopic>(
  requested: readonly T[],
  sorted: Sorted,
  committed: CommitResult,
): { topic: T; partitions: { partitionIndex: number; errorCode: number }[] }[] {
  let asked = 0;
  let next = 0;
  return requested.map((topic) => ({
    topic,
    partitions: topic.partitions.map(({ partitionIndex }) => {
      const known = sorted.codes[asked++]!;
      return { partitionIndex, errorCode: known === Code.NONE ? committed[next++]! : known };
    }),
  }));
}
