/**
 * The data of one consumer group (KIP-848) and the questions that can be asked of it. It changes by {@link apply} only,
 * with the events that are written to the log; what happens when, is in the files beside this one. Follows Kafka's
 * `ModernGroup` and `ConsumerGroup`.
 */

import { KafkaProtocolError } from '../../../protocol/index.ts';
import { Code } from '../../coordinator/index.ts';
import { CONSUMER_PROTOCOL_TYPE } from '../subscription.ts';
import { type Assignment, type EpochAssignment, NO_EPOCHS, NO_PARTITIONS, type TopicKey } from './assignment.ts';
import type { GroupEvent, ResolvedRegex } from './events.ts';
import { type ConsumerMember, isReconciledTo, type MemberMetadata, type MemberProgress, newMember } from './member.ts';
import { Subscriptions } from './subscriptions.ts';
import type { MemberTimers } from './timers.ts';

export type ConsumerGroupState = 'Empty' | 'Assigning' | 'Reconciling' | 'Stable' | 'Dead';

/** Of a group nobody has joined; the first join makes it 2, as in Kafka 4.3. */
const FIRST_EPOCH = 1;

/** Everything that events change, to go back to when they could not be written. */
interface Snapshot {
  readonly groupEpoch: number;
  readonly metadataHash: number;
  readonly assignmentEpoch: number;
  readonly assignmentTimestampMs: number;
  readonly hasPartitionMetadata: boolean;
  readonly members: ReadonlyMap<string, ConsumerMember>;
  readonly targets: ReadonlyMap<string, Assignment>;
  readonly regexes: ReadonlyMap<string, ResolvedRegex>;
}

export class ConsumerGroup {
  readonly type = 'consumer';
  readonly protocolType = CONSUMER_PROTOCOL_TYPE;
  readonly groupId: string;
  /** Raised by everything that asks for another assignment. */
  groupEpoch = FIRST_EPOCH;
  /** Stands for the subscribed topics as they were when the group epoch was last raised. */
  metadataHash = 0;
  /** Group epoch the target assignment was made for. */
  assignmentEpoch = 0;
  /** 0 when unknown. */
  assignmentTimestampMs = 0;
  /** The log has a record from a Kafka before 4.1, to be removed at the next occasion. */
  hasPartitionMetadata = false;
  readonly members = new Map<string, ConsumerMember>();
  readonly regexes = new Map<string, ResolvedRegex>();
  /** Topics may have changed: the next request compares the hash. Soft state, like everything below. */
  metadataStale = true;
  /** When the regular expressions were last resolved, and at which count of topic creations. */
  regexesResolved = { atMs: Number.NEGATIVE_INFINITY, version: -1 };
  dead = false;
  /** The code of the last write; settles when that is as safe as the flush policy promises. */
  written: Promise<number> = Promise.resolve(Code.NONE);
  readonly timers = new Map<string, MemberTimers>();
  readonly #targets = new Map<string, Assignment>();
  /** groupInstanceId → memberId. */
  readonly #staticMembers = new Map<string, string>();
  readonly #owners = new Map<TopicKey, Map<number, string>>();
  #subscriptions: Subscriptions | null = null;

  constructor(groupId: string) {
    this.groupId = groupId;
  }

  get state(): ConsumerGroupState {
    if (this.dead) return 'Dead';
    if (this.members.size === 0) return 'Empty';
    if (this.groupEpoch > this.assignmentEpoch) return 'Assigning';
    for (const member of this.members.values()) if (!isReconciledTo(member, this.assignmentEpoch)) return 'Reconciling';
    return 'Stable';
  }

  get isEmpty(): boolean {
    return this.members.size === 0;
  }

  get subscriptions(): Subscriptions {
    this.#subscriptions ??= new Subscriptions(this.members, this.regexes);
    return this.#subscriptions;
  }

  isSubscribedTo(topic: string): boolean {
    return this.subscriptions.has(topic);
  }

  /** Throws UNKNOWN_MEMBER_ID. */
  member(memberId: string): ConsumerMember {
    const member = this.members.get(memberId);
    if (member !== undefined) return member;
    throw new KafkaProtocolError(Code.UNKNOWN_MEMBER_ID, `Member ${memberId} is not a member of group ${this.groupId}.`);
  }

  staticMember(instanceId: string | null): ConsumerMember | undefined {
    const memberId = instanceId === null ? undefined : this.#staticMembers.get(instanceId);
    return memberId === undefined ? undefined : this.members.get(memberId);
  }

  target(memberId: string): Assignment {
    return this.#targets.get(memberId) ?? NO_PARTITIONS;
  }

  /** Whether a target was made for the member, be it an empty one. */
  hasTarget(memberId: string): boolean {
    return this.#targets.has(memberId);
  }

  /** Member that has the partition or has still to give it up. */
  ownerOf(topic: TopicKey, partition: number): string | undefined {
    return this.#owners.get(topic)?.get(partition);
  }

  get classicMembers(): number {
    let count = 0;
    for (const { classic } of this.members.values()) if (classic !== null) count++;
    return count;
  }

  /** Protocol names that every classic member speaks; undefined without classic members. */
  commonClassicProtocols(): Set<string> | undefined {
    let common: Set<string> | undefined;
    for (const { classic } of this.members.values()) {
      if (classic === null) continue;
      const names = new Set(classic.protocols.map(({ name }) => name));
      common = common === undefined ? names : new Set([...common].filter((name) => names.has(name)));
    }
    return common;
  }

  /** The assignor most members ask for; the first named one of several. Null when none does. */
  preferredAssignor(): string | null {
    const votes = new Map<string, number>();
    for (const { serverAssignor } of this.members.values()) {
      if (serverAssignor !== null) votes.set(serverAssignor, (votes.get(serverAssignor) ?? 0) + 1);
    }
    let best: string | null = null;
    for (const [name, count] of votes) if (best === null || count > votes.get(best)!) best = name;
    return best;
  }

  apply(event: GroupEvent): void {
    switch (event.kind) {
      case 'group':
        if (event.value !== null) {
          this.groupEpoch = event.value.epoch;
          this.metadataHash = event.value.metadataHash;
        }
        break;
      case 'partition-metadata':
        this.hasPartitionMetadata = event.value !== null;
        break;
      case 'member':
        this.#applyMember(event.memberId, event.value);
        break;
      case 'target-epoch':
        this.assignmentEpoch = event.value?.epoch ?? -1;
        this.assignmentTimestampMs = event.value?.timestampMs ?? 0;
        break;
      case 'target':
        if (event.value === null) this.#targets.delete(event.memberId);
        else this.#targets.set(event.memberId, event.value);
        break;
      case 'progress':
        this.#applyProgress(event.memberId, event.value);
        break;
      case 'regex':
        this.#subscriptions = null;
        if (event.value === null) this.regexes.delete(event.regex);
        else this.regexes.set(event.regex, event.value);
    }
  }

  snapshot(): Snapshot {
    const { groupEpoch, metadataHash, assignmentEpoch, assignmentTimestampMs, hasPartitionMetadata } = this;
    return {
      groupEpoch,
      metadataHash,
      assignmentEpoch,
      assignmentTimestampMs,
      hasPartitionMetadata,
      members: new Map(this.members),
      targets: new Map(this.#targets),
      regexes: new Map(this.regexes),
    };
  }

  restore(snapshot: Snapshot): void {
    const { members, targets, regexes, ...numbers } = snapshot;
    Object.assign(this, numbers);
    replaceEntries(this.members, members);
    replaceEntries(this.#targets, targets);
    replaceEntries(this.regexes, regexes);
    this.rebuild();
  }

  /** Derives anew what follows from the members. */
  rebuild(): void {
    this.#subscriptions = null;
    this.#staticMembers.clear();
    this.#owners.clear();
    for (const member of this.members.values()) {
      if (member.instanceId !== null) this.#staticMembers.set(member.instanceId, member.memberId);
      this.#own(member);
    }
  }

  #applyMember(memberId: string, metadata: MemberMetadata | null): void {
    this.#subscriptions = null;
    const before = this.members.get(memberId);
    if (metadata !== null) {
      const { instanceId, rackId, clientId, clientHost, topicNames, topicRegex, rebalanceTimeoutMs, serverAssignor, classic } = metadata;
      const said = { instanceId, rackId, clientId, clientHost, topicNames, topicRegex, rebalanceTimeoutMs, serverAssignor, classic };
      this.members.set(memberId, { ...(before ?? newMember(memberId)), ...said });
      if (instanceId !== null) this.#staticMembers.set(instanceId, memberId);
    } else if (before !== undefined) {
      this.members.delete(memberId);
      this.#disown(before);
      const { instanceId } = before;
      if (instanceId !== null && this.#staticMembers.get(instanceId) === memberId) this.#staticMembers.delete(instanceId);
    }
  }

  #applyProgress(memberId: string, progress: MemberProgress | null): void {
    const before = this.members.get(memberId) ?? (progress === null ? undefined : newMember(memberId));
    if (before === undefined) return;
    if (progress !== null && !this.members.has(memberId)) this.#subscriptions = null;
    this.#disown(before);
    const after: ConsumerMember =
      progress === null
        ? { ...before, memberEpoch: -1, previousMemberEpoch: -1, state: 'stable', assigned: NO_EPOCHS, pendingRevocation: NO_EPOCHS }
        : { ...before, ...progressOf(progress) };
    this.members.set(memberId, after);
    this.#own(after);
  }

  #own({ memberId, assigned, pendingRevocation }: ConsumerMember): void {
    forEachPartition([assigned, pendingRevocation], (topic, partition) => {
      const owners = this.#owners.get(topic);
      if (owners === undefined) this.#owners.set(topic, new Map([[partition, memberId]]));
      else owners.set(partition, memberId);
    });
  }

  #disown({ memberId, assigned, pendingRevocation }: ConsumerMember): void {
    forEachPartition([assigned, pendingRevocation], (topic, partition) => {
      const owners = this.#owners.get(topic);
      if (owners?.get(partition) !== memberId) return;
      owners.delete(partition);
      if (owners.size === 0) this.#owners.delete(topic);
    });
  }
}

function progressOf({ memberEpoch, previousMemberEpoch, state, assigned, pendingRevocation }: MemberProgress): MemberProgress {
  return { memberEpoch, previousMemberEpoch, state, assigned, pendingRevocation };
}

function forEachPartition(assignments: readonly EpochAssignment[], visit: (topic: TopicKey, partition: number) => void): void {
  for (const assignment of assignments) {
    for (const [topic, partitions] of assignment) for (const partition of partitions.keys()) visit(topic, partition);
  }
}

function replaceEntries<V>(map: Map<string, V>, entries: ReadonlyMap<string, V>): void {
  map.clear();
  for (const [key, value] of entries) map.set(key, value);
}
