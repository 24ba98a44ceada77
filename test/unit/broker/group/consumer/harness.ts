/** Consumer groups on a fake broker, and members that behave as consumers of the new protocol do. */

import type { BrokerConfig } from '../../../../../src/broker/coordinator/index.ts';
import { Code } from '../../../../../src/broker/coordinator/index.ts';
import { topicKey } from '../../../../../src/broker/group/consumer/assignment.ts';
import type { ConsumerGroup } from '../../../../../src/broker/group/consumer/consumer-group.ts';
import type { ConsumerMember } from '../../../../../src/broker/group/consumer/member.ts';
import type { ConsumerHeartbeat, ConsumerHeartbeatResult } from '../../../../../src/broker/group/consumer/types.ts';
import type { GroupCoordinator } from '../../../../../src/broker/group/coordinator.ts';
import { type FakeBroker, fakeBroker } from '../../coordinator/fakes.ts';
import { GROUP, type Started, startGroups } from '../harness.ts';

export { GROUP };

export const TIMEOUT_MS = 60_000;

export interface Topics {
  readonly [name: string]: number;
}

/** A coordinator with these topics; `groupConfig` is what the group has of its own. */
export async function started(
  topics: Topics = { flights: 4 },
  config: BrokerConfig = {},
  groupConfig: Record<string, string> = {},
): Promise<Started> {
  const broker: FakeBroker = { ...fakeBroker(config), groupConfig: () => groupConfig };
  for (const [name, partitions] of Object.entries(topics)) broker.topics.add(name, partitions);
  return startGroups(broker);
}

export function heartbeatOf(changes: Partial<ConsumerHeartbeat>): ConsumerHeartbeat {
  return {
    groupId: GROUP,
    memberId: 'a',
    memberEpoch: 0,
    instanceId: null,
    rackId: null,
    rebalanceTimeoutMs: -1,
    topicNames: null,
    topicRegex: null,
    serverAssignor: null,
    owned: null,
    clientId: 'app',
    clientHost: '/127.0.0.1',
    bringsMemberId: true,
    mayDescribe: () => true,
    ...changes,
  };
}

export function joinOf(memberId: string, changes: Partial<ConsumerHeartbeat> = {}): ConsumerHeartbeat {
  return heartbeatOf({ memberId, rebalanceTimeoutMs: TIMEOUT_MS, topicNames: ['flights'], owned: new Map(), ...changes });
}

export function consumerGroup(groups: GroupCoordinator, groupId = GROUP): ConsumerGroup {
  const group = groups.find(groupId);
  if (group?.type !== 'consumer') throw new Error(`${groupId} is no consumer group`);
  return group;
}

export function memberOf(groups: GroupCoordinator, memberId: string): ConsumerMember {
  return consumerGroup(groups).member(memberId);
}

/** `flights-0 flights-1`, in order. */
export function partitionNames(broker: FakeBroker, assignment: ReadonlyMap<string, { keys(): Iterable<number> }> | null): string | null {
  if (assignment === null) return null;
  const names = new Map([...broker.topics.all()].map((topic) => [topicKey(topic.id), topic.name]));
  const all = [...assignment].flatMap(([key, partitions]) =>
    [...partitions.keys()].map((partition) => `${names.get(key) ?? key}-${partition}`),
  );
  return all.sort().join(' ');
}

/** Everything about a group that the log must bring back. */
export function dump(group: ConsumerGroup): unknown {
  const plain = (assignment: ReadonlyMap<string, { entries(): Iterable<[number, number]> }>) =>
    [...assignment].map(([topic, partitions]) => [topic, [...partitions.entries()].sort()] as const).sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    epochs: [group.groupEpoch, group.assignmentEpoch, group.metadataHash, group.assignmentTimestampMs],
    state: group.state,
    regexes: [...group.regexes].sort(),
    members: [...group.members.values()]
      .map((member) => ({ ...member, assigned: plain(member.assigned), pendingRevocation: plain(member.pendingRevocation) }))
      .map((member) => ({ ...member, target: plain(group.target(member.memberId)) }))
      .sort((a, b) => (a.memberId < b.memberId ? -1 : 1)),
  };
}

/** A consumer of the new protocol: keeps what it is told, gives up what it is told, rejoins when it is fenced. */
export class SimulatedMember {
  readonly memberId: string;
  readonly #instanceId: string | null;
  readonly #subscription: Pick<ConsumerHeartbeat, 'topicNames' | 'topicRegex'>;
  epoch = 0;
  owned = new Map<string, Set<number>>();
  /** Says everything with the next request: at the start and after an error. */
  #full = true;

  constructor(memberId: string, subscription: Partial<ConsumerHeartbeat> = { topicNames: ['flights'] }) {
    this.memberId = memberId;
    this.#instanceId = subscription.instanceId ?? null;
    this.#subscription = { topicNames: subscription.topicNames ?? null, topicRegex: subscription.topicRegex ?? null };
  }

  request(): ConsumerHeartbeat {
    const said = this.#full || this.epoch === 0 ? { ...this.#subscription, rebalanceTimeoutMs: TIMEOUT_MS } : {};
    return heartbeatOf({
      ...said,
      memberId: this.memberId,
      instanceId: this.#instanceId,
      memberEpoch: this.epoch,
      owned: this.copyOfOwned(),
    });
  }

  copyOfOwned(): Map<string, Set<number>> {
    return new Map([...this.owned].map(([topic, partitions]) => [topic, new Set(partitions)]));
  }

  /** Returns whether anything changed, so that a heartbeat follows at once. */
  accept(result: ConsumerHeartbeatResult): boolean {
    if (result.errorCode !== Code.NONE) {
      this.#full = true;
      if (
        result.errorCode === Code.FENCED_MEMBER_EPOCH ||
        result.errorCode === Code.UNKNOWN_MEMBER_ID ||
        result.errorCode === Code.GROUP_ID_NOT_FOUND
      ) {
        this.epoch = 0;
        this.owned = new Map();
        return true;
      }
      return false;
    }
    this.#full = false;
    this.epoch = result.memberEpoch;
    if (result.assignment === null) return false;
    this.owned = new Map([...result.assignment].map(([topic, partitions]) => [topic, new Set(partitions)]));
    return true;
  }

  /** The answer got lost: the request is repeated in full. */
  loseAnswer(): void {
    this.#full = true;
  }

  async heartbeat(groups: GroupCoordinator): Promise<ConsumerHeartbeatResult> {
    const result = await groups.consumerHeartbeat(this.request());
    this.accept(result);
    return result;
  }
}

/** Lets everybody send heartbeats until nothing changes any more. */
export async function converge(groups: GroupCoordinator, members: readonly SimulatedMember[], rounds = 20): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    let changed = false;
    for (const member of members) changed = member.accept(await groups.consumerHeartbeat(member.request())) || changed;
    if (!changed) return;
  }
  throw new Error(`The group has not come to rest after ${rounds} rounds.`);
}
