import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import { handWork } from './by-hand.ts';
import { fromEnvironment } from './settings.ts';

/**
 * Subject: a loop on @confluentinc/kafka-javascript, written by hand with the settings that are fastest here (callback
 * API, `consume(n)`, background polling, no delivery reports). Exactly once: a transaction per commit interval.
 */
interface Message {
  readonly topic: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly partition: number;
  readonly offset: number;
  readonly timestamp: number;
}

type Callback = (error: Error | null, result?: unknown) => void;

const BATCH = 5_000;
const TIMEOUT_MS = 60_000;
const settings = fromEnvironment();
const exactlyOnce = settings.guarantee === 'exactly_once_v2';
const work = handWork(settings.workload);
const kafka = createRequire(import.meta.url)('@confluentinc/kafka-javascript');

const producer = new kafka.Producer({
  'bootstrap.servers': settings.bootstrapServers,
  'enable.idempotence': true,
  'compression.type': settings.compression,
  'linger.ms': 5,
  'queue.buffering.max.messages': 500_000,
  'queue.buffering.max.kbytes': 524_288,
  ...(exactlyOnce && { 'transactional.id': settings.applicationId }),
});
const consumer = new kafka.KafkaConsumer(
  {
    'bootstrap.servers': settings.bootstrapServers,
    'group.id': settings.applicationId,
    'enable.auto.commit': false,
    'enable.auto.offset.store': false,
    'isolation.level': 'read_committed',
    'fetch.wait.max.ms': 50,
    'fetch.queue.backoff.ms': 50,
  },
  { 'auto.offset.reset': 'earliest' },
);

const done = <T>(call: (callback: Callback) => void): Promise<T> =>
  new Promise((resolve, reject) => call((error, result) => (error ? reject(error) : resolve(result as T))));

await Promise.all([done((callback) => producer.connect({}, callback)), done((callback) => consumer.connect({}, callback))]);
producer.setPollInBackground(true);
consumer.setDefaultConsumeTimeout(50);
consumer.setDefaultIsTimeoutOnlyForFirstMessage(true);
consumer.subscribe([...work.topics]);
if (exactlyOnce) await done((callback) => producer.initTransactions(TIMEOUT_MS, callback));

let stopping = false;
process.once('SIGTERM', () => {
  stopping = true;
});
const positions = new Map<string, { topic: string; partition: number; offset: number }>();
let unsent: [key: Buffer | null, value: Buffer][] = [];
const emit = (key: Buffer | null, value: Buffer): void => void unsent.push([key, value]);

let lastCommitMs = performance.now();
let open = false;
while (!stopping) {
  const messages = await done<Message[]>((callback) => consumer.consume(BATCH, callback));
  if (messages.length > 0) await begin();
  for (const { topic, partition, offset, key, value, timestamp } of messages) {
    work.onRecord(topic, key, value ?? Buffer.alloc(0), timestamp, emit);
    positions.set(`${topic}:${partition}`, { topic, partition, offset: offset + 1 });
  }
  await send();
  if (performance.now() - lastCommitMs >= settings.commitIntervalMs) await commit();
}
await commit();
await done((callback) => producer.disconnect(callback));
await done((callback) => consumer.disconnect(callback));
process.exit(0);

async function begin(): Promise<void> {
  if (!open && exactlyOnce) await done((callback) => producer.beginTransaction(callback));
  open = true;
}

async function commit(): Promise<void> {
  lastCommitMs = performance.now();
  if (!open) return;
  open = false;
  work.onCommit(emit);
  await send();
  const offsets = [...positions.values()];
  if (exactlyOnce) {
    await done((callback) => producer.sendOffsetsToTransaction(offsets, consumer, TIMEOUT_MS, callback));
    await done((callback) => producer.commitTransaction(TIMEOUT_MS, callback));
  } else {
    await done((callback) => producer.flush(TIMEOUT_MS, callback));
    consumer.commitSync(offsets);
  }
}

/** Waits while the client's queue is full. */
async function send(): Promise<void> {
  const records = unsent;
  unsent = [];
  for (const [key, value] of records) {
    while (!sent(key, value)) await sleep(1);
  }
}

function sent(key: Buffer | null, value: Buffer): boolean {
  try {
    producer.produce(settings.output, null, value, key);
    return true;
  } catch (error) {
    if ((error as { code?: number }).code === kafka.CODES.ERRORS.ERR__QUEUE_FULL) return false;
    throw error;
  }
}
