/** Brings groups and offsets back from `__consumer_offsets`. */

import { intSetting, type ReplayedRecord, replayPartition } from '../coordinator/index.ts';
import type { PartitionLogApi } from '../seams.ts';
import type { ClassicGroup } from './classic-group.ts';
import { ConsumerGroup } from './consumer/consumer-group.ts';
import type { GroupRecord } from './consumer/records.ts';
import type { GroupCoordinator } from './coordinator.ts';
import { GroupMember } from './member.ts';
import { decodeGroup, decodeKey, decodeOffset, type StoredGroup, type StoredMember } from './records.ts';

/** Groups as far as the log has been read. A group is one of the two kinds at a time. */
interface Stored {
  readonly classic: Map<string, StoredGroup>;
  readonly consumer: Map<string, ConsumerGroup>;
}

/**
 * Replays every partition in log order, then gives each member a whole session to show up. A classic group that was in
 * a rebalance comes back in its last stored generation; its members learn so from their next request. A consumer group
 * comes back as it was: every step of it is in the log.
 */
export async function loadGroups(coordinator: GroupCoordinator): Promise<void> {
  const topic = coordinator.topic.existing();
  if (topic === undefined) return;
  for (const log of topic.partitions) await loadLog(coordinator, log);
  coordinator.log.info(`Loaded ${[...coordinator.groups()].length} groups from ${coordinator.topic.name}.`);
}

/** One partition alone; nothing of it may be in memory. */
export async function loadPartition(coordinator: GroupCoordinator, partition: number): Promise<void> {
  const log = coordinator.topic.partition(partition);
  if (log !== undefined) await loadLog(coordinator, log);
}

async function loadLog(coordinator: GroupCoordinator, log: PartitionLogApi): Promise<void> {
  const stored: Stored = { classic: new Map(), consumer: new Map() };
  await replayPartition(log, {
    record: (record) => applyRecord(coordinator, stored, record),
    marker: (producerId, commit) => coordinator.endTransaction(log.partition, producerId, commit),
    damaged: (message) => coordinator.log.error(message),
  });
  for (const [groupId, group] of stored.classic) restoreGroup(coordinator, groupId, group);
  for (const group of stored.consumer.values()) {
    group.rebuild();
    coordinator.register(group);
    coordinator.consumers.watch(group);
  }
  ensureGroupsOfOffsets(coordinator);
}

function applyRecord(coordinator: GroupCoordinator, stored: Stored, record: ReplayedRecord): void {
  if (record.key === null) return;
  const key = decodeKey(record.key, record.value);
  switch (key.kind) {
    case 'offset':
      applyOffset(coordinator, key, record);
      break;
    case 'group':
      if (record.value === null) {
        stored.classic.delete(key.group);
      } else {
        stored.classic.set(key.group, decodeGroup(record.value));
        stored.consumer.delete(key.group);
      }
      break;
    case 'consumer-group':
      applyConsumerGroup(stored, key.record);
      break;
    case 'unknown':
      coordinator.log.debug(`Skipped a record of ${coordinator.topic.name} with key version ${key.version} at offset ${record.offset}.`);
  }
}

/** Compaction may have taken what a tombstone removes: tombstones of what is not there mean nothing. */
function applyConsumerGroup({ classic, consumer }: Stored, { groupId, event }: GroupRecord): void {
  const group = consumer.get(groupId) ?? (event.value === null ? undefined : new ConsumerGroup(groupId));
  if (group === undefined) return;
  group.apply(event);
  if (event.kind === 'group' && event.value === null) {
    consumer.delete(groupId);
  } else {
    consumer.set(groupId, group);
    classic.delete(groupId);
  }
}

function applyOffset(
  coordinator: GroupCoordinator,
  key: { group: string; topic: string; partition: number },
  record: ReplayedRecord,
): void {
  const { store } = coordinator;
  const { group: groupId, topic, partition } = key;
  if (record.value === null) {
    store.remove(groupId, topic, partition);
    return;
  }
  const committed = decodeOffset(record.value, record.offset);
  if (record.producerId < 0) store.put(groupId, topic, partition, committed);
  else store.putPending(record.producerId, groupId, topic, partition, committed);
}

function restoreGroup(coordinator: GroupCoordinator, groupId: string, stored: StoredGroup): void {
  const group = coordinator.create(groupId);
  group.generationId = stored.generation;
  group.protocolType = stored.protocolType === '' ? null : stored.protocolType;
  group.protocolName = stored.protocol;
  for (const member of stored.members) group.add(restoreMember(coordinator, group, member));
  if (stored.leader !== null && group.members.has(stored.leader)) group.leaderId = stored.leader;
  if (group.members.size > 0) group.state = 'Stable';
  group.stateTimestampMs = stored.currentStateTimestamp;
  group.refreshSubscription();
  const maxSize = intSetting(coordinator.config, 'group.max.size');
  if (group.members.size > maxSize) coordinator.rebalancer.start(group, `it has ${group.members.size} members and may have ${maxSize}`);
}

function restoreMember(coordinator: GroupCoordinator, group: ClassicGroup, stored: StoredMember): GroupMember {
  const { memberId, groupInstanceId, clientId, clientHost, rebalanceTimeout, sessionTimeout, subscription } = stored;
  const identity = {
    memberId,
    groupInstanceId,
    clientId,
    clientHost,
    sessionTimeoutMs: sessionTimeout,
    // JoinGroup 0 knew only the one timeout.
    rebalanceTimeoutMs: rebalanceTimeout < 0 ? sessionTimeout : rebalanceTimeout,
    protocols: group.protocolName === null ? [] : [{ name: group.protocolName, metadata: subscription }],
  };
  const member = new GroupMember(identity, coordinator.clock, (expired) => coordinator.rebalancer.onSessionExpired(group, expired));
  member.assignment = stored.assignment;
  member.keepAlive();
  return member;
}

/** Offsets without a group belong to somebody who only commits: a group without a protocol. */
function ensureGroupsOfOffsets(coordinator: GroupCoordinator): void {
  for (const groupId of coordinator.store.groupIds()) {
    if (coordinator.find(groupId) === undefined) coordinator.create(groupId);
  }
}
