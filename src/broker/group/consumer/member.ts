/** A member of a consumer group (KIP-848), as the log has it. Members are never changed but replaced by changed copies. */

import { randomBytes } from 'node:crypto';
import type { GroupProtocol } from '../types.ts';
import { type EpochAssignment, NO_EPOCHS, sameEpochs } from './assignment.ts';

/** Epochs with which a member says what it wants instead of where it is. */
export const JOIN_EPOCH = 0;
export const LEAVE_EPOCH = -1;
/** A static member leaves for a while: it keeps its partitions until it is back or its session ends. */
export const LEAVE_STATIC_EPOCH = -2;

/**
 * `stable`: has what it should have. `unrevoked`: has to give up partitions first. `unreleased`: waits for partitions
 * that others have not given up yet. `unknown`: a later version of Kafka wrote a state that is not known here.
 */
export type MemberState = 'stable' | 'unrevoked' | 'unreleased' | 'unknown';

/** What a member of the classic protocol brought along, in a group that others use with the new one. */
export interface ClassicMetadata {
  readonly sessionTimeoutMs: number;
  /** At least one. */
  readonly protocols: readonly GroupProtocol[];
}

/** What a member says about itself. */
export interface MemberMetadata {
  readonly instanceId: string | null;
  readonly rackId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
  /** Sorted, each once. */
  readonly topicNames: readonly string[];
  /** Empty for none. */
  readonly topicRegex: string;
  /** -1 until it is known. */
  readonly rebalanceTimeoutMs: number;
  /** Null: any will do. */
  readonly serverAssignor: string | null;
  /** Null for members of the new protocol. */
  readonly classic: ClassicMetadata | null;
}

/** Where a member is on its way to its part of the target assignment. */
export interface MemberProgress {
  readonly memberEpoch: number;
  /** Accepted too: the answer with the current one may have been lost. */
  readonly previousMemberEpoch: number;
  readonly state: MemberState;
  readonly assigned: EpochAssignment;
  readonly pendingRevocation: EpochAssignment;
}

export interface ConsumerMember extends MemberMetadata, MemberProgress {
  readonly memberId: string;
}

/** For a member that brings no id: a random UUID as Kafka writes them, 22 characters of base64 that do not begin with a dash. */
export function newMemberId(): string {
  for (;;) {
    const id = randomBytes(16).toString('base64url');
    if (!id.startsWith('-')) return id;
  }
}

export function newMember(memberId: string): ConsumerMember {
  return {
    memberId,
    instanceId: null,
    rackId: null,
    clientId: '',
    clientHost: '',
    topicNames: [],
    topicRegex: '',
    rebalanceTimeoutMs: -1,
    serverAssignor: null,
    classic: null,
    memberEpoch: 0,
    previousMemberEpoch: -1,
    state: 'stable',
    assigned: NO_EPOCHS,
    pendingRevocation: NO_EPOCHS,
  };
}

export function sortedNames(names: Iterable<string>): string[] {
  return [...new Set(names)].sort();
}

export function sameNames(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name, index) => name === b[index]);
}

export function sameMetadata(a: MemberMetadata, b: MemberMetadata): boolean {
  return (
    a.instanceId === b.instanceId &&
    a.rackId === b.rackId &&
    a.clientId === b.clientId &&
    a.clientHost === b.clientHost &&
    a.topicRegex === b.topicRegex &&
    a.rebalanceTimeoutMs === b.rebalanceTimeoutMs &&
    a.serverAssignor === b.serverAssignor &&
    sameNames(a.topicNames, b.topicNames) &&
    sameClassic(a.classic, b.classic)
  );
}

function sameClassic(a: ClassicMetadata | null, b: ClassicMetadata | null): boolean {
  if (a === null || b === null) return a === b;
  return (
    a.sessionTimeoutMs === b.sessionTimeoutMs &&
    a.protocols.length === b.protocols.length &&
    a.protocols.every((protocol, index) => {
      const other = b.protocols[index]!;
      return protocol.name === other.name && Buffer.compare(protocol.metadata, other.metadata) === 0;
    })
  );
}

export function sameProgress(a: MemberProgress, b: MemberProgress): boolean {
  return (
    a.memberEpoch === b.memberEpoch &&
    a.previousMemberEpoch === b.previousMemberEpoch &&
    a.state === b.state &&
    sameEpochs(a.assigned, b.assigned) &&
    sameEpochs(a.pendingRevocation, b.pendingRevocation)
  );
}

/** It has everything that the target assignment of this epoch gives it. */
export function isReconciledTo(member: MemberProgress, targetEpoch: number): boolean {
  return member.state === 'stable' && member.memberEpoch === targetEpoch;
}
