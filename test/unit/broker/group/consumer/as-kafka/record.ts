/**
 * Asks an Apache Kafka, and keeps what it answers: `node --import tsx record.ts PORT > answers.jsonl`. It needs
 * `group.initial.rebalance.delay.ms=0` and `group.consumer.assignment.interval.ms=0`.
 */

import { setTimeout as delay } from 'node:timers/promises';
import { CreateTopics, FindCoordinator, Metadata } from '../../../../../../src/protocol/index.ts';
import { WireClient } from '../../../../../integration/broker/wire-client.ts';
import { Conversation, TOPICS } from './conversation.ts';
import { RandomGroup, randomNumbers } from './random-group.ts';

const GROUPS = 30;
const SETTLE_MS = 2_000;

const client = await WireClient.connect(Number(process.argv[2]));
const topics = Object.entries(TOPICS).map(([name, numPartitions]) => ({
  name,
  numPartitions,
  replicationFactor: 1,
  assignments: [],
  configs: [],
}));
await client.send(CreateTopics, 7, { topics, timeoutMs: 30_000 });
await client.send(FindCoordinator, 4, { keyType: 0, coordinatorKeys: ['any'] });
await delay(SETTLE_MS);
const metadata = await client.send(Metadata, 12, { topics: Object.keys(TOPICS).map((name) => ({ name })) });
const topicIds = new Map(metadata.topics.map(({ name, topicId }) => [name!, Buffer.from(topicId)]));
for (let seed = 1; seed <= GROUPS; seed++) {
  const conversation = new Conversation(client, `as-kafka-${process.pid}-${seed}`, topicIds);
  const exchanges: unknown[] = [];
  const group = new RandomGroup(randomNumbers(seed * 7_919), async (step) => {
    const answer = await conversation.ask(step);
    exchanges.push([step, answer]);
    return answer;
  });
  await group.run();
  process.stdout.write(`${JSON.stringify({ seed, exchanges })}\n`);
}
await client.close();
