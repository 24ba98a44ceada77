/**
 * What happens to a consumer group, one record of `__consumer_offsets` each. The group is nothing but these events
 * applied in order, so it is the same after it was read back.
 */

import type { Assignment } from './assignment.ts';
import type { MemberMetadata, MemberProgress } from './member.ts';

/** The topics a regular expression stands for. */
export interface ResolvedRegex {
  /** Sorted. */
  readonly topics: readonly string[];
  /** Count of topic creations it was resolved at. */
  readonly version: number;
  readonly timestampMs: number;
}

/** Null as a value is a tombstone: the thing is gone. */
export type GroupEvent =
  | { readonly kind: 'group'; readonly value: { readonly epoch: number; readonly metadataHash: number } | null }
  /** Written by Kafka before 4.1; only ever removed here. */
  | { readonly kind: 'partition-metadata'; readonly value: true | null }
  | { readonly kind: 'member'; readonly memberId: string; readonly value: MemberMetadata | null }
  | { readonly kind: 'target-epoch'; readonly value: { readonly epoch: number; readonly timestampMs: number } | null }
  | { readonly kind: 'target'; readonly memberId: string; readonly value: Assignment | null }
  | { readonly kind: 'progress'; readonly memberId: string; readonly value: MemberProgress | null }
  | { readonly kind: 'regex'; readonly regex: string; readonly value: ResolvedRegex | null };
