/** Committed offsets: of a group member, with its generation, or of anybody, without one. */
import { setTimeout as sleep } from 'node:timers/promises';
import { MillraceError } from '../../errors.ts';
import { ErrorCode, OffsetCommit, OffsetFetch, type ResponseOf } from '../../protocol/index.ts';
import { backoffMs } from '../backoff.ts';
import type { KafkaClient } from '../client.ts';
import { kafkaFailure } from '../errors.ts';
import { byTopic, partitionKey, type TopicPartition, type TopicPartitionOffset } from '../topic-partition.ts';
import type { GroupGeneration } from './types.ts';

/** A join that waits on the group's lane must not hold these up. */
const LANE = 'main';
/** From version 10 on topics go by id; names are what callers have. */
const LAST_VERSION_BY_NAME = 9;

/** Who commits that is no member: Kafka takes it only while the group has none. */
export function noMember(groupId: string): GroupGeneration {
  return { groupId, generationId: -1, memberId: '', groupInstanceId: null };
}

/**
 * Commits offsets for a group. Resolves when all are stored; rejects with the first partition's error: TASK_MIGRATED when
 * the generation is not the group's any more, KAFKA_ERROR, MISSING_TOPIC, or what `KafkaClient.request` rejects with.
 */
export async function commitOffsets(
  client: KafkaClient,
  generation: GroupGeneration,
  offsets: readonly TopicPartitionOffset[],
  options: { readonly timeoutMs?: number } = {},
): Promise<void> {
  if (offsets.length === 0) return;
  const { groupId, generationId, memberId, groupInstanceId } = generation;
  const topics = [...byTopic(offsets)].map(([name, list]) => ({
    name,
    partitions: list.map(({ partition, offset, metadata, leaderEpoch }) => ({
      partitionIndex: partition,
      committedOffset: offset,
      committedLeaderEpoch: leaderEpoch ?? -1,
      committedMetadata: metadata ?? '',
    })),
  }));
  const response = await client.request(
    OffsetCommit,
    { groupId, generationIdOrMemberEpoch: generationId, memberId, groupInstanceId, topics },
    { coordinator: ['group', groupId] },
    { ...options, lane: LANE, maxVersion: LAST_VERSION_BY_NAME, minVersion: groupInstanceId === null ? 2 : 7 },
  );
  for (const topic of response.topics) {
    for (const { partitionIndex: partition, errorCode } of topic.partitions) {
      if (errorCode === ErrorCode.NONE) continue;
      throw kafkaFailure(errorCode, `Committing offsets of group ${groupId} for ${topic.name}-${partition}`, {
        context: { groupId, topic: topic.name, partition },
      });
    }
  }
}

/** A partition's committed offset; -1 and no metadata where there is none. */
export type CommittedOffset = TopicPartitionOffset & { readonly metadata: string; readonly leaderEpoch: number };

export interface FetchOffsetsOptions {
  /** Wait for offsets of open transactions to be decided (KIP-447). Default false. */
  readonly requireStable?: boolean;
  /** In milliseconds, in all. Default: the client's `apiTimeoutMs`. */
  readonly timeoutMs?: number;
}

/**
 * The committed offsets of a group: of the partitions asked for, or of all that it has any of. Rejects with TIMEOUT while
 * a transaction stays open with `requireStable`, KAFKA_ERROR, or what `KafkaClient.request` rejects with.
 */
export async function fetchOffsets(
  client: KafkaClient,
  groupId: string,
  partitions?: readonly TopicPartition[],
  options: FetchOffsetsOptions = {},
): Promise<CommittedOffset[]> {
  const timeoutMs = options.timeoutMs ?? client.options.apiTimeoutMs;
  const deadlineMs = performance.now() + timeoutMs;
  for (let attempt = 0; ; attempt++) {
    const leftMs = Math.max(1, deadlineMs - performance.now());
    const { found, unstable } = await fetchOnce(client, groupId, partitions, options.requireStable ?? false, leftMs);
    if (unstable === undefined) return found;
    const waitMs = backoffMs(attempt, client.options.retryBackoffMs, client.options.retryBackoffMaxMs);
    if (performance.now() + waitMs >= deadlineMs || client.closeSignal.aborted) throw stillOpen(groupId, unstable, timeoutMs);
    await sleep(waitMs);
  }
}

async function fetchOnce(
  client: KafkaClient,
  groupId: string,
  partitions: readonly TopicPartition[] | undefined,
  requireStable: boolean,
  timeoutMs: number,
): Promise<{ readonly found: CommittedOffset[]; readonly unstable: TopicPartition | undefined }> {
  const topics =
    partitions === undefined
      ? null
      : [...byTopic(partitions)].map(([name, list]) => ({ name, partitionIndexes: list.map(({ partition }) => partition) }));
  const response = await client.request(
    OffsetFetch,
    ({ version }) => ({
      ...(version >= 8 ? { groups: [{ groupId, topics }] } : { groupId, topics }),
      ...(version >= 7 && { requireStable }),
    }),
    { coordinator: ['group', groupId] },
    { lane: LANE, maxVersion: LAST_VERSION_BY_NAME, minVersion: requireStable ? 7 : 2, timeoutMs, errorOf: errorOfGroup },
  );
  return taken(groupId, response);
}

type OffsetFetchResponse = ResponseOf<typeof OffsetFetch>;

function errorOfGroup(response: OffsetFetchResponse): number {
  return response.groups[0]?.errorCode ?? response.errorCode;
}

function taken(
  groupId: string,
  response: OffsetFetchResponse,
): { readonly found: CommittedOffset[]; readonly unstable: TopicPartition | undefined } {
  const found: CommittedOffset[] = [];
  let unstable: TopicPartition | undefined;
  for (const topic of response.groups[0]?.topics ?? response.topics) {
    for (const { partitionIndex: partition, committedOffset, committedLeaderEpoch, metadata, errorCode } of topic.partitions) {
      const at = { topic: topic.name, partition };
      if (errorCode === ErrorCode.UNSTABLE_OFFSET_COMMIT) unstable = at;
      else if (errorCode !== ErrorCode.NONE)
        throw kafkaFailure(errorCode, `Reading the offset of group ${groupId} for ${partitionKey(at)}`, { context: { groupId, ...at } });
      found.push({ ...at, offset: committedOffset, leaderEpoch: committedLeaderEpoch, metadata: metadata ?? '' });
    }
  }
  return { found, unstable };
}

function stillOpen(groupId: string, { topic, partition }: TopicPartition, timeoutMs: number): MillraceError {
  return new MillraceError(
    'TIMEOUT',
    `The offset of group ${groupId} for ${topic}-${partition} is still part of an open transaction after ${timeoutMs} ms. It is decided at the latest when the transaction times out.`,
    { retriable: true, context: { groupId, topic, partition } },
  );
}
