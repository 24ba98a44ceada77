/**
 * The events of consumer groups as records of `__consumer_offsets`, in Kafka's formats: ConsumerGroupMetadata (key 3),
 * PartitionMetadata (4), MemberMetadata (5), TargetAssignmentMetadata (6), TargetAssignmentMember (7),
 * CurrentMemberAssignment (8) and RegularExpression (16).
 */

import { MillraceError } from '../../../errors.ts';
import { array, bytes, type Decoded, defineMessage, int8, int32, int64, string, struct, uuid } from '../../../protocol/schema/index.ts';
import { decodeVersioned, encodeVersioned, type KeyValue, recordVersion } from '../../coordinator/index.ts';
import {
  assignmentFromWire,
  assignmentToWire,
  type EpochAssignment,
  epochsOf,
  sortedKeys,
  sortedTopics,
  topicIdOf,
  topicKey,
} from './assignment.ts';
import type { GroupEvent } from './events.ts';
import { type MemberMetadata, type MemberProgress, type MemberState, sortedNames } from './member.ts';

const VALUE_VERSION = 0;

/** Versions of keys are the kinds of records. */
const KEY_VERSIONS = {
  group: 3,
  'partition-metadata': 4,
  member: 5,
  'target-epoch': 6,
  target: 7,
  progress: 8,
  regex: 16,
} as const satisfies Record<GroupEvent['kind'], number>;

const KINDS: ReadonlyMap<number, GroupEvent['kind']> = new Map(
  Object.entries(KEY_VERSIONS).map(([kind, version]) => [version, kind as GroupEvent['kind']]),
);

/** The kinds differ in the version only; here the keys of one shape share one description. */
const GroupKey = defineMessage({ name: 'ConsumerGroupMetadataKey', versions: [3, 16], flexibleFrom: null, shape: { groupId: string() } });
const MemberKey = defineMessage({
  name: 'ConsumerGroupMemberMetadataKey',
  versions: [3, 16],
  flexibleFrom: null,
  shape: { groupId: string(), memberId: string() },
});

const GroupValue = defineMessage({
  name: 'ConsumerGroupMetadataValue',
  versions: [0, 0],
  flexibleFrom: 0,
  shape: { epoch: int32(), metadataHash: int64('0+', { tag: 0, default: 0 }) },
});

const MemberValue = defineMessage({
  name: 'ConsumerGroupMemberMetadataValue',
  versions: [0, 0],
  flexibleFrom: 0,
  shape: {
    instanceId: string('0+', { nullable: '0+' }),
    rackId: string('0+', { nullable: '0+' }),
    clientId: string(),
    clientHost: string(),
    subscribedTopicNames: array('0+', string()),
    subscribedTopicRegex: string('0+', { nullable: '0+' }),
    rebalanceTimeoutMs: int32('0+', { default: -1 }),
    serverAssignor: string('0+', { nullable: '0+' }),
    classicMemberMetadata: struct(
      '0+',
      { sessionTimeoutMs: int32(), supportedProtocols: array('0+', { name: string(), metadata: bytes() }) },
      { nullable: '0+', tag: 0, default: null },
    ),
  },
});

const TargetEpochValue = defineMessage({
  name: 'ConsumerGroupTargetAssignmentMetadataValue',
  versions: [0, 0],
  flexibleFrom: 0,
  shape: { assignmentEpoch: int32(), assignmentTimestamp: int64('0+', { tag: 0, default: 0 }) },
});

const TargetValue = defineMessage({
  name: 'ConsumerGroupTargetAssignmentMemberValue',
  versions: [0, 0],
  flexibleFrom: 0,
  shape: { topicPartitions: array('0+', { topicId: uuid(), partitions: array('0+', int32()) }) },
});

const partitionsWithEpochs = {
  topicId: uuid(),
  partitions: array('0+', int32()),
  assignmentEpochs: array('0+', int32(), { nullable: '0+', tag: 0, default: null }),
};

const ProgressValue = defineMessage({
  name: 'ConsumerGroupCurrentMemberAssignmentValue',
  versions: [0, 0],
  flexibleFrom: 0,
  shape: {
    memberEpoch: int32(),
    previousMemberEpoch: int32(),
    state: int8(),
    assignedPartitions: array('0+', partitionsWithEpochs),
    partitionsPendingRevocation: array('0+', partitionsWithEpochs),
  },
});

const RegexValue = defineMessage({
  name: 'ConsumerGroupRegularExpressionValue',
  versions: [0, 0],
  flexibleFrom: 0,
  shape: { topics: array('0+', string()), version: int64(), timestamp: int64() },
});

const STATES: Readonly<Record<MemberState, number>> = { stable: 0, unrevoked: 1, unreleased: 2, unknown: 127 };

export interface GroupRecord {
  readonly groupId: string;
  readonly event: GroupEvent;
}

/** Whether a key of this version belongs to a consumer group. */
export function isConsumerGroupKey(version: number): boolean {
  return KINDS.has(version);
}

export function encodeEvent(groupId: string, event: GroupEvent): KeyValue {
  return { key: encodeKey(groupId, event), value: encodeValue(event) };
}

function encodeKey(groupId: string, event: GroupEvent): Buffer {
  const version = KEY_VERSIONS[event.kind];
  switch (event.kind) {
    case 'group':
    case 'partition-metadata':
    case 'target-epoch':
      return encodeVersioned(GroupKey, version, { groupId });
    case 'member':
    case 'target':
    case 'progress':
      return encodeVersioned(MemberKey, version, { groupId, memberId: event.memberId });
    case 'regex':
      return encodeVersioned(MemberKey, version, { groupId, memberId: event.regex });
  }
}

function encodeValue(event: GroupEvent): Buffer | null {
  if (event.value === null) return null;
  switch (event.kind) {
    case 'group':
      return encodeVersioned(GroupValue, VALUE_VERSION, event.value);
    case 'partition-metadata':
      throw new MillraceError('INTERNAL', 'Partition metadata of consumer groups is only ever removed.');
    case 'member':
      return encodeVersioned(MemberValue, VALUE_VERSION, memberValue(event.value));
    case 'target-epoch':
      return encodeVersioned(TargetEpochValue, VALUE_VERSION, {
        assignmentEpoch: event.value.epoch,
        assignmentTimestamp: event.value.timestampMs,
      });
    case 'target':
      return encodeVersioned(TargetValue, VALUE_VERSION, { topicPartitions: assignmentToWire(event.value) });
    case 'progress':
      return encodeVersioned(ProgressValue, VALUE_VERSION, progressValue(event.value));
    case 'regex':
      return encodeVersioned(RegexValue, VALUE_VERSION, {
        topics: event.value.topics,
        version: event.value.version,
        timestamp: event.value.timestampMs,
      });
  }
}

/** Throws when the bytes are not what {@link isConsumerGroupKey} promised. */
export function decodeEvent(key: Buffer, value: Buffer | null): GroupRecord {
  const kind = KINDS.get(recordVersion(key))!;
  switch (kind) {
    case 'group':
    case 'partition-metadata':
    case 'target-epoch': {
      const { groupId } = decodeVersioned(GroupKey, key);
      return { groupId, event: groupEvent(kind, value) };
    }
    case 'member':
    case 'target':
    case 'progress': {
      const { groupId, memberId } = decodeVersioned(MemberKey, key);
      return { groupId, event: memberEvent(kind, memberId, value) };
    }
    case 'regex': {
      const { groupId, memberId: regex } = decodeVersioned(MemberKey, key);
      return { groupId, event: regexEvent(regex, value) };
    }
  }
}

function groupEvent(kind: 'group' | 'partition-metadata' | 'target-epoch', value: Buffer | null): GroupEvent {
  if (value === null) return { kind, value: null };
  if (kind === 'group') return { kind, value: decodeVersioned(GroupValue, value) };
  if (kind === 'partition-metadata') return { kind, value: true };
  const { assignmentEpoch, assignmentTimestamp } = decodeVersioned(TargetEpochValue, value);
  return { kind, value: { epoch: assignmentEpoch, timestampMs: assignmentTimestamp } };
}

function memberEvent(kind: 'member' | 'target' | 'progress', memberId: string, value: Buffer | null): GroupEvent {
  if (value === null) return { kind, memberId, value: null };
  if (kind === 'member') return { kind, memberId, value: memberOf(decodeVersioned(MemberValue, value)) };
  if (kind === 'target') return { kind, memberId, value: assignmentFromWire(decodeVersioned(TargetValue, value).topicPartitions) };
  return { kind, memberId, value: progressOf(decodeVersioned(ProgressValue, value)) };
}

function regexEvent(regex: string, value: Buffer | null): GroupEvent {
  if (value === null) return { kind: 'regex', regex, value: null };
  const { topics, version, timestamp } = decodeVersioned(RegexValue, value);
  return { kind: 'regex', regex, value: { topics: sortedNames(topics), version, timestampMs: timestamp } };
}

function memberValue(member: MemberMetadata) {
  const { instanceId, rackId, clientId, clientHost, topicNames, topicRegex, rebalanceTimeoutMs, serverAssignor, classic } = member;
  return {
    instanceId,
    rackId,
    clientId,
    clientHost,
    subscribedTopicNames: topicNames,
    subscribedTopicRegex: topicRegex,
    rebalanceTimeoutMs,
    serverAssignor,
    classicMemberMetadata: classic === null ? null : { sessionTimeoutMs: classic.sessionTimeoutMs, supportedProtocols: classic.protocols },
  };
}

function memberOf(value: Decoded<(typeof MemberValue)['shape']>): MemberMetadata {
  const { instanceId, rackId, clientId, clientHost, rebalanceTimeoutMs, serverAssignor, classicMemberMetadata: classic } = value;
  return {
    instanceId,
    rackId,
    clientId,
    clientHost,
    topicNames: sortedNames(value.subscribedTopicNames),
    topicRegex: value.subscribedTopicRegex ?? '',
    rebalanceTimeoutMs,
    serverAssignor,
    classic: classic === null ? null : { sessionTimeoutMs: classic.sessionTimeoutMs, protocols: classic.supportedProtocols },
  };
}

function progressValue({ memberEpoch, previousMemberEpoch, state, assigned, pendingRevocation }: MemberProgress) {
  return {
    memberEpoch,
    previousMemberEpoch,
    state: STATES[state],
    assignedPartitions: epochsToWire(assigned),
    partitionsPendingRevocation: epochsToWire(pendingRevocation),
  };
}

function progressOf(value: Decoded<(typeof ProgressValue)['shape']>): MemberProgress {
  const { memberEpoch, previousMemberEpoch } = value;
  // Before 4.3 Kafka wrote no epochs; a member that left for a while has a negative one.
  const defaultEpoch = Math.max(memberEpoch, 0);
  return {
    memberEpoch,
    previousMemberEpoch,
    state: stateOf(value.state),
    assigned: epochsFromWire(value.assignedPartitions, defaultEpoch),
    pendingRevocation: epochsFromWire(value.partitionsPendingRevocation, defaultEpoch),
  };
}

function stateOf(code: number): MemberState {
  for (const [state, known] of Object.entries(STATES)) if (known === code) return state as MemberState;
  return 'unknown';
}

type WireEpochs = Decoded<typeof partitionsWithEpochs>;

function epochsToWire(assignment: EpochAssignment): WireEpochs[] {
  return sortedTopics(assignment).map((topic) => {
    const epochs = epochsOf(assignment, topic);
    const partitions = sortedKeys(epochs);
    return { topicId: topicIdOf(topic), partitions, assignmentEpochs: partitions.map((partition) => epochs.get(partition)!) };
  });
}

function epochsFromWire(topics: readonly WireEpochs[], defaultEpoch: number): EpochAssignment {
  const assignment = new Map<string, ReadonlyMap<number, number>>();
  for (const { topicId, partitions, assignmentEpochs } of topics) {
    if (partitions.length === 0) continue;
    const known = assignmentEpochs !== null && assignmentEpochs.length === partitions.length;
    assignment.set(
      topicKey(topicId),
      new Map(partitions.map((partition, index) => [partition, known ? assignmentEpochs[index]! : defaultEpoch])),
    );
  }
  return assignment;
}
