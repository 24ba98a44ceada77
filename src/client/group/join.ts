import { MillraceError } from '../../errors.ts';
import { ErrorCode } from '../../protocol/index.ts';
import type { KafkaClient } from '../client.ts';
import { kafkaFailure } from '../errors.ts';
import type { TopicPartition } from '../topic-partition.ts';
import type { CoordinatorCalls, JoinResponse } from './coordinator-calls.ts';
import { type Division, divide } from './leader.ts';
import type { ResolvedGroupMemberOptions } from './options.ts';
import { decodeAssignment, encodeSubscription } from './subscription.ts';
import type { Assignor, GroupGeneration } from './types.ts';

/** What a member brings along when it joins. */
export interface JoinState {
  readonly memberId: string;
  readonly generationId: number;
  readonly topics: readonly string[];
  readonly owned: readonly TopicPartition[];
  readonly reason: string;
}

export interface Joined {
  readonly outcome: 'joined';
  readonly generation: GroupGeneration;
  readonly assignor: Assignor;
  readonly partitions: readonly TopicPartition[];
  readonly userData: Uint8Array | null;
  /** Set for the leader. */
  readonly division: Division | undefined;
}

/** Join again: with the member id given here, or as the group moved on meanwhile. */
export interface JoinAgain {
  readonly outcome: 'again';
  readonly memberId: string;
  /** What is owned may be another's by now. */
  readonly lost: 'nothing' | 'generation' | 'member';
}

/** One round of joining: JoinGroup, dividing the partitions if this member leads, SyncGroup. Rejects with what ends the membership. */
export class Joiner {
  readonly #client: KafkaClient;
  readonly #calls: CoordinatorCalls;
  readonly #options: ResolvedGroupMemberOptions;

  constructor(client: KafkaClient, calls: CoordinatorCalls, options: ResolvedGroupMemberOptions) {
    this.#client = client;
    this.#calls = calls;
    this.#options = options;
  }

  async join(state: JoinState): Promise<Joined | JoinAgain> {
    const response = await this.#calls.join(state.memberId, this.#protocols(state), state.reason);
    if (response.errorCode === ErrorCode.MEMBER_ID_REQUIRED) return { outcome: 'again', memberId: response.memberId, lost: 'nothing' };
    if (response.errorCode !== ErrorCode.NONE) return this.#again(response.errorCode, state.memberId, 'Joining');
    const { groupId, groupInstanceId } = this.#options;
    const generation: GroupGeneration = { groupId, groupInstanceId, generationId: response.generationId, memberId: response.memberId };
    const assignor = this.#assignor(response.protocolName);
    const division = await this.#division(assignor, response);
    const synced = await this.#calls.sync(generation, assignor.name, division?.assignments ?? []);
    if (synced.errorCode !== ErrorCode.NONE) return this.#again(synced.errorCode, response.memberId, 'Getting an assignment from');
    const { partitions, userData } = decodeAssignment(synced.assignment);
    return { outcome: 'joined', generation, assignor, partitions, userData, division };
  }

  #protocols({ topics, owned, generationId }: JoinState): { readonly name: string; readonly metadata: Buffer }[] {
    return this.#options.assignors.map((assignor) => ({
      name: assignor.name,
      metadata: encodeSubscription({
        topics,
        userData: assignor.userData?.(owned, generationId) ?? null,
        ownedPartitions: owned,
        generationId,
        rackId: this.#options.rackId,
      }),
    }));
  }

  /** A leader that came back under its instance id may be told that the old assignment stands (KIP-814); it watches topics all the same. */
  async #division(assignor: Assignor, response: JoinResponse): Promise<Division | undefined> {
    if (response.leader !== response.memberId) return undefined;
    const division = await divide(this.#client, assignor, response, this.#options.allowAutoTopicCreation);
    return response.skipAssignment ? { ...division, assignments: [] } : division;
  }

  #assignor(name: string | null): Assignor {
    const found = this.#options.assignors.find((assignor) => assignor.name === name);
    if (found !== undefined) return found;
    throw new MillraceError(
      'KAFKA_ERROR',
      `Group ${this.#options.groupId} uses assignor "${name}", which this member did not offer. Check that no other kind of client uses the group.`,
      { context: { groupId: this.#options.groupId } },
    );
  }

  #again(code: number, memberId: string, action: string): JoinAgain {
    switch (code) {
      case ErrorCode.REBALANCE_IN_PROGRESS:
        return { outcome: 'again', memberId, lost: 'nothing' };
      case ErrorCode.ILLEGAL_GENERATION:
        return { outcome: 'again', memberId, lost: 'generation' };
      case ErrorCode.UNKNOWN_MEMBER_ID:
        return { outcome: 'again', memberId: '', lost: 'member' };
      default:
        throw kafkaFailure(code, `${action} group ${this.#options.groupId}`, { context: { groupId: this.#options.groupId } });
    }
  }
}
