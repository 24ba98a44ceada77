/** A group coordinator on a fake broker, and members that say what clients say. */

import { Code, OFFSETS_TOPIC } from '../../../../src/broker/coordinator/index.ts';
import type { ClassicGroup } from '../../../../src/broker/group/classic-group.ts';
import { GroupCoordinator } from '../../../../src/broker/group/coordinator.ts';
import type { JoinRequest, JoinResult, SyncResult } from '../../../../src/broker/group/types.ts';
import { type FakeBroker, fakeBroker, settle } from '../coordinator/fakes.ts';

export const GROUP = 'orders';
export const SESSION_MS = 10_000;
export const REBALANCE_MS = 60_000;

/** Subscription version 0 to these topics. */
export function subscription(...topics: string[]): Buffer {
  const parts: Buffer[] = [Buffer.from([0, 0]), int32(topics.length)];
  for (const topic of topics) parts.push(Buffer.from([0, topic.length]), Buffer.from(topic));
  parts.push(int32(-1));
  return Buffer.concat(parts);
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

export function joinRequest(changes: Partial<JoinRequest> = {}): JoinRequest {
  return {
    groupId: GROUP,
    memberId: '',
    groupInstanceId: null,
    clientId: 'app',
    clientHost: '/127.0.0.1',
    sessionTimeoutMs: SESSION_MS,
    rebalanceTimeoutMs: REBALANCE_MS,
    protocolType: 'consumer',
    protocols: [{ name: 'range', metadata: subscription('flights') }],
    reason: null,
    requireKnownMemberId: false,
    supportsSkippingAssignment: false,
    ...changes,
  };
}

export interface Started {
  readonly broker: FakeBroker;
  readonly groups: GroupCoordinator;
}

export async function startGroups(broker: FakeBroker = fakeBroker()): Promise<Started> {
  const groups = new GroupCoordinator(broker);
  await groups.load();
  if ((await groups.readiness.check(GROUP, 1)) !== Code.NONE) throw new Error('the coordinator is not ready');
  return { broker, groups };
}

export function classicGroup(groups: GroupCoordinator, groupId = GROUP): ClassicGroup {
  const group = groups.find(groupId);
  if (group?.type !== 'classic') throw new Error(`${groupId} is no classic group`);
  return group;
}

/** A second coordinator on the same logs, as after `kill -9`. */
export async function restart({ broker }: Started): Promise<Started> {
  return startGroups({ ...broker, clock: broker.clock });
}

export function offsetsLog(broker: FakeBroker): ReturnType<FakeBroker['topics']['log']> {
  return broker.topics.log(OFFSETS_TOPIC);
}

/** What a promise has come to so far; `pending` when it has not. */
export async function outcome<T>(promise: T | Promise<T>): Promise<T | 'pending'> {
  const pending = Symbol('pending');
  await settle();
  const result = await Promise.race([promise, Promise.resolve(pending)]);
  return result === pending ? 'pending' : (result as T);
}

/** Joins members until they are all in one generation and have their assignments; returns their last join answers. */
export async function stableGroup(groups: GroupCoordinator, requests: readonly Partial<JoinRequest>[]): Promise<JoinResult[]> {
  const first = await groups.join(joinRequest(requests[0]));
  const rest = requests.slice(1).map((request) => groups.join(joinRequest(request)));
  const again = rest.length === 0 ? first : await groups.join(joinRequest({ ...requests[0], memberId: first.memberId }));
  const joined = [again, ...(await Promise.all(rest))];
  await syncAll(groups, joined);
  return joined;
}

/** The leader gives everybody an assignment that names them. */
export async function syncAll(groups: GroupCoordinator, joined: readonly JoinResult[]): Promise<SyncResult[]> {
  const leader = joined.find((one) => one.leader === one.memberId)!;
  const assignments = new Map(joined.map((one) => [one.memberId, Buffer.from(`for ${one.memberId}`)]));
  return Promise.all(
    joined.map((one) =>
      groups.sync({
        groupId: GROUP,
        generationId: one.generationId,
        memberId: one.memberId,
        groupInstanceId: null,
        protocolType: null,
        protocolName: null,
        assignments: one === leader ? assignments : new Map(),
      }),
    ),
  );
}
