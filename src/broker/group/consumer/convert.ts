/**
 * Groups that change from the classic protocol to the new one and back while their members work on, one by one. The
 * records of the old kind are removed and those of the new kind written in one batch. Follows Kafka's
 * `ConsumerGroup.fromClassicGroup` and `ClassicGroup.fromConsumerGroup`.
 */

import { MillraceError } from '../../../errors.ts';
import { KafkaProtocolError } from '../../../protocol/index.ts';
import { Code } from '../../coordinator/index.ts';
import type { Clock } from '../../seams.ts';
import type { ClassicGroup } from '../classic-group.ts';
import { GroupMember } from '../member.ts';
import type { Rebalancer } from '../rebalance.ts';
import { CONSUMER_PROTOCOL_TYPE } from '../subscription.ts';
import { type Assignment, NO_EPOCHS, withEpoch } from './assignment.ts';
import type { ConsumerGroup } from './consumer-group.ts';
import { readAssignment, readSubscription, writeAssignment } from './embedded-protocol.ts';
import type { GroupEvent } from './events.ts';
import { type ConsumerMember, newMember, sortedNames } from './member.ts';
import type { ConsumerGroupSettings } from './settings.ts';
import type { TopicView } from './topic-view.ts';

/** Throws GROUP_ID_NOT_FOUND, as Kafka does, when the classic group may not become a consumer group. */
export function checkUpgrade(classic: ClassicGroup, settings: ConsumerGroupSettings): void {
  if (!settings.canUpgrade) throw cannotUpgrade(classic, 'online upgrade is disabled.');
  if (classic.protocolType !== CONSUMER_PROTOCOL_TYPE) {
    throw cannotUpgrade(classic, 'the group does not use the consumer embedded protocol.');
  }
  if (classic.members.size > settings.maxSize) throw cannotUpgrade(classic, 'the group size exceeds the consumer group maximum size.');
}

function cannotUpgrade({ groupId }: ClassicGroup, because: string): KafkaProtocolError {
  return new KafkaProtocolError(Code.GROUP_ID_NOT_FOUND, `Cannot upgrade classic group ${groupId} to consumer group because ${because}`);
}

/** What makes a consumer group of the classic one: its members with their assignments, in the epoch of its generation. */
export function upgradeEvents(classic: ClassicGroup, topics: TopicView): GroupEvent[] {
  const targets = new Map<string, Assignment>();
  const members = [...classic.members.values()].map((member) => {
    const { partitions, upgraded } = upgradeMember(classic, member, topics);
    targets.set(member.memberId, partitions);
    return upgraded;
  });
  const epoch = classic.generationId;
  const metadataHash = topics.hash(new Set(members.flatMap(({ topicNames }) => topicNames)));
  return [
    ...members.map((member): GroupEvent => ({ kind: 'member', memberId: member.memberId, value: member })),
    { kind: 'group', value: { epoch, metadataHash } },
    ...[...targets].map(([memberId, value]): GroupEvent => ({ kind: 'target', memberId, value })),
    { kind: 'target-epoch', value: { epoch, timestampMs: 0 } },
    ...members.map((member): GroupEvent => ({ kind: 'progress', memberId: member.memberId, value: member })),
  ];
}

function upgradeMember(
  classic: ClassicGroup,
  member: GroupMember,
  topics: TopicView,
): { readonly partitions: Assignment; readonly upgraded: ConsumerMember } {
  const chosen = member.protocols.find(({ name }) => name === classic.protocolName) ?? member.protocols[0];
  try {
    const { partitions, hasUserData } = readAssignment(member.assignment, topics);
    if (hasUserData) {
      throw cannotUpgrade(
        classic,
        'an unsupported custom assignor is in use. Please refer to the documentation or switch to a default assignor before re-attempting the upgrade.',
      );
    }
    const { topicNames, rackId } = readSubscription(chosen?.metadata ?? new Uint8Array(0), topics);
    const upgraded: ConsumerMember = {
      ...newMember(member.memberId),
      memberEpoch: classic.generationId,
      previousMemberEpoch: classic.generationId,
      instanceId: member.groupInstanceId,
      rackId,
      rebalanceTimeoutMs: member.rebalanceTimeoutMs,
      clientId: member.clientId,
      clientHost: member.clientHost,
      topicNames: sortedNames(topicNames),
      assigned: withEpoch(partitions, classic.generationId),
      pendingRevocation: NO_EPOCHS,
      classic: { sessionTimeoutMs: member.sessionTimeoutMs, protocols: member.protocols },
    };
    return { partitions, upgraded };
  } catch (error) {
    if (error instanceof MillraceError) throw cannotUpgrade(classic, 'the embedded consumer protocol is malformed.');
    throw error;
  }
}

/** Whether the group goes back to the classic protocol when these members are gone. */
export function canDowngrade(group: ConsumerGroup, leaving: readonly ConsumerMember[], settings: ConsumerGroupSettings): boolean {
  const left = group.members.size - leaving.length;
  const leavingClassic = leaving.filter(({ classic }) => classic !== null).length;
  const onlyClassic = group.classicMembers - leavingClassic === left;
  return onlyClassic && left > 0 && settings.canDowngrade && left <= settings.classicMaxSize;
}

/** Everything the log has of the group, removed. */
export function removalEvents(group: ConsumerGroup): GroupEvent[] {
  const memberIds = [...group.members.keys()];
  return [
    ...memberIds.map((memberId): GroupEvent => ({ kind: 'progress', memberId, value: null })),
    ...memberIds.map((memberId): GroupEvent => ({ kind: 'target', memberId, value: null })),
    { kind: 'target-epoch', value: null },
    ...memberIds.map((memberId): GroupEvent => ({ kind: 'member', memberId, value: null })),
    ...[...group.regexes.keys()].map((regex): GroupEvent => ({ kind: 'regex', regex, value: null })),
    { kind: 'partition-metadata', value: null },
    { kind: 'group', value: null },
  ];
}

/**
 * Fills a new classic group with the classic members of the consumer group, but for those that leave. It is stable in
 * the generation of the group's epoch; everybody has its part of the target assignment.
 */
export function downgradeInto(
  classic: ClassicGroup,
  group: ConsumerGroup,
  leaving: readonly ConsumerMember[],
  { clock, topics, rebalancer }: { readonly clock: Clock; readonly topics: TopicView; readonly rebalancer: Rebalancer },
): void {
  const gone = new Set(leaving.map(({ memberId }) => memberId));
  classic.generationId = group.groupEpoch;
  classic.protocolType = CONSUMER_PROTOCOL_TYPE;
  for (const member of group.members.values()) {
    if (gone.has(member.memberId) || member.classic === null) continue;
    const { memberId, clientId, clientHost, rebalanceTimeoutMs, classic: metadata } = member;
    const { sessionTimeoutMs, protocols } = metadata;
    const identity = {
      memberId,
      groupInstanceId: member.instanceId,
      clientId,
      clientHost,
      rebalanceTimeoutMs,
      sessionTimeoutMs,
      protocols,
    };
    classic.add(new GroupMember(identity, clock, (expired) => rebalancer.onSessionExpired(classic, expired)));
  }
  classic.protocolName = classic.selectProtocol();
  classic.state = 'Stable';
  classic.stateTimestampMs = clock.nowMs();
  classic.refreshSubscription();
  for (const member of classic.members.values()) {
    member.assignment = writeAssignment(group.target(member.memberId), member.metadataFor(classic.protocolName), topics);
  }
}
