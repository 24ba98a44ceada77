/**
 * `uniform` for members with different subscriptions: free partitions go to the least loaded subscriber of their topic,
 * then partitions move from the most to the least loaded ones until that makes nothing better. Follows Kafka's
 * `UniformHeterogeneousAssignmentBuilder`.
 */

import { compareTopicKeys, type TopicKey } from '../assignment.ts';
import { Balancer } from './balancer.ts';
import {
  type AssignorInput,
  type AssignorMember,
  type AssignorResult,
  addPartition,
  copyOf,
  type MutableAssignment,
  removePartition,
} from './types.ts';

/** Overlapping subscriptions may come ever closer to balance; every round halves the distance or so. Kafka's limit. */
const MAX_ROUNDS = 16;

const NOBODY = -1;

export class HeterogeneousAssignment {
  readonly #members: readonly AssignorMember[];
  readonly #partitionCount: (topic: TopicKey) => number;
  /** Members by their place in the input, ascending. */
  readonly #subscribers = new Map<TopicKey, number[]>();
  readonly #assignments: MutableAssignment[];
  /** Partitions each member has. */
  readonly #loads: number[];
  /** Owner of every partition. */
  readonly #owners = new Map<TopicKey, number[]>();
  readonly #balancer: Balancer;

  constructor({ members, partitionCount }: AssignorInput) {
    this.#members = members;
    this.#partitionCount = partitionCount;
    this.#assignments = members.map((member) => copyOf(member.assignment));
    this.#loads = members.map(() => 0);
    this.#balancer = new Balancer(this.#loads);
    for (const [index, member] of members.entries()) {
      for (const topic of member.topics) {
        const subscribers = this.#subscribers.get(topic);
        if (subscribers === undefined) this.#subscribers.set(topic, [index]);
        else subscribers.push(index);
      }
    }
    for (const topic of this.#subscribers.keys()) this.#owners.set(topic, new Array<number>(partitionCount(topic)).fill(NOBODY));
  }

  build(): AssignorResult {
    if (this.#subscribers.size === 0) return new Map();
    for (const [index, member] of this.#members.entries()) this.#keepSubscribed(index, member);
    this.#assignFree();
    this.#balance();
    return new Map(this.#members.map(({ memberId }, index) => [memberId, this.#assignments[index]!]));
  }

  #keepSubscribed(index: number, member: AssignorMember): void {
    for (const [topic, partitions] of member.assignment) {
      const owners = this.#owners.get(topic);
      if (!member.topics.has(topic) || owners === undefined) {
        this.#assignments[index]!.delete(topic);
        continue;
      }
      this.#loads[index]! += partitions.size;
      for (const partition of partitions) owners[partition] = index;
    }
  }

  #assignFree(): void {
    const free = new Map<TopicKey, number[]>();
    for (const [topic, owners] of this.#owners) {
      const partitions = owners.flatMap((owner, partition) => (owner === NOBODY ? [partition] : []));
      if (partitions.length > 0) free.set(topic, partitions);
    }
    for (const topic of this.#hardestFirst(free.keys())) {
      this.#balancer.start(this.#subscribers.get(topic)!);
      for (const partition of free.get(topic)!) this.#assign(topic, partition, this.#balancer.takeLeastLoaded());
    }
  }

  /** Goes round the topics until a whole round has moved nothing. */
  #balance(): void {
    const movable = [...this.#subscribers].filter(([, members]) => members.length > 1).map(([topic]) => topic);
    const topics = this.#hardestFirst(movable);
    let lastChanged = -1;
    for (let round = 0; round < MAX_ROUNDS; round++) {
      for (const [index, topic] of topics.entries()) {
        if (index === lastChanged) return;
        if (this.#balanceTopic(topic) > 0 || lastChanged === -1) lastChanged = index;
      }
    }
  }

  /** Moves partitions of one topic from its most to its least loaded subscribers; returns how many. */
  #balanceTopic(topic: TopicKey): number {
    const balancer = this.#balancer;
    if (balancer.start(this.#subscribers.get(topic)!) <= 1) return 0;
    const owned = this.#partitionsByOwner(topic);
    let moved = 0;
    while (!balancer.balanced) {
      const partition = this.#takeFromMostLoaded(owned);
      if (partition === undefined) break;
      const receiver = balancer.takeLeastLoaded();
      if (balancer.balanced) break;
      this.#assign(topic, partition, receiver);
      moved++;
    }
    return moved;
  }

  #partitionsByOwner(topic: TopicKey): Map<number, number[]> {
    const owned = new Map<number, number[]>();
    for (const [partition, owner] of this.#owners.get(topic)!.entries()) {
      const partitions = owned.get(owner);
      if (partitions === undefined) owned.set(owner, [partition]);
      else partitions.push(partition);
    }
    return owned;
  }

  /** The highest partition of the most loaded member that has one left to give. */
  #takeFromMostLoaded(owned: ReadonlyMap<number, number[]>): number | undefined {
    for (;;) {
      const member = this.#balancer.takeMostLoaded();
      if (member === NOBODY) return undefined;
      const partition = owned.get(member)?.pop();
      if (partition !== undefined) return partition;
      this.#balancer.excludeMostLoaded();
    }
  }

  #assign(topic: TopicKey, partition: number, member: number): void {
    const owners = this.#owners.get(topic)!;
    const before = owners[partition]!;
    if (before !== NOBODY) {
      removePartition(this.#assignments[before]!, topic, partition);
      this.#loads[before]!--;
    }
    addPartition(this.#assignments[member]!, topic, partition);
    this.#loads[member]!++;
    owners[partition] = member;
  }

  /** Many partitions for few subscribers first: later topics can even out what those make unequal. */
  #hardestFirst(topics: Iterable<TopicKey>): TopicKey[] {
    const subscribers = (topic: TopicKey): number => this.#subscribers.get(topic)!.length;
    const perSubscriber = (topic: TopicKey): number => this.#partitionCount(topic) / subscribers(topic);
    return [...topics].sort((a, b) => perSubscriber(b) - perSubscriber(a) || subscribers(a) - subscribers(b) || compareTopicKeys(a, b));
  }
}
