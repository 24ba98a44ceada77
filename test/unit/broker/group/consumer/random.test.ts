import { describe, expect, it } from 'vitest';
import { topicKey } from '../../../../../src/broker/group/consumer/assignment.ts';
import type { ConsumerGroup } from '../../../../../src/broker/group/consumer/consumer-group.ts';
import type { GroupCoordinator } from '../../../../../src/broker/group/coordinator.ts';
import { settle } from '../../coordinator/fakes.ts';
import { restart, type Started } from '../harness.ts';
import { converge, dump, GROUP, SimulatedMember, started } from './harness.ts';

/** `SEED=n npx vitest run …/random.test.ts` repeats one run. */
const SEEDS = process.env['SEED'] === undefined ? Array.from({ length: 25 }, (_, index) => index + 1) : [Number(process.env['SEED'])];
const STEPS = 300;
const MAX_MEMBERS = 6;

/** Numerical Recipes' generator: the same numbers everywhere. */
function randomNumbers(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const SUBSCRIPTIONS = [
  { topicNames: ['flights'] },
  { topicNames: ['flights', 'seats'] },
  { topicNames: ['seats', 'late'] },
  { topicRegex: '(flights|seats|late).*' },
] as const;

/** Several members, a coordinator that restarts, topics that come, grow and go; the test decides who does what. */
class World {
  readonly #random: (below: number) => number;
  #started: Started;
  members: SimulatedMember[] = [];
  #made = 0;
  #grown = 4;

  constructor(first: Started, random: (below: number) => number) {
    this.#started = first;
    this.#random = random;
  }

  get groups(): GroupCoordinator {
    return this.#started.groups;
  }

  get group(): ConsumerGroup | undefined {
    const group = this.groups.find(GROUP);
    return group?.type === 'consumer' ? group : undefined;
  }

  async step(): Promise<void> {
    const dice = this.#random(100);
    if (dice < 8) this.#join();
    else if (dice < 12) await this.#leave();
    else if (dice < 15) this.#crash();
    else if (dice < 18) await this.#restart();
    else if (dice < 21) this.#changeTopics();
    else if (dice < 26) await this.#started.broker.clock.advance(1 + this.#random(30_000));
    else await this.#heartbeat();
  }

  #join(): void {
    if (this.members.length >= MAX_MEMBERS) return;
    const memberId = `m${this.#made++}`;
    const instanceId = this.#random(3) === 0 ? `i${this.#random(4)}` : null;
    this.members.push(new SimulatedMember(memberId, { ...SUBSCRIPTIONS[this.#random(SUBSCRIPTIONS.length)], instanceId }));
  }

  async #leave(): Promise<void> {
    const member = this.#pick();
    if (member === undefined) return;
    this.#remove(member);
    const forAWhile = member.request().instanceId !== null && this.#random(2) === 0;
    await this.groups.consumerHeartbeat({ ...member.request(), memberEpoch: forAWhile ? -2 : -1 });
  }

  /** It is never heard of again. */
  #crash(): void {
    const member = this.#pick();
    if (member !== undefined) this.#remove(member);
  }

  async #restart(): Promise<void> {
    const before = this.group === undefined ? undefined : dump(this.group);
    this.groups.close();
    this.#started = await restart(this.#started);
    expect(this.group === undefined ? undefined : dump(this.group)).toEqual(before);
  }

  #changeTopics(): void {
    const { topics } = this.#started.broker;
    switch (this.#random(4)) {
      case 0:
        this.#grown = Math.min(this.#grown + 1, 12);
        topics.grow('flights', this.#grown);
        this.groups.onTopicChanged('flights', 'grown');
        break;
      case 1:
        if (topics.get('late') !== undefined) return;
        topics.add('late', 1 + this.#random(4));
        this.groups.onTopicChanged('late', 'created');
        break;
      default:
        if (topics.get('late') === undefined) return;
        void topics.delete('late');
        this.groups.onTopicChanged('late', 'deleted');
    }
  }

  /** Some requests get lost, and some answers. */
  async #heartbeat(): Promise<void> {
    const member = this.#pick();
    if (member === undefined) return;
    const fate = this.#random(10);
    if (fate === 0) return;
    const result = await this.groups.consumerHeartbeat(member.request());
    if (fate === 1) member.loseAnswer();
    else member.accept(result);
  }

  #pick(): SimulatedMember | undefined {
    return this.members[this.#random(Math.max(this.members.length, 1))];
  }

  #remove(member: SimulatedMember): void {
    this.members = this.members.filter((other) => other !== member);
  }

  /** No partition has two owners: not in the coordinator's books, and not among the clients it counts as members. */
  check(): void {
    const { group } = this;
    if (group === undefined) return;
    const booked = new Map<string, string>();
    for (const { memberId, assigned, pendingRevocation } of group.members.values()) {
      for (const [topic, partitions] of [...assigned, ...pendingRevocation]) {
        for (const partition of partitions.keys()) claim(booked, `${topic}/${partition}`, memberId);
      }
    }
    const held = new Map<string, string>();
    for (const { memberId, owned } of this.members) {
      if (!group.members.has(memberId)) continue;
      for (const [topic, partitions] of owned) for (const partition of partitions) claim(held, `${topic}/${partition}`, memberId);
    }
    for (const [partition, memberId] of held) expect([partition, booked.get(partition)]).toEqual([partition, memberId]);
  }

  /** The faults stop: crashed members' sessions end, and everybody that is left gets along. */
  async calm(): Promise<void> {
    for (let elapsed = 0; elapsed <= 120_000; elapsed += 20_000) {
      for (const member of this.members) member.accept(await this.groups.consumerHeartbeat(member.request()));
      await this.#started.broker.clock.advance(20_000);
    }
    await converge(this.groups, this.members);
  }

  checkComplete(): void {
    const { group } = this;
    if (group === undefined || group.isEmpty) return;
    expect(group.state).toBe('Stable');
    expect([...group.members.keys()].sort()).toEqual(this.members.map(({ memberId }) => memberId).sort());
    const owned = new Set(
      this.members.flatMap((member) => [...member.owned].flatMap(([topic, partitions]) => [...partitions].map((one) => `${topic}/${one}`))),
    );
    const wanted = new Set<string>();
    for (const topic of this.#started.broker.topics.all()) {
      if (!group.isSubscribedTo(topic.name)) continue;
      for (let partition = 0; partition < topic.partitions.length; partition++) wanted.add(`${topicKey(topic.id)}/${partition}`);
    }
    expect(owned).toEqual(wanted);
  }
}

function claim(owners: Map<string, string>, partition: string, memberId: string): void {
  const owner = owners.get(partition);
  expect([partition, owner ?? memberId]).toEqual([partition, memberId]);
  owners.set(partition, memberId);
}

describe('a consumer group whatever happens to it', () => {
  it.each(SEEDS)('seed %i: no partition has two owners, and in the end each has one', async (seed) => {
    const random = randomNumbers(seed);
    const world = new World(await started({ flights: 4, seats: 3 }), random);
    for (let step = 0; step < STEPS; step++) {
      await world.step();
      world.check();
    }
    await settle();
    // Two members with one instance id would go on fencing each other: the last one stays.
    const instances = new Map(world.members.map((member) => [member.request().instanceId ?? member.memberId, member]));
    world.members = world.members.filter((member) => instances.get(member.request().instanceId ?? member.memberId) === member);
    await world.calm();
    world.check();
    world.checkComplete();
  });
});
