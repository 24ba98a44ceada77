/** A member of a classic group. */

import { Deadline } from '../coordinator/index.ts';
import type { Clock } from '../seams.ts';
import { type GroupProtocol, type JoinResult, NO_BYTES, type SyncResult } from './types.ts';

export interface MemberIdentity {
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
  readonly rebalanceTimeoutMs: number;
  readonly sessionTimeoutMs: number;
  readonly protocols: readonly GroupProtocol[];
}

export class GroupMember {
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
  rebalanceTimeoutMs: number;
  sessionTimeoutMs: number;
  protocols: readonly GroupProtocol[];
  assignment: Uint8Array = NO_BYTES;
  /** Has not seen the answer to its first join, so it cannot send heartbeats yet. */
  isNew = false;
  /** Answers the JoinGroup that waits for the rebalance. */
  pendingJoin: ((result: JoinResult) => void) | null = null;
  /** Answers the SyncGroup that waits for the leader. */
  pendingSync: ((result: SyncResult) => void) | null = null;
  readonly session: Deadline;

  constructor(identity: MemberIdentity, clock: Clock, onSessionExpired: (member: GroupMember) => void) {
    this.memberId = identity.memberId;
    this.groupInstanceId = identity.groupInstanceId;
    this.clientId = identity.clientId;
    this.clientHost = identity.clientHost;
    this.rebalanceTimeoutMs = identity.rebalanceTimeoutMs;
    this.sessionTimeoutMs = identity.sessionTimeoutMs;
    this.protocols = identity.protocols;
    this.session = new Deadline(clock, () => onSessionExpired(this));
  }

  /** A heartbeat, or anything that counts as one. */
  keepAlive(): void {
    this.session.set(this.sessionTimeoutMs);
  }

  /**
   * A member whose request is parked at the broker cannot send heartbeats and is alive as long as it waits. A new one
   * may have gone away unseen while its first join is parked, so for it the deadline counts.
   */
  get waitsAtBroker(): boolean {
    return !this.isNew && (this.pendingJoin !== null || this.pendingSync !== null);
  }

  /** Metadata for the group's chosen protocol. */
  metadataFor(protocolName: string | null): Uint8Array {
    return this.protocols.find((protocol) => protocol.name === protocolName)?.metadata ?? NO_BYTES;
  }

  /** Same protocols in the same order with the same metadata: a rejoin that changes nothing. */
  matches(protocols: readonly GroupProtocol[]): boolean {
    if (protocols.length !== this.protocols.length) return false;
    return protocols.every((protocol, index) => {
      const mine = this.protocols[index]!;
      return mine.name === protocol.name && Buffer.compare(mine.metadata, protocol.metadata) === 0;
    });
  }
}
