/**
 * The records of `__consumer_offsets` in Kafka's own formats: OffsetCommitKey 1, OffsetCommitValue 3 (1 with an
 * explicit retention), GroupMetadataKey 2, GroupMetadataValue 3. Older value versions are read too. Keys of other
 * versions (KIP-848, share groups) are reported as unknown and left alone, as Kafka does (KIP-915).
 */

import { type KeyValue, RecordReader, RecordWriter } from '../coordinator/index.ts';
import type { ClassicGroup } from './classic-group.ts';
import type { CommittedOffset } from './offsets.ts';
import { NO_BYTES } from './types.ts';

const OFFSET_COMMIT_KEY = 1;
const GROUP_METADATA_KEY = 2;
const GROUP_METADATA_VALUE = 3;

export type GroupRecordKey =
  | { readonly kind: 'offset'; readonly groupId: string; readonly topic: string; readonly partition: number }
  | { readonly kind: 'group'; readonly groupId: string }
  | { readonly kind: 'unknown'; readonly version: number };

export interface StoredMember {
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
  readonly rebalanceTimeoutMs: number;
  readonly sessionTimeoutMs: number;
  /** Metadata for the group's protocol. */
  readonly subscription: Uint8Array;
  readonly assignment: Uint8Array;
}

export interface StoredGroup {
  /** Null for a group that only stores offsets. */
  readonly protocolType: string | null;
  readonly generationId: number;
  readonly protocolName: string | null;
  readonly leaderId: string | null;
  /** -1 = unknown. */
  readonly stateTimestampMs: number;
  readonly members: readonly StoredMember[];
}

export function decodeKey(key: Buffer): GroupRecordKey {
  const reader = new RecordReader(key);
  if (reader.version === 0 || reader.version === OFFSET_COMMIT_KEY) {
    return { kind: 'offset', groupId: reader.string(), topic: reader.string(), partition: reader.int32() };
  }
  if (reader.version === GROUP_METADATA_KEY) return { kind: 'group', groupId: reader.string() };
  return { kind: 'unknown', version: reader.version };
}

function offsetKey(groupId: string, topic: string, partition: number): Buffer {
  return new RecordWriter(OFFSET_COMMIT_KEY).string(groupId).string(topic).int32(partition).finish();
}

/** `recordOffset` is not part of it: that is the record's place in the log. */
export function offsetRecord(groupId: string, topic: string, partition: number, committed: Omit<CommittedOffset, 'recordOffset'>): KeyValue {
  const { offset, leaderEpoch, metadata, commitTimestampMs, expireTimestampMs } = committed;
  // Only version 1 has a field for a retention of the commit's own.
  const value =
    expireTimestampMs >= 0
      ? new RecordWriter(1).int64(offset).string(metadata).int64(commitTimestampMs).int64(expireTimestampMs)
      : new RecordWriter(3).int64(offset).int32(leaderEpoch).string(metadata).int64(commitTimestampMs);
  return { key: offsetKey(groupId, topic, partition), value: value.finish() };
}

export function offsetTombstone(groupId: string, topic: string, partition: number): KeyValue {
  return { key: offsetKey(groupId, topic, partition), value: null };
}

export function decodeOffset(value: Buffer, recordOffset: number): CommittedOffset {
  const reader = new RecordReader(value);
  const { version } = reader;
  const offset = reader.int64();
  const leaderEpoch = version >= 3 ? reader.int32() : -1;
  const metadata = reader.string();
  const commitTimestampMs = reader.int64();
  const expireTimestampMs = version === 1 ? reader.int64() : -1;
  return { offset, leaderEpoch, metadata, commitTimestampMs, expireTimestampMs, recordOffset };
}

function groupKey(groupId: string): Buffer {
  return new RecordWriter(GROUP_METADATA_KEY).string(groupId).finish();
}

/** The group as it is now, with these assignments. */
export function groupRecord(group: ClassicGroup, assignments: ReadonlyMap<string, Uint8Array>): KeyValue {
  const value = new RecordWriter(GROUP_METADATA_VALUE, 1024)
    .string(group.protocolType ?? '')
    .int32(group.generationId)
    .nullableString(group.protocolName)
    .nullableString(group.leaderId)
    .int64(group.stateTimestampMs)
    .int32(group.members.size);
  for (const member of group.members.values()) {
    value
      .string(member.memberId)
      .nullableString(member.groupInstanceId)
      .string(member.clientId)
      .string(member.clientHost)
      .int32(member.rebalanceTimeoutMs)
      .int32(member.sessionTimeoutMs)
      .bytes(member.metadataFor(group.protocolName))
      .bytes(assignments.get(member.memberId) ?? NO_BYTES);
  }
  return { key: groupKey(group.groupId), value: value.finish() };
}

export function groupTombstone(groupId: string): KeyValue {
  return { key: groupKey(groupId), value: null };
}

export function decodeGroup(value: Buffer): StoredGroup {
  const reader = new RecordReader(value);
  const { version } = reader;
  const protocolType = reader.string();
  const generationId = reader.int32();
  const protocolName = reader.nullableString();
  const leaderId = reader.nullableString();
  const stateTimestampMs = version >= 2 ? reader.int64() : -1;
  const members: StoredMember[] = [];
  for (let left = reader.int32(); left > 0; left--) members.push(decodeMember(reader, version));
  return { protocolType: protocolType === '' ? null : protocolType, generationId, protocolName, leaderId, stateTimestampMs, members };
}

function decodeMember(reader: RecordReader, version: number): StoredMember {
  const memberId = reader.string();
  const groupInstanceId = version >= 3 ? reader.nullableString() : null;
  const clientId = reader.string();
  const clientHost = reader.string();
  const rebalanceTimeoutMs = version >= 1 ? reader.int32() : -1;
  const sessionTimeoutMs = reader.int32();
  return {
    memberId,
    groupInstanceId,
    clientId,
    clientHost,
    rebalanceTimeoutMs: rebalanceTimeoutMs < 0 ? sessionTimeoutMs : rebalanceTimeoutMs,
    sessionTimeoutMs,
    subscription: reader.bytes(),
    assignment: reader.bytes(),
  };
}
