/** Drops offsets nobody has used for the retention time, and groups that have nothing left (KIP-211). */

import { intSetting } from '../coordinator/index.ts';
import type { Group } from './group.ts';
import { groupRemoval } from './group-admin.ts';
import type { OffsetService, OffsetServiceHost } from './offset-commits.ts';
import type { CommittedOffset } from './offsets.ts';
import { CONSUMER_PROTOCOL_TYPE } from './subscription.ts';

/** Tombstones written in one batch. */
const BATCH_RECORDS = 1_000;

export interface ExpiryHost extends OffsetServiceHost {
  groups(): Iterable<Group>;
  forget(group: Group): void;
}

/** One round over all groups. Resolves when the tombstones are durable. */
export async function expireOffsets(host: ExpiryHost, service: OffsetService): Promise<void> {
  const nowMs = host.clock.nowMs();
  const retentionMs = intSetting(host.config, 'offsets.retention.minutes') * 60_000;
  for (const group of [...host.groups()]) {
    const expired = expiredOffsets(host, group, nowMs, retentionMs);
    for (let from = 0; from < expired.length; from += BATCH_RECORDS) {
      await service.tombstone(group.groupId, expired.slice(from, from + BATCH_RECORDS));
    }
    await removeIfUnused(host, service, group);
  }
}

function expiredOffsets(host: ExpiryHost, group: Group, nowMs: number, retentionMs: number): { topic: string; partition: number }[] {
  const expired: { topic: string; partition: number }[] = [];
  for (const [topic, partitions] of host.store.ofGroup(group.groupId)) {
    if (group.isSubscribedTo(topic)) continue;
    for (const [partition, committed] of partitions) {
      if (isExpired(group, committed, nowMs, retentionMs) && !host.store.hasPending(group.groupId, topic, partition)) {
        expired.push({ topic, partition });
      }
    }
  }
  return expired;
}

function isExpired(group: Group, committed: CommittedOffset, nowMs: number, retentionMs: number): boolean {
  const sinceMs = retentionStart(group, committed);
  if (sinceMs === undefined) return false;
  return committed.expireTimestampMs >= 0 ? nowMs >= committed.expireTimestampMs : nowMs - sinceMs >= retentionMs;
}

/** When the retention of an offset began; undefined while the group may still use it. */
function retentionStart(group: Group, committed: CommittedOffset): number | undefined {
  if (group.type === 'consumer' || group.protocolType === null) return committed.commitTimestampMs;
  if (group.is('Empty')) return group.stateTimestampMs >= 0 ? group.stateTimestampMs : committed.commitTimestampMs;
  // A stable group of consumers keeps offsets of what it reads; of topics it left, the last commit counts.
  const known = group.protocolType === CONSUMER_PROTOCOL_TYPE && group.subscribedTopics !== null;
  return known && group.is('Stable') ? committed.commitTimestampMs : undefined;
}

async function removeIfUnused(host: ExpiryHost, service: OffsetService, group: Group): Promise<void> {
  const { groupId } = group;
  const inUse =
    group.state !== 'Empty' ||
    (group.type === 'classic' && group.pendingMembers.size > 0) ||
    host.store.hasOffsets(groupId) ||
    host.store.hasOpenTransactions(groupId);
  if (inUse || host.find(groupId) !== group) return;
  const records = groupRemoval(group);
  host.forget(group);
  await service.tombstone(groupId, [], records);
}
