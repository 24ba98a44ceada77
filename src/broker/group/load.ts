/** Brings groups and offsets back from `__consumer_offsets`. */

import { type ReplayedRecord, replayPartition } from '../coordinator/index.ts';
import type { ClassicGroup } from './classic-group.ts';
import type { GroupCoordinator } from './coordinator.ts';
import { GroupMember } from './member.ts';
import type { Rebalancer } from './rebalance.ts';
import { decodeGroup, decodeKey, decodeOffset, type StoredGroup, type StoredMember } from './records.ts';

/**
 * Replays every partition in log order, then gives each member a whole session to show up. A group that was in a
 * rebalance comes back in its last stored generation; its members learn so from their next request.
 */
export async function loadGroups(coordinator: GroupCoordinator, rebalancer: Rebalancer): Promise<void> {
  const topic = coordinator.topic.existing();
  if (topic === undefined) return;
  const stored = new Map<string, StoredGroup>();
  for (const log of topic.partitions) {
    await replayPartition(log, {
      record: (record) => applyRecord(coordinator, stored, record),
      marker: (producerId, commit) => coordinator.endTransaction(log.partition, producerId, commit),
    });
  }
  for (const [groupId, group] of stored) restoreGroup(coordinator, rebalancer, groupId, group);
  ensureGroupsOfOffsets(coordinator, stored);
  coordinator.log.info(`Loaded ${[...coordinator.groups()].length} groups from ${coordinator.topic.name}.`);
}

function applyRecord(coordinator: GroupCoordinator, stored: Map<string, StoredGroup>, record: ReplayedRecord): void {
  if (record.key === null) return;
  const key = decodeKey(record.key);
  switch (key.kind) {
    case 'offset':
      applyOffset(coordinator, key, record);
      break;
    case 'group':
      if (record.value === null) stored.delete(key.group);
      else stored.set(key.group, decodeGroup(record.value));
      break;
    case 'unknown':
      coordinator.log.debug(`Skipped a record of ${coordinator.topic.name} with key version ${key.version} at offset ${record.offset}.`);
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

function restoreGroup(coordinator: GroupCoordinator, rebalancer: Rebalancer, groupId: string, stored: StoredGroup): void {
  const group = coordinator.create(groupId);
  group.generationId = stored.generation;
  group.protocolType = stored.protocolType === '' ? null : stored.protocolType;
  group.protocolName = stored.protocol;
  for (const member of stored.members) group.add(restoreMember(coordinator, rebalancer, group, member));
  if (stored.leader !== null && group.members.has(stored.leader)) group.leaderId = stored.leader;
  if (group.members.size > 0) group.state = 'Stable';
  group.stateTimestampMs = stored.currentStateTimestamp;
  group.refreshSubscription();
}

function restoreMember(coordinator: GroupCoordinator, rebalancer: Rebalancer, group: ClassicGroup, stored: StoredMember): GroupMember {
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
  const member = new GroupMember(identity, coordinator.clock, (expired) => rebalancer.onSessionExpired(group, expired));
  member.assignment = stored.assignment;
  member.keepAlive();
  return member;
}

/** Offsets without a group belong to somebody who only commits: a group without a protocol. */
function ensureGroupsOfOffsets(coordinator: GroupCoordinator, stored: ReadonlyMap<string, StoredGroup>): void {
  for (const groupId of coordinator.store.groupIds()) {
    if (!stored.has(groupId)) coordinator.create(groupId);
  }
}
