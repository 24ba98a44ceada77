import type { TopicPartition } from '../../topic-partition.ts';
import type { Assignor } from '../types.ts';
import { sortedMembers, wantedTopics } from './member-order.ts';

/**
 * Topic by topic, each member gets a run of neighbouring partitions; the first members get one more where it does not
 * come out even. Topics with the same number of partitions are divided alike, which joins rely on.
 * (Kafka: `RangeAssignor`, without racks.)
 */
export const rangeAssignor: Assignor = {
  name: 'range',
  cooperative: false,
  assign(members, counts) {
    const sorted = sortedMembers(members);
    const given = new Map<string, TopicPartition[]>(sorted.map(({ memberId }) => [memberId, []]));
    for (const topic of wantedTopics(members, counts)) {
      const takers = sorted.filter(({ topics }) => topics.includes(topic));
      const count = counts.get(topic) ?? 0;
      const share = Math.floor(count / takers.length);
      const withOneMore = count % takers.length;
      let next = 0;
      for (const [index, { memberId }] of takers.entries()) {
        const end = next + share + (index < withOneMore ? 1 : 0);
        for (; next < end; next++) given.get(memberId)!.push({ topic, partition: next });
      }
    }
    return new Map([...given].map(([memberId, partitions]) => [memberId, { partitions }]));
  },
};
