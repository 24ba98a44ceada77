import { createRequire } from 'node:module';
import { publish, startMeasuring } from './measure.ts';

/**
 * Subject: a loop that does nothing but consume and produce through the same client, with the settings that are fastest
 * here (callback API, `consume(n)`, background polling, no delivery reports), without transactions.
 *
 * Arguments: bootstrap servers, input topic, output topic, input records, trips. With one trip every record is copied once.
 * With two the copies are consumed as well: the same trips through the client as a job with one repartition topic makes.
 */
interface Message {
  topic: string;
  key: Buffer | null;
  value: Buffer | null;
  partition: number;
  timestamp: number;
}

const [bootstrapServers = '', input = '', output = '', count = '0', trips = '1'] = process.argv.slice(2);
const total = Number(count);
const wanted = total * Number(trips);
const kafka = createRequire(import.meta.url)('@confluentinc/kafka-javascript');
const BATCH = 5_000;

const producer = new kafka.Producer({
  'bootstrap.servers': bootstrapServers,
  'enable.idempotence': true,
  'linger.ms': 5,
  'queue.buffering.max.messages': 500_000,
  'queue.buffering.max.kbytes': 524_288,
});
const consumer = new kafka.KafkaConsumer(
  {
    'bootstrap.servers': bootstrapServers,
    'group.id': `bare-${process.pid}`,
    'enable.auto.commit': false,
    'fetch.wait.max.ms': 50,
    'fetch.queue.backoff.ms': 50,
  },
  { 'auto.offset.reset': 'earliest' },
);

const connected = (client: { connect(options: object, callback: (error: Error | null) => void): void }) =>
  new Promise<void>((resolve, reject) => client.connect({}, (error) => (error ? reject(error) : resolve())));
const consume = () =>
  new Promise<Message[]>((resolve, reject) =>
    consumer.consume(BATCH, (error: Error | null, messages: Message[]) => (error ? reject(error) : resolve(messages))),
  );

const finish = startMeasuring(`bare loop, ${trips === '1' ? 'each record copied' : 'each record copied and read back'}`);
await Promise.all([connected(producer), connected(consumer)]);
producer.setPollInBackground(true);
consumer.setDefaultConsumeTimeout(100);
consumer.setDefaultIsTimeoutOnlyForFirstMessage(true);
consumer.subscribe(trips === '1' ? [input] : [input, output]);

let consumed = 0;
let produced = 0;
while (consumed < wanted) {
  for (const message of await consume()) {
    consumed++;
    if (message.topic !== input) continue;
    while (!send(message)) await new Promise((resolve) => setTimeout(resolve, 1));
    produced++;
  }
}
await new Promise<void>((resolve, reject) => producer.flush(120_000, (error: Error | null) => (error ? reject(error) : resolve())));
publish(finish({ consumed, produced, input: total }));
await new Promise((resolve) => producer.disconnect(resolve));
await new Promise((resolve) => consumer.disconnect(resolve));

/** False while the client's queue is full. */
function send(message: Message): boolean {
  try {
    producer.produce(output, message.partition, message.value, message.key, message.timestamp);
    return true;
  } catch (error) {
    if ((error as { code?: number }).code === kafka.CODES.ERRORS.ERR__QUEUE_FULL) return false;
    throw error;
  }
}
