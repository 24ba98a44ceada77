import { type Decoded, decodeMessage, encodeMessage, StickyAssignorUserData } from '../../../protocol/index.ts';
import { fromTopicLists, type TopicPartition, toTopicLists } from '../../topic-partition.ts';
import type { Assignor, MemberSubscription } from '../types.ts';
import { assignSticky, type Claim } from './sticky-core.ts';

/** As even as possible, then as few moves as possible; eager: everybody gives up everything in between. One per member, since it remembers. */
export function stickyAssignor(): Assignor {
  let previous: readonly TopicPartition[] = [];
  let generation = -1;
  return {
    name: 'sticky',
    cooperative: false,
    userData: () =>
      previous.length === 0 ? null : encodeMessage(StickyAssignorUserData, 1, { previousAssignment: toTopicLists(previous), generation }),
    assign(members, counts) {
      const assigned = assignSticky(members, counts, claimOf);
      return new Map([...assigned].map(([memberId, partitions]) => [memberId, { partitions }]));
    },
    onAssignment(assignment, generationId) {
      previous = assignment.partitions;
      generation = generationId;
    },
  };
}

function claimOf({ userData }: MemberSubscription): Claim {
  if (userData === null || userData.length === 0) return { partitions: [], generationId: -1 };
  const data = decodeUserData(userData);
  return data === undefined
    ? { partitions: [], generationId: -1 }
    : { partitions: fromTopicLists(data.previousAssignment), generationId: data.generation };
}

/** Older members leave the generation out. What cannot be read counts as nothing, as in Kafka. */
function decodeUserData(bytes: Uint8Array): Decoded<typeof StickyAssignorUserData.shape> | undefined {
  for (const version of [1, 0]) {
    try {
      return decodeMessage(StickyAssignorUserData, version, bytes);
    } catch {
      // not of this version
    }
  }
  return undefined;
}
