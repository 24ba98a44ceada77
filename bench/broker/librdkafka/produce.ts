import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

/** `produce.ts SERVERS TOPIC RECORDS PARTITIONS COMPRESSION PAYLOAD-FILE`: as fast as it goes; prints the speed as JSON. */
const [servers = '', topic = '', count = '0', partitions = '1', compression = 'none', payloadFile = ''] = process.argv.slice(2);
const values = readFileSync(payloadFile)
  .toString()
  .trimEnd()
  .split('\n')
  .map((line) => Buffer.from(line));
const kafka = createRequire(import.meta.url)('@confluentinc/kafka-javascript');
const RECORDS_PER_TURN = 1_000;

const producer = new kafka.Producer({
  'bootstrap.servers': servers,
  'enable.idempotence': true,
  'compression.codec': compression,
  'linger.ms': 5,
  'queue.buffering.max.messages': 500_000,
  'queue.buffering.max.kbytes': 524_288,
});
await new Promise<void>((resolve, reject) => producer.connect({}, (error: Error | null) => (error ? reject(error) : resolve())));
producer.setPollInBackground(true);

const startedMs = performance.now();
let bytes = 0;
for (let sent = 0; sent < Number(count); ) {
  const value = values[sent % values.length]!;
  if (send(value, Math.floor(sent / RECORDS_PER_TURN) % Number(partitions))) {
    bytes += value.length;
    sent++;
  } else await new Promise((resolve) => setTimeout(resolve, 1));
}
await new Promise<void>((resolve, reject) => producer.flush(300_000, (error: Error | null) => (error ? reject(error) : resolve())));
const seconds = (performance.now() - startedMs) / 1000;
process.stdout.write(`${JSON.stringify({ recordsPerSecond: Number(count) / seconds, mebibytesPerSecond: bytes / seconds / 2 ** 20 })}\n`);
await new Promise((resolve) => producer.disconnect(resolve));

/** False while the client's queue is full. */
function send(value: Buffer, partition: number): boolean {
  try {
    producer.produce(topic, partition, value);
    return true;
  } catch (error) {
    if ((error as { code?: number }).code === kafka.CODES.ERRORS.ERR__QUEUE_FULL) return false;
    throw error;
  }
}
