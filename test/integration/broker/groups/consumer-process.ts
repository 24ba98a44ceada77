import { createRequire } from 'node:module';
import type * as Rdkafka from '@confluentinc/kafka-javascript';

/**
 * A librdkafka consumer to be killed: `consumer-process.ts BOOTSTRAP GROUP PROTOCOL TOPIC`. Says which partitions it has
 * whenever that changes, and the values it reads.
 */
const [bootstrap = '', group = '', protocol = 'consumer', topic = ''] = process.argv.slice(2);
const { KafkaConsumer } = createRequire(import.meta.url)('@confluentinc/kafka-javascript') as typeof Rdkafka;

const POLL_MS = 100;

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
consumer.on('data', ({ value, partition }) => say({ value: value?.toString(), partition }));
consumer.on('ready', () => {
  consumer.subscribe(topic.startsWith('^') ? [new RegExp(topic)] : [topic]);
  consumer.consume();
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
process.on('SIGTERM', () => consumer.disconnect(() => process.exit(0)));
