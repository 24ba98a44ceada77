import { fetchOffsets } from '../../client/group/index.ts';
import type { KafkaClient } from '../../client/index.ts';
import { comparePartitions, partitionKey, type TopicPartition } from '../../client/topic-partition.ts';
import { ErrorCode } from '../../protocol/index.ts';
import type { DescribedGroup, GroupMember } from './groups.ts';
import { listOffsets, OFFSET_AT } from './list-offsets.ts';

/** What a group has read of a partition. */
export interface PartitionLag extends TopicPartition {
  /** Null: none committed. */
  readonly committedOffset: number | null;
  readonly metadata: string;
  /** Null when the topic is not there any more. */
  readonly endOffset: number | null;
  readonly lag: number | null;
  readonly member: GroupMember | undefined;
}

/** Every partition that the group has an offset for, or that a member reads: how far it is, and how far it could be. */
export async function groupLag(client: KafkaClient, group: DescribedGroup): Promise<PartitionLag[]> {
  const committed = new Map((await fetchOffsets(client, group.groupId)).map((each) => [partitionKey(each), each]));
  const readers = new Map(group.members.flatMap((member) => member.partitions.map((each) => [partitionKey(each), member] as const)));
  const read = group.members.flatMap(({ partitions }) => partitions).filter((each) => !committed.has(partitionKey(each)));
  const all: TopicPartition[] = [...committed.values(), ...read].sort(comparePartitions);
  const ends = await endOffsets(client, all);
  return all.map(({ topic, partition }) => {
    const key = partitionKey({ topic, partition });
    const { offset = -1, metadata = '' } = committed.get(key) ?? {};
    const committedOffset = offset < 0 ? null : offset;
    const endOffset = ends.get(key) ?? null;
    const lag = committedOffset === null || endOffset === null ? null : Math.max(0, endOffset - committedOffset);
    return { topic, partition, committedOffset, metadata, endOffset, lag, member: readers.get(key) };
  });
}

/** Those of topics that are still there. */
async function endOffsets(client: KafkaClient, partitions: readonly TopicPartition[]): Promise<Map<string, number>> {
  const names = [...new Set(partitions.map(({ topic }) => topic))];
  const { topics } = names.length === 0 ? { topics: [] } : await client.metadata(names);
  const there = new Map(
    topics.filter(({ errorCode }) => errorCode === ErrorCode.NONE).map((topic) => [topic.name, topic.partitions.length]),
  );
  const queries = partitions.filter(({ topic, partition }) => partition < (there.get(topic) ?? 0));
  const found = await listOffsets(
    client,
    queries.map(({ topic, partition }) => ({ topic, partition, timestampMs: OFFSET_AT.latest })),
  );
  return new Map(found.map((each) => [partitionKey(each), each.offset]));
}
