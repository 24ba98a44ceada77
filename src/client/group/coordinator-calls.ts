/** The four requests of the classic group protocol, as a member sends them. Error codes come back as data: they are what drives it. */
import { ErrorCode, Heartbeat, JoinGroup, LeaveGroup, type ResponseOf, SyncGroup } from '../../protocol/index.ts';
import type { KafkaClient } from '../client.ts';
import type { Target } from '../target.ts';
import type { ResolvedGroupMemberOptions } from './options.ts';
import { PROTOCOL_TYPE } from './subscription.ts';
import type { GroupGeneration } from './types.ts';

/** A join is answered when all members have joined; this much later it is taken for lost. */
const JOIN_GRACE_MS = 5_000;
/** Members made by this process: each has a lane of its own, as the join of one may wait for the join of another. */
let members = 0;

export type JoinResponse = ResponseOf<typeof JoinGroup>;
export type SyncResponse = ResponseOf<typeof SyncGroup>;

export class CoordinatorCalls {
  readonly #client: KafkaClient;
  readonly #options: ResolvedGroupMemberOptions;
  readonly #target: Target;
  readonly #lane: string;
  readonly #signal: AbortSignal;

  /** `signal` ends all waiting but that of `leave`. */
  constructor(client: KafkaClient, options: ResolvedGroupMemberOptions, signal: AbortSignal) {
    this.#signal = signal;
    this.#client = client;
    this.#options = options;
    this.#target = { coordinator: ['group', options.groupId] };
    this.#lane = `group-member-${members++}`;
  }

  join(
    memberId: string,
    protocols: readonly { readonly name: string; readonly metadata: Uint8Array }[],
    reason: string,
  ): Promise<JoinResponse> {
    const { groupId, sessionTimeoutMs, rebalanceTimeoutMs, groupInstanceId } = this.#options;
    const waitMs = Math.max(sessionTimeoutMs, rebalanceTimeoutMs) + JOIN_GRACE_MS;
    return this.#client.request(
      JoinGroup,
      { groupId, sessionTimeoutMs, rebalanceTimeoutMs, memberId, groupInstanceId, protocolType: PROTOCOL_TYPE, protocols, reason },
      this.#target,
      { requestTimeoutMs: waitMs, timeoutMs: 2 * waitMs, lane: this.#lane, signal: this.#signal },
    );
  }

  sync(
    { generationId, memberId, groupInstanceId, groupId }: GroupGeneration,
    protocolName: string,
    assignments: readonly { readonly memberId: string; readonly assignment: Uint8Array }[],
  ): Promise<SyncResponse> {
    const waitMs = Math.max(this.#options.sessionTimeoutMs, this.#options.rebalanceTimeoutMs) + JOIN_GRACE_MS;
    return this.#client.request(
      SyncGroup,
      { groupId, generationId, memberId, groupInstanceId, protocolType: PROTOCOL_TYPE, protocolName, assignments },
      this.#target,
      { requestTimeoutMs: waitMs, timeoutMs: 2 * waitMs, lane: this.#lane, signal: this.#signal },
    );
  }

  /** The error code of the answer. */
  async heartbeat({ generationId, memberId, groupInstanceId, groupId }: GroupGeneration): Promise<number> {
    const timeoutMs = this.#options.sessionTimeoutMs;
    const body = { groupId, generationId, memberId, groupInstanceId };
    const { errorCode } = await this.#client.request(Heartbeat, body, this.#target, {
      requestTimeoutMs: timeoutMs,
      timeoutMs,
      lane: this.#lane,
      signal: this.#signal,
    });
    return errorCode;
  }

  /** Over another connection than the rest, as a join may still be waiting there. */
  async leave({ memberId, groupInstanceId, groupId }: GroupGeneration, reason: string): Promise<number> {
    const response = await this.#client.request(
      LeaveGroup,
      ({ version }) => (version >= 3 ? { groupId, members: [{ memberId, groupInstanceId, reason }] } : { groupId, memberId }),
      this.#target,
      { lane: 'main', timeoutMs: this.#client.options.requestTimeoutMs },
    );
    return response.errorCode === ErrorCode.NONE ? (response.members[0]?.errorCode ?? ErrorCode.NONE) : response.errorCode;
  }
}
