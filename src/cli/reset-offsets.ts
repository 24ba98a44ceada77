import { readFileSync } from 'node:fs';
import { commitOffsets, fetchOffsets, noMember } from '../client/group/index.ts';
import { type KafkaClient, kafkaCodeOf } from '../client/index.ts';
import { comparePartitions, partitionKey, type TopicPartition } from '../client/topic-partition.ts';
import { MillraceError } from '../errors.ts';
import { ErrorCode } from '../protocol/index.ts';
import { describeGroup } from './admin/groups.ts';
import { listOffsets, OFFSET_AT } from './admin/list-offsets.ts';
import type { ResetOptions } from './commands/groups-reset-offsets.ts';
import { note, printJson, printLine, printTable } from './output.ts';
import { resolveOffsets } from './records/start-offsets.ts';
import { waitForTopic } from './records/wait-for-topic.ts';
import { parseTopicScopes } from './topic-scope.ts';

interface Change extends TopicPartition {
  /** Null: the group has none. */
  readonly oldOffset: number | null;
  readonly newOffset: number;
}

/** Works out the new offsets of a group and shows them; with `execute` commits them. */
export async function resetOffsets(client: KafkaClient, groupId: string, options: ResetOptions): Promise<void> {
  await checkNobodyReads(client, groupId);
  const current = new Map((await fetchOffsets(client, groupId)).map((each) => [partitionKey(each), each.offset]));
  const wanted = options.fromFile === undefined ? await partitionsOf(client, current, options) : offsetsOfFile(options.fromFile);
  const targets = options.fromFile === undefined ? await targetsOf(client, wanted, current, options) : wanted;
  const changes: Change[] = (await withinLog(client, targets)).map(({ topic, partition, offset }) => {
    const old = current.get(partitionKey({ topic, partition })) ?? -1;
    return { topic, partition, oldOffset: old < 0 ? null : old, newOffset: offset };
  });
  if (changes.length === 0)
    throw new MillraceError('INVALID_CONFIG', `Group ${groupId} has no offsets to reset; name topics with --topic.`);
  if (options.execute === true) {
    await commitOffsets(
      client,
      noMember(groupId),
      changes.map(({ topic, partition, newOffset }) => ({ topic, partition, offset: newOffset })),
    );
  }
  print(groupId, changes, options);
}

/** A member would write its own offsets over these. */
async function checkNobodyReads(client: KafkaClient, groupId: string): Promise<void> {
  try {
    const { state, members } = await describeGroup(client, groupId);
    if (members.length === 0) return;
    throw new MillraceError(
      'INVALID_STATE',
      `Offsets of group ${groupId} can be reset only while nobody reads: it has ${members.length} members and is ${state}. Stop them first.`,
      { context: { groupId } },
    );
  } catch (error) {
    // A group that nobody has heard of begins with these offsets.
    if (kafkaCodeOf(error) !== ErrorCode.GROUP_ID_NOT_FOUND) throw error;
  }
}

async function partitionsOf(client: KafkaClient, current: ReadonlyMap<string, number>, options: ResetOptions): Promise<PartitionTarget[]> {
  if (options.allTopics === true) return [...current.keys()].map(parseKey);
  const partitions: PartitionTarget[] = [];
  for (const scope of parseTopicScopes(options.topic ?? [])) {
    const info = await waitForTopic(client, scope.topic, false);
    const all = scope.partitions ?? info.partitions.map(({ partition }) => partition);
    partitions.push(...all.map((partition) => ({ topic: scope.topic, partition, offset: 0 })));
  }
  return partitions;
}

type PartitionTarget = TopicPartition & { readonly offset: number };

function parseKey(key: string): PartitionTarget {
  const at = key.lastIndexOf(':');
  return { topic: key.slice(0, at), partition: Number(key.slice(at + 1)), offset: 0 };
}

async function targetsOf(
  client: KafkaClient,
  partitions: readonly PartitionTarget[],
  current: ReadonlyMap<string, number>,
  options: ResetOptions,
): Promise<readonly PartitionTarget[]> {
  const { toOffset, shiftBy } = options;
  if (toOffset !== undefined) return partitions.map((each) => ({ ...each, offset: toOffset }));
  if (options.toEarliest === true) return resolveOffsets(client, partitions, { at: 'beginning' }, false);
  if (options.toDatetime !== undefined) return resolveOffsets(client, partitions, { at: 'since', timestampMs: options.toDatetime }, false);
  if (options.byDuration !== undefined)
    return resolveOffsets(client, partitions, { at: 'since', timestampMs: Date.now() - options.byDuration }, false);
  const ends = await resolveOffsets(client, partitions, { at: 'end' }, false);
  if (options.toLatest === true) return ends;
  // Both of the others begin with where the group is.
  return ends.map((end) => {
    const now = current.get(partitionKey(end)) ?? -1;
    if (shiftBy === undefined) return { ...end, offset: now < 0 ? end.offset : now };
    if (now < 0) throw new MillraceError('INVALID_STATE', `--shift-by: the group has no offset for ${end.topic}-${end.partition} yet.`);
    return { ...end, offset: now + shiftBy };
  });
}

/** As Kafka's tool: an offset that the log does not have becomes the nearest that it has. */
async function withinLog(client: KafkaClient, targets: readonly PartitionTarget[]): Promise<PartitionTarget[]> {
  const ask = (timestampMs: number) =>
    listOffsets(
      client,
      targets.map(({ topic, partition }) => ({ topic, partition, timestampMs })),
    );
  const [starts, ends] = await Promise.all([ask(OFFSET_AT.earliest), ask(OFFSET_AT.latest)]);
  return targets.toSorted(comparePartitions).map((target, index) => {
    const offset = Math.min(Math.max(target.offset, starts[index]?.offset ?? 0), ends[index]?.offset ?? target.offset);
    if (offset !== target.offset) note(`${target.topic}-${target.partition} has no offset ${target.offset}; the nearest is ${offset}.`);
    return { ...target, offset };
  });
}

/** Lines of `topic,partition,offset`, as `--export` writes them. */
function offsetsOfFile(path: string): PartitionTarget[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new MillraceError('INVALID_CONFIG', `${path} cannot be read: ${(cause as Error).message}.`, { cause });
  }
  return text.split(/\r?\n/).flatMap((line, index) => {
    if (line.trim() === '') return [];
    const match = /^"?([A-Za-z0-9._-]+)"?,(\d+),(\d+)$/.exec(line.trim());
    if (match === null)
      throw new MillraceError(
        'INVALID_CONFIG',
        `Line ${index + 1} of ${path} must be topic,partition,offset, as in orders,0,42; it is: ${line}`,
      );
    return [{ topic: match[1] ?? '', partition: Number(match[2]), offset: Number(match[3]) }];
  });
}

function print(groupId: string, changes: readonly Change[], options: ResetOptions): void {
  const executed = options.execute === true;
  if (options.export === true) {
    for (const { topic, partition, newOffset } of changes) printLine(`${topic},${partition},${newOffset}`);
    return;
  }
  if (options.json === true) return printJson({ groupId, executed, partitions: changes });
  printTable(
    ['GROUP', 'TOPIC', 'PARTITION', 'OLD-OFFSET', 'NEW-OFFSET'],
    changes.map(({ topic, partition, oldOffset, newOffset }) => [groupId, topic, partition, oldOffset, newOffset]),
  );
  if (!executed) note('Nothing was changed: add --execute to do it.');
}
