/** Takes members out of a consumer group: those that leave, those that are overdue, those an administrator removes. */

import { groupRecord } from '../records.ts';
import { dropUnusedRegexes, refreshMetadata } from './assign.ts';
import { NO_EPOCHS, withEpoch, withoutEpochs } from './assignment.ts';
import type { ConsumerGroup } from './consumer-group.ts';
import type { ConsumerGroupHost } from './context.ts';
import { canDowngrade, downgradeInto, removalEvents } from './convert.ts';
import type { GroupUpdate } from './group-update.ts';
import { removeMember } from './join-member.ts';
import { type ConsumerMember, LEAVE_STATIC_EPOCH } from './member.ts';

/** The group's epoch is raised, so that the others get what is free now; if they are all classic, the group is too. */
export function fenceMembers(host: ConsumerGroupHost, update: GroupUpdate, members: readonly ConsumerMember[]): void {
  if (members.length === 0) return;
  if (canDowngrade(update.group, members, host.settings)) {
    downgrade(host, update, members, `Downgrade group ${update.group.groupId} from consumer to classic for member leaving.`);
    return;
  }
  for (const { memberId } of members) removeMember(update, memberId);
  dropUnusedRegexes(update);
  refreshMetadata(host, update, true);
}

/** Makes a classic group of the consumer group. With a `reason` its members are called to rebalance. */
export function downgrade(host: ConsumerGroupHost, update: GroupUpdate, leaving: readonly ConsumerMember[], reason: string | null): void {
  const { group } = update;
  const classic = host.newClassic(group.groupId);
  downgradeInto(classic, group, leaving, host);
  for (const event of removalEvents(group)) update.apply(event);
  update.write(groupRecord(classic, new Map([...classic.members.values()].map((member) => [member.memberId, member.assignment]))));
  update.afterwards(() => {
    retire(group);
    host.register(classic);
    for (const member of classic.members.values()) member.keepAlive();
    host.log.info(`Group ${group.groupId} is a classic group now.`);
    if (reason !== null) host.rebalancer.start(classic, reason);
  });
}

/** A static member goes for a while. Its partitions stay with it; whoever comes back may commit them from the start. */
export function leaveForAWhile(update: GroupUpdate, member: ConsumerMember): void {
  update.apply({
    kind: 'progress',
    memberId: member.memberId,
    value: {
      ...member,
      memberEpoch: LEAVE_STATIC_EPOCH,
      pendingRevocation: NO_EPOCHS,
      assigned: withEpoch(withoutEpochs(member.assigned), 0),
    },
  });
  update.afterwards(() => update.group.timers.get(member.memberId)?.revocation.cancel());
}

/** The object is no group any more. */
export function retire(group: ConsumerGroup): void {
  group.dead = true;
  for (const timers of group.timers.values()) timers.cancel();
  group.timers.clear();
}
