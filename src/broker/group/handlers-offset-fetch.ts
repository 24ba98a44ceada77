/** OffsetFetch: up to version 7 one group, then several; from 10 topics by id. */

import { OffsetFetch, type RequestOf, type ResponseInput } from '../../protocol/index.ts';
import { Code, type HandlerMap, handle } from '../coordinator/index.ts';
import type { TopicRegistryApi, TopicState } from '../seams.ts';
import { checkFetch } from './consumer/offset-access.ts';
import type { GroupCoordinator } from './coordinator.ts';
import type { GroupHandlerDeps } from './handlers.ts';

const FETCH_SEVERAL_GROUPS = 8;
const FETCH_BY_TOPIC_ID = 10;
/** Before this a group's error is told with each partition. */
const FETCH_GROUP_ERROR = 2;

const NO_TOPIC_ID = new Uint8Array(16);

interface RequestedTopic {
  readonly name: string;
  readonly topicId: Uint8Array;
  readonly partitionIndexes: readonly number[];
}

/** OffsetFetch 9+: who asks. */
interface FetchingMember {
  readonly memberId: string | null;
  readonly memberEpoch: number;
}

/** An administrator, or an old client. */
const NO_MEMBER: FetchingMember = { memberId: null, memberEpoch: -1 };

interface FetchedPartition {
  readonly partitionIndex: number;
  readonly committedOffset: number;
  readonly committedLeaderEpoch: number;
  readonly metadata: string | null;
  readonly errorCode: number;
}

interface FetchedTopic {
  readonly name: string;
  readonly topicId: Uint8Array;
  readonly partitions: FetchedPartition[];
}

interface FetchedGroup {
  readonly errorCode: number;
  readonly topics: FetchedTopic[];
}

export function addOffsetFetchHandlers(handlers: HandlerMap, { groups, topics }: GroupHandlerDeps): void {
  handle(handlers, OffsetFetch, async (request, context) => {
    const fetcher = new OffsetFetcher(groups, topics, request.requireStable, context.apiVersion >= FETCH_BY_TOPIC_ID);
    if (context.apiVersion < FETCH_SEVERAL_GROUPS) return fetchSingle(fetcher, request, context.nodeId, context.apiVersion);
    const fetched = request.groups.map(async ({ groupId, topics: wanted, memberId, memberEpoch }) => ({
      groupId,
      ...(await fetcher.fetch(groupId, wanted, context.nodeId, { memberId, memberEpoch })),
    }));
    return { groups: await Promise.all(fetched) };
  });
}

async function fetchSingle(
  fetcher: OffsetFetcher,
  request: RequestOf<typeof OffsetFetch>,
  nodeId: number,
  version: number,
): Promise<ResponseInput<typeof OffsetFetch>> {
  const wanted = request.topics === null ? null : request.topics.map((topic) => ({ ...topic, topicId: NO_TOPIC_ID }));
  const { errorCode, topics } = await fetcher.fetch(request.groupId, wanted, nodeId);
  if (errorCode === Code.NONE || version >= FETCH_GROUP_ERROR) return { errorCode, topics };
  return {
    topics: (wanted ?? []).map(({ name, partitionIndexes }) => ({
      name,
      partitions: partitionIndexes.map((partition) => noOffset(partition, errorCode)),
    })),
  };
}

class OffsetFetcher {
  readonly #groups: GroupCoordinator;
  readonly #topics: TopicRegistryApi;
  readonly #requireStable: boolean;
  readonly #byId: boolean;

  constructor(groups: GroupCoordinator, topics: TopicRegistryApi, requireStable: boolean, byId: boolean) {
    this.#groups = groups;
    this.#topics = topics;
    this.#requireStable = requireStable;
    this.#byId = byId;
  }

  /** `wanted` null: everything the group has committed. */
  async fetch(
    groupId: string,
    wanted: readonly RequestedTopic[] | null,
    nodeId: number,
    { memberId, memberEpoch }: FetchingMember = NO_MEMBER,
  ): Promise<FetchedGroup> {
    const unready = await this.#groups.readiness.check(groupId, nodeId);
    const group = this.#groups.find(groupId);
    const errorCode = unready === Code.NONE && group?.type === 'consumer' ? checkFetch(group, memberId, memberEpoch) : unready;
    if (errorCode !== Code.NONE) return { errorCode, topics: [] };
    return { errorCode, topics: wanted === null ? this.#all(groupId) : wanted.map((topic) => this.#some(groupId, topic)) };
  }

  #all(groupId: string): FetchedTopic[] {
    const fetched: FetchedTopic[] = [];
    for (const [name, partitions] of this.#groups.store.ofGroup(groupId)) {
      const topic = this.#topics.get(name);
      // Without an id the topic cannot be named; it is about to lose its offsets anyway.
      if (this.#byId && topic === undefined) continue;
      fetched.push({
        name,
        topicId: topic?.id ?? NO_TOPIC_ID,
        partitions: [...partitions.keys()].map((partition) => this.#one(groupId, name, partition)),
      });
    }
    return fetched;
  }

  #some(groupId: string, { name, topicId, partitionIndexes }: RequestedTopic): FetchedTopic {
    const topic: Pick<TopicState, 'name'> | undefined = this.#byId ? this.#topics.getById(topicId) : { name };
    const partitions = partitionIndexes.map((partition) =>
      topic === undefined ? noOffset(partition, Code.UNKNOWN_TOPIC_ID) : this.#one(groupId, topic.name, partition),
    );
    return { name, topicId, partitions };
  }

  #one(groupId: string, topic: string, partition: number): FetchedPartition {
    const { store } = this.#groups;
    if (this.#requireStable && store.hasPending(groupId, topic, partition)) return noOffset(partition, Code.UNSTABLE_OFFSET_COMMIT);
    const committed = store.get(groupId, topic, partition);
    if (committed === undefined) return noOffset(partition, Code.NONE);
    const { offset, leaderEpoch, metadata } = committed;
    return { partitionIndex: partition, committedOffset: offset, committedLeaderEpoch: leaderEpoch, metadata, errorCode: Code.NONE };
  }
}

function noOffset(partitionIndex: number, errorCode: number): FetchedPartition {
  return { partitionIndex, committedOffset: -1, committedLeaderEpoch: -1, metadata: '', errorCode };
}
