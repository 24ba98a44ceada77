/**
 * `uniform` for members that are all subscribed to the same topics. Everybody's share is known beforehand: what a member
 * has above it is taken away, and what nobody has then fills those below theirs. Follows Kafka's
 * `UniformHomogeneousAssignmentBuilder`.
 */

import { compareTopicKeys, type TopicKey } from '../assignment.ts';
import {
  type AssignorInput,
  type AssignorMember,
  type AssignorResult,
  addPartition,
  copyOf,
  type MutableAssignment,
  removePartition,
} from './types.ts';

interface FreePartition {
  readonly topic: TopicKey;
  readonly partition: number;
}

export class HomogeneousAssignment {
  readonly #members: readonly AssignorMember[];
  readonly #topics: ReadonlySet<TopicKey>;
  readonly #result = new Map<string, MutableAssignment>();
  readonly #free: FreePartition[] = [];
  /** Members below their share, with what they lack. */
  readonly #unfilled: { readonly assignment: MutableAssignment; readonly lacks: number }[] = [];
  readonly #minimum: number;
  /** Members that still may get one partition above the minimum. */
  #extra: number;

  constructor({ members, partitionCount }: AssignorInput) {
    this.#members = members;
    this.#topics = members[0]?.topics ?? new Set();
    const total = this.#collectFree(partitionCount);
    this.#minimum = Math.floor(total / members.length);
    this.#extra = total % members.length;
  }

  build(): AssignorResult {
    if (this.#topics.size === 0) return new Map();
    for (const [index, member] of this.#members.entries()) this.#keepShare(member, this.#members.length - index);
    let next = 0;
    for (const { assignment, lacks } of this.#unfilled) {
      for (const { topic, partition } of this.#free.slice(next, next + lacks)) addPartition(assignment, topic, partition);
      next += lacks;
    }
    return this.#result;
  }

  /** Finds what nobody has. Returns the number of all partitions. */
  #collectFree(partitionCount: AssignorInput['partitionCount']): number {
    let total = 0;
    for (const topic of [...this.#topics].sort(compareTopicKeys)) {
      const partitions = partitionCount(topic);
      const taken = new Set<number>();
      for (const { assignment } of this.#members) for (const partition of assignment.get(topic) ?? []) taken.add(partition);
      for (let partition = 0; partition < partitions; partition++) if (!taken.has(partition)) this.#free.push({ topic, partition });
      total += partitions;
    }
    return total;
  }

  /** Lets a member keep what it has up to its share. `left` counts the members not yet dealt with, this one included. */
  #keepShare(member: AssignorMember, left: number): void {
    const assignment = copyOf(member.assignment);
    this.#result.set(member.memberId, assignment);
    let takesExtra = this.#extra > 0;
    let lacks = this.#minimum + (takesExtra ? 1 : 0);
    for (const [topic, partitions] of member.assignment) {
      if (this.#topics.has(topic)) lacks -= this.#keepOfTopic(assignment, topic, partitions, lacks);
      else assignment.delete(topic);
    }
    // The extra partition is for whoever has it already, unless the members that are left are needed to take them all.
    if (lacks > 0 && takesExtra && left > this.#extra) {
      lacks--;
      takesExtra = false;
    }
    if (lacks > 0) this.#unfilled.push({ assignment, lacks });
    if (takesExtra) this.#extra--;
  }

  /** Frees what is above `limit`; returns how many partitions are kept. */
  #keepOfTopic(assignment: MutableAssignment, topic: TopicKey, partitions: ReadonlySet<number>, limit: number): number {
    if (partitions.size <= limit) return partitions.size;
    const surplus = [...partitions].sort((a, b) => a - b).slice(limit);
    for (const partition of surplus) {
      removePartition(assignment, topic, partition);
      this.#free.push({ topic, partition });
    }
    return limit;
  }
}
