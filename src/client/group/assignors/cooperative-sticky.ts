import { partitionKey } from '../../topic-partition.ts';
import type { Assignor, MemberSubscription } from '../types.ts';
import { assignSticky, type Claim, ownersOf } from './sticky-core.ts';

const GENERATION_BYTES = 4;

/**
 * As even as possible, then as few moves as possible; members keep what they have while they join. A partition that moves
 * goes to nobody at first: its owner gives it up and joins again, and then it is free. (Kafka: `CooperativeStickyAssignor`.)
 */
export const cooperativeStickyAssignor: Assignor = {
  name: 'cooperative-sticky',
  cooperative: true,
  // Leaders that do not know the generation in the subscription itself (before KIP-792) read it here.
  userData(_owned, generationId) {
    const bytes = Buffer.alloc(GENERATION_BYTES);
    bytes.writeInt32BE(generationId);
    return bytes;
  },
  assign(members, counts) {
    const assigned = assignSticky(members, counts, claimOf);
    const owners = ownersOf(members, claimOf);
    return new Map(
      [...assigned].map(([memberId, partitions]) => [
        memberId,
        { partitions: partitions.filter((partition) => (owners.get(partitionKey(partition)) ?? memberId) === memberId) },
      ]),
    );
  },
};

function claimOf({ ownedPartitions, generationId, userData }: MemberSubscription): Claim {
  if (generationId >= 0 || userData === null || userData.length < GENERATION_BYTES) return { partitions: ownedPartitions, generationId };
  return { partitions: ownedPartitions, generationId: Buffer.from(userData).readInt32BE(0) };
}
