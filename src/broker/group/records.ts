/**
 * The records of `__consumer_offsets` in Kafka's own formats: OffsetCommitKey 1, OffsetCommitValue 3 (1 with a
 * retention of its own), GroupMetadataKey 2, GroupMetadataValue 3. Older values are read too. Those of consumer groups
 * (KIP-848) are in `consumer/records.ts`. Keys of other versions (share groups, streams groups) are reported as unknown
 * and left alone, as Kafka does (KIP-915).
 */

import { array, bytes, type Decoded, defineMessage, int32, int64, string } from '../../protocol/schema/index.ts';
import { decodeVersioned, encodeVersioned, type KeyValue, recordVersion } from '../coordinator/index.ts';
import type { ClassicGroup } from './classic-group.ts';
import { decodeEvent, type GroupRecord, isConsumerGroupKey } from './consumer/records.ts';
import type { CommittedOffset } from './offsets.ts';
import { NO_BYTES } from './types.ts';

const OFFSET_KEY_VERSION = 1;
const OFFSET_VALUE_VERSION = 3;
/** The only one with a field for a retention of the commit's own. */
const OFFSET_VALUE_VERSION_WITH_EXPIRY = 1;
const GROUP_KEY_VERSION = 2;
const GROUP_VALUE_VERSION = 3;

const OffsetCommitKey = defineMessage({
  name: 'OffsetCommitKey',
  versions: [0, 1],
  flexibleFrom: null,
  shape: { group: string('0+'), topic: string('0+'), partition: int32('0+') },
});

const OffsetCommitValue = defineMessage({
  name: 'OffsetCommitValue',
  versions: [0, 4],
  flexibleFrom: 4,
  shape: {
    offset: int64('0+'),
    leaderEpoch: int32('3+', { default: -1, ignorable: true }),
    metadata: string('0+'),
    commitTimestamp: int64('0+'),
    expireTimestamp: int64('1', { default: -1, ignorable: true }),
  },
});

const GroupMetadataKey = defineMessage({
  name: 'GroupMetadataKey',
  versions: [2, 2],
  flexibleFrom: null,
  shape: { group: string('2') },
});

const GroupMetadataValue = defineMessage({
  name: 'GroupMetadataValue',
  versions: [0, 4],
  flexibleFrom: 4,
  shape: {
    protocolType: string('0+'),
    generation: int32('0+'),
    protocol: string('0+', { nullable: '0+' }),
    leader: string('0+', { nullable: '0+' }),
    currentStateTimestamp: int64('2+', { default: -1, ignorable: true }),
    members: array('0+', {
      memberId: string('0+'),
      groupInstanceId: string('3+', { nullable: '3+', default: null, ignorable: true }),
      clientId: string('0+'),
      clientHost: string('0+'),
      rebalanceTimeout: int32('1+', { default: -1, ignorable: true }),
      sessionTimeout: int32('0+'),
      subscription: bytes('0+'),
      assignment: bytes('0+'),
    }),
  },
});

export type StoredGroup = Decoded<(typeof GroupMetadataValue)['shape']>;
export type StoredMember = StoredGroup['members'][number];

export type GroupRecordKey =
  | { readonly kind: 'offset'; readonly group: string; readonly topic: string; readonly partition: number }
  | { readonly kind: 'group'; readonly group: string }
  /** With its value: the record of a consumer group. */
  | { readonly kind: 'consumer-group'; readonly record: GroupRecord }
  | { readonly kind: 'unknown'; readonly version: number };

/** `value` is only looked at for records of consumer groups, whose keys say little without it. */
export function decodeKey(key: Buffer, value: Buffer | null = null): GroupRecordKey {
  const version = recordVersion(key);
  if (version <= OFFSET_KEY_VERSION) return { kind: 'offset', ...decodeVersioned(OffsetCommitKey, key) };
  if (version === GROUP_KEY_VERSION) return { kind: 'group', ...decodeVersioned(GroupMetadataKey, key) };
  if (isConsumerGroupKey(version)) return { kind: 'consumer-group', record: decodeEvent(key, value) };
  return { kind: 'unknown', version };
}

function offsetKey(group: string, topic: string, partition: number): Buffer {
  return encodeVersioned(OffsetCommitKey, OFFSET_KEY_VERSION, { group, topic, partition });
}

/** `recordOffset` is not part of it: that is the record's place in the log. */
export function offsetRecord(
  groupId: string,
  topic: string,
  partition: number,
  committed: Omit<CommittedOffset, 'recordOffset'>,
): KeyValue {
  const { offset, leaderEpoch, metadata, commitTimestampMs, expireTimestampMs } = committed;
  const version = expireTimestampMs >= 0 ? OFFSET_VALUE_VERSION_WITH_EXPIRY : OFFSET_VALUE_VERSION;
  const value = { offset, leaderEpoch, metadata, commitTimestamp: commitTimestampMs, expireTimestamp: expireTimestampMs };
  return { key: offsetKey(groupId, topic, partition), value: encodeVersioned(OffsetCommitValue, version, value) };
}

export function offsetTombstone(groupId: string, topic: string, partition: number): KeyValue {
  return { key: offsetKey(groupId, topic, partition), value: null };
}

export function decodeOffset(value: Buffer, recordOffset: number): CommittedOffset {
  const { offset, leaderEpoch, metadata, commitTimestamp, expireTimestamp } = decodeVersioned(OffsetCommitValue, value);
  return { offset, leaderEpoch, metadata, commitTimestampMs: commitTimestamp, expireTimestampMs: expireTimestamp, recordOffset };
}

function groupKey(group: string): Buffer {
  return encodeVersioned(GroupMetadataKey, GROUP_KEY_VERSION, { group });
}

/** The group as it is now, with these assignments. */
export function groupRecord(group: ClassicGroup, assignments: ReadonlyMap<string, Uint8Array>): KeyValue {
  const value = encodeVersioned(GroupMetadataValue, GROUP_VALUE_VERSION, {
    protocolType: group.protocolType ?? '',
    generation: group.generationId,
    protocol: group.protocolName,
    leader: group.leaderId,
    currentStateTimestamp: group.stateTimestampMs,
    members: [...group.members.values()].map((member) => ({
      memberId: member.memberId,
      groupInstanceId: member.groupInstanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      rebalanceTimeout: member.rebalanceTimeoutMs,
      sessionTimeout: member.sessionTimeoutMs,
      subscription: member.metadataFor(group.protocolName),
      assignment: assignments.get(member.memberId) ?? NO_BYTES,
    })),
  });
  return { key: groupKey(group.groupId), value };
}

export function groupTombstone(groupId: string): KeyValue {
  return { key: groupKey(groupId), value: null };
}

export function decodeGroup(value: Buffer): StoredGroup {
  return decodeVersioned(GroupMetadataValue, value);
}
