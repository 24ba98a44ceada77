import { Kafka, logLevel, type Message } from 'kafkajs';
import { handWork } from './by-hand.ts';
import { fromEnvironment } from './settings.ts';

/** Subject: a loop on kafkajs, written by hand as its manual has it: `eachBatch`, and exactly once a transaction per batch. */
const settings = fromEnvironment();
const exactlyOnce = settings.guarantee === 'exactly_once_v2';
const work = handWork(settings.workload);
const kafka = new Kafka({ brokers: settings.bootstrapServers.split(','), logLevel: logLevel.ERROR });
const producer = kafka.producer({
  idempotent: true,
  maxInFlightRequests: 1,
  ...(exactlyOnce && { transactionalId: settings.applicationId }),
});
const consumer = kafka.consumer({ groupId: settings.applicationId, readUncommitted: false, maxWaitTimeInMs: 50 });
await Promise.all([producer.connect(), consumer.connect()]);
await consumer.subscribe({ topics: [...work.topics], fromBeginning: true });

const NO_BYTES = Buffer.alloc(0);

process.once('SIGTERM', () => {
  void consumer
    .disconnect()
    .then(() => producer.disconnect())
    .then(() => process.exit(0));
});

await consumer.run({
  autoCommit: false,
  eachBatchAutoResolve: false,
  eachBatch: async ({ batch: { topic, partition, messages }, resolveOffset, heartbeat }) => {
    const output: Message[] = [];
    const emit = (key: Buffer | null, value: Buffer): void => void output.push({ key, value });
    for (const { key, value, timestamp } of messages) work.onRecord(topic, key, value ?? NO_BYTES, Number(timestamp), emit);
    work.onCommit(emit);
    const lastOffset = messages.at(-1)?.offset ?? '-1';
    await publish(output, topic, partition, String(Number(lastOffset) + 1));
    resolveOffset(lastOffset);
    await heartbeat();
  },
});

async function publish(output: Message[], topic: string, partition: number, offset: string): Promise<void> {
  if (!exactlyOnce) {
    if (output.length > 0) await producer.send({ topic: settings.output, messages: output });
    await consumer.commitOffsets([{ topic, partition, offset }]);
    return;
  }
  const transaction = await producer.transaction();
  if (output.length > 0) await transaction.send({ topic: settings.output, messages: output });
  await transaction.sendOffsets({ consumerGroupId: settings.applicationId, topics: [{ topic, partitions: [{ partition, offset }] }] });
  await transaction.commit();
}
