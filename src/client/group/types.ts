/** What members of a group, their assignors and their callers tell each other. */
import type { TopicPartition } from '../topic-partition.ts';

/** What a member said of itself when it joined. */
export interface MemberSubscription {
  readonly memberId: string;
  /** Set for static members (KIP-345). */
  readonly groupInstanceId: string | null;
  readonly topics: readonly string[];
  /** What it still has, with the cooperative protocol (KIP-429). */
  readonly ownedPartitions: readonly TopicPartition[];
  /** In which generation it got them (KIP-792); -1: it does not say. */
  readonly generationId: number;
  readonly rackId: string | null;
  /** The assignor's own bytes. */
  readonly userData: Uint8Array | null;
}

export interface MemberAssignment {
  readonly partitions: readonly TopicPartition[];
  /** The assignor's own bytes. Default: none. */
  readonly userData?: Uint8Array | null;
}

/** Number of partitions of each topic that exists. */
export type PartitionCounts = ReadonlyMap<string, number>;

/** Divides partitions among the members; runs in the member that the coordinator made the leader. */
export interface Assignor {
  /** As members and brokers call it: `range`, `roundrobin`, `sticky`, `cooperative-sticky`. */
  readonly name: string;
  /** True: members keep what they have while they join, and give up only what goes to others (KIP-429). */
  readonly cooperative: boolean;
  /** Bytes to join with. Default: none. */
  userData?(owned: readonly TopicPartition[], generationId: number): Uint8Array | null;
  /** An assignment for every member. */
  assign(members: readonly MemberSubscription[], counts: PartitionCounts): Map<string, MemberAssignment>;
  /** Told what this member got. */
  onAssignment?(
    assignment: { readonly partitions: readonly TopicPartition[]; readonly userData: Uint8Array | null },
    generationId: number,
  ): void;
}

/** Who a member is, as commits have to say it: the coordinator refuses what comes from an older generation. */
export interface GroupGeneration {
  readonly groupId: string;
  /** -1: no member. */
  readonly generationId: number;
  readonly memberId: string;
  readonly groupInstanceId: string | null;
}

/** Told about rebalances, one call at a time; the group waits for each. A call that rejects ends the membership. */
export interface GroupListener {
  /** Partitions that were added. */
  onAssigned(partitions: readonly TopicPartition[]): Promise<void>;
  /** Partitions to give up: finish and commit, then resolve. */
  onRevoked(partitions: readonly TopicPartition[]): Promise<void>;
  /** Partitions that others may have already: drop what is under way, commit nothing. */
  onLost(partitions: readonly TopicPartition[]): Promise<void>;
}
