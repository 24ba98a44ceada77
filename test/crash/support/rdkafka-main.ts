/**
 * A librdkafka producer and a consumer in a process of their own, through whatever happens to the broker. Says on stdout,
 * a JSON array a line: what was acknowledged (`a`, partition, offset, number), what was committed (`c`, partition,
 * offset), errors (`e`, text).
 */

import { createRequire } from 'node:module';
import type * as Rdkafka from '@confluentinc/kafka-javascript';

const rdkafka = createRequire(import.meta.url)('@confluentinc/kafka-javascript') as typeof Rdkafka;
const [servers = '', topic = '', group = ''] = process.argv.slice(2);
const say = (...event: readonly (string | number)[]): void => {
  process.stdout.write(`${JSON.stringify(event)}\n`);
};

const MAX_OUTSTANDING = 500;
const PER_ROUND = 20;
const ROUND_MS = 10;

const producer = new rdkafka.Producer({
  'bootstrap.servers': servers,
  'enable.idempotence': true,
  'message.timeout.ms': 600_000,
  'retry.backoff.max.ms': 100,
  'reconnect.backoff.max.ms': 100,
  'linger.ms': 2,
  dr_cb: true,
});
const consumer = new rdkafka.KafkaConsumer(
  {
    'bootstrap.servers': servers,
    'group.id': group,
    'enable.auto.commit': false,
    'check.crcs': true,
    'reconnect.backoff.max.ms': 100,
    'session.timeout.ms': 30_000,
    offset_commit_cb: true,
  },
  { 'auto.offset.reset': 'earliest' },
);
let number = 0;
let outstanding = 0;
let stopping = false;
/** One commit at a time: after a lost connection librdkafka may repeat an older one behind a newer one. */
let committing = false;

producer.on('delivery-report', (error, report) => {
  outstanding--;
  if (error) say('e', `delivery failed: ${error.message}`);
  else say('a', report.partition, report.offset, Number(String(report.key).split('|')[1]));
});
producer.on('event.error', (error) => {
  if (error.isFatal) say('e', `fatal: ${error.message}`);
});
producer.connect({}, () => {
  producer.setPollInterval(20);
  const timer = setInterval(() => {
    for (let count = 0; !stopping && outstanding < MAX_OUTSTANDING && count < PER_ROUND; count++) {
      outstanding++;
      producer.produce(topic, null, Buffer.from('v'.repeat(number % 150)), `rd|${number++}`);
    }
    if (!stopping || outstanding > 0) return;
    clearInterval(timer);
    consumer.disconnect(() => producer.disconnect(() => process.exit(0)));
  }, ROUND_MS);
});
consumer.on('offset.commit', (error, offsets) => {
  committing = false;
  if (error) return;
  for (const { partition, offset } of offsets) if (offset >= 0) say('c', partition, offset);
});
consumer.connect({}, () => {
  consumer.setDefaultConsumeTimeout(50);
  consumer.subscribe([topic]);
  const loop = (): void => {
    if (stopping) return;
    consumer.consume(200, (_error, messages) => {
      const ends = new Map<number, number>();
      for (const { partition, offset } of messages ?? []) ends.set(partition, offset + 1);
      if (ends.size > 0 && !stopping && !committing) {
        committing = true;
        consumer.commit([...ends].map(([partition, offset]) => ({ topic, partition, offset })));
      }
      setTimeout(loop, ROUND_MS);
    });
  };
  loop();
});
process.stdin.on('data', () => {
  stopping = true;
});
