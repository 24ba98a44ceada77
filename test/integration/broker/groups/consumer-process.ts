import { createRequire } from 'node:module';
import type * as Rdkafka from '@confluentinc/kafka-javascript';

/**
 * A librdkafka consumer to be killed: `consumer-process.ts BOOTSTRAP GROUP PROTOCOL TOPIC`. Says which partitions it has
 * whenever that changes, and the values it reads.
 */
const [bootstrap = '', group = '', protocol = 'consumer', topic = ''] = process.argv.slice(2);
const { KafkaConsumer } = createRequire(import.meta.url)('@confluentinc/kafka-javascript') as typeof Rdkafka;

const POLL_MS = 100;
const READ_AT_ONCE = 100;

function say(what: object): void {
  process.stdout.write(`${JSON.stringify(what)}\n`);
}

const consumer = new KafkaConsumer(
  // The settings are newer than the binding's types.
  {
    'bootstrap.servers': bootstrap,
    'group.id': group,
    'group.protocol': protocol,
    'enable.auto.commit': true,
    'auto.commit.interval.ms': 200,
  } as object,
  { 'auto.offset.reset': 'earliest' },
);
consumer.on('event.error', (error) => say({ error: error.message }));
consumer.on('ready', () => {
  consumer.subscribe(topic.startsWith('^') ? [new RegExp(topic)] : [topic]);
  consumer.setDefaultConsumeTimeout(POLL_MS);
  read();
  let last = '';
  setInterval(() => {
    const partitions = consumer
      .assignments()
      .map((one) => `${one.topic}-${one.partition}`)
      .sort();
    const now = partitions.join(' ');
    if (now !== last) say({ partitions });
    last = now;
  }, POLL_MS);
});
consumer.connect();
let stopping = false;
process.on('SIGTERM', () => {
  stopping = true;
});

/** Not in flowing mode: disconnecting out of that may crash (confluent-kafka-javascript issue 34). */
function read(): void {
  consumer.consume(READ_AT_ONCE, (_error, messages) => {
    for (const { value, partition } of messages ?? []) say({ value: value?.toString(), partition });
    if (stopping) consumer.disconnect(() => process.exit(0));
    else read();
  });
}
