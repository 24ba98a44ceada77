import type { TopicPartition } from '../../topic-partition.ts';
import type { Assignor } from '../types.ts';
import { sortedMembers, wantedTopics } from './member-order.ts';

/** All partitions of all topics dealt out one by one, each to the next member that wants its topic. (Kafka: `RoundRobinAssignor`.) */
export const roundRobinAssignor: Assignor = {
  name: 'roundrobin',
  cooperative: false,
  assign(members, counts) {
    const sorted = sortedMembers(members);
    const given = new Map<string, TopicPartition[]>(sorted.map(({ memberId }) => [memberId, []]));
    let turn = 0;
    for (const topic of wantedTopics(members, counts)) {
      for (let partition = 0; partition < (counts.get(topic) ?? 0); partition++) {
        while (!sorted[turn % sorted.length]!.topics.includes(topic)) turn++;
        given.get(sorted[turn % sorted.length]!.memberId)!.push({ topic, partition });
        turn++;
      }
    }
    return new Map([...given].map(([memberId, partitions]) => [memberId, { partitions }]));
  },
};
