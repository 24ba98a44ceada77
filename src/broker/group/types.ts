/** What the group coordinator is asked and what it answers, free of protocol versions. Codes are Kafka's. */

/** One assignment strategy (or other protocol) a member can speak. */
export interface GroupProtocol {
  readonly name: string;
  /** Opaque to the broker; for consumers a subscription in the consumer protocol's own format. */
  readonly metadata: Uint8Array;
}

export interface JoinRequest {
  readonly groupId: string;
  /** Empty on the first join. */
  readonly memberId: string;
  /** Set by static members (KIP-345). */
  readonly groupInstanceId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
  readonly sessionTimeoutMs: number;
  readonly rebalanceTimeoutMs: number;
  readonly protocolType: string;
  /** In order of preference. */
  readonly protocols: readonly GroupProtocol[];
  readonly reason: string | null;
  /** JoinGroup 4+ (KIP-394): the first join only hands out a member id. */
  readonly requireKnownMemberId: boolean;
  /** JoinGroup 9+ (KIP-814): a returning static leader may be told to keep the assignment. */
  readonly supportsSkippingAssignment: boolean;
}

export interface JoinedMember {
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly metadata: Uint8Array;
}

export interface JoinResult {
  readonly errorCode: number;
  /** -1 with an error. */
  readonly generationId: number;
  readonly protocolType: string | null;
  readonly protocolName: string | null;
  readonly leader: string;
  readonly memberId: string;
  /** Filled for the leader only. */
  readonly members: readonly JoinedMember[];
  readonly skipAssignment: boolean;
}

export interface SyncRequest {
  readonly groupId: string;
  readonly generationId: number;
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  /** SyncGroup 5+; null = not checked. */
  readonly protocolType: string | null;
  readonly protocolName: string | null;
  /** The leader's decision; empty from everybody else. */
  readonly assignments: ReadonlyMap<string, Uint8Array>;
}

export interface SyncResult {
  readonly errorCode: number;
  readonly protocolType: string | null;
  readonly protocolName: string | null;
  readonly assignment: Uint8Array;
}

export interface HeartbeatRequest {
  readonly groupId: string;
  readonly generationId: number;
  readonly memberId: string;
  readonly groupInstanceId: string | null;
}

export interface LeavingMember {
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly reason: string | null;
}

export interface LeaveResult {
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly errorCode: number;
}

export const NO_BYTES: Uint8Array = new Uint8Array(0);

export function joinError(errorCode: number, memberId: string): JoinResult {
  return { errorCode, generationId: -1, protocolType: null, protocolName: null, leader: '', memberId, members: [], skipAssignment: false };
}

export function syncError(errorCode: number): SyncResult {
  return { errorCode, protocolType: null, protocolName: null, assignment: NO_BYTES };
}
