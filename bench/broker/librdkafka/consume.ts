import { createRequire } from 'node:module';

/** `consume.ts SERVERS TOPIC RECORDS RECORD-BYTES`: all of the topic, from its start; prints the speed as JSON. */
const [servers = '', topic = '', count = '0', recordBytes = '0'] = process.argv.slice(2);
const wanted = Number(count);
const kafka = createRequire(import.meta.url)('@confluentinc/kafka-javascript');
const BATCH = 5_000;

const consumer = new kafka.KafkaConsumer(
  { 'bootstrap.servers': servers, 'group.id': `bench-${process.pid}`, 'enable.auto.commit': false },
  { 'auto.offset.reset': 'earliest' },
);
await new Promise<void>((resolve, reject) => consumer.connect({}, (error: Error | null) => (error ? reject(error) : resolve())));
consumer.setDefaultConsumeTimeout(100);
consumer.setDefaultIsTimeoutOnlyForFirstMessage(true);
consumer.subscribe([topic]);

const consume = () =>
  new Promise<unknown[]>((resolve, reject) =>
    consumer.consume(BATCH, (error: Error | null, messages: unknown[]) => (error ? reject(error) : resolve(messages))),
  );

// Joining the group is not counted: the clock starts with the first records.
let first = await consume();
while (first.length === 0) first = await consume();
const startedMs = performance.now();
let consumed = 0;
while (consumed + first.length < wanted) consumed += (await consume()).length;
const seconds = (performance.now() - startedMs) / 1000;
const recordsPerSecond = consumed / seconds;
process.stdout.write(`${JSON.stringify({ recordsPerSecond, mebibytesPerSecond: (recordsPerSecond * Number(recordBytes)) / 2 ** 20 })}\n`);
await new Promise((resolve) => consumer.disconnect(resolve));
