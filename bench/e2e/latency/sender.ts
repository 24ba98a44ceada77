import { setTimeout as sleep } from 'node:timers/promises';
import { JobKafka } from '../../../src/cli/job-kafka.ts';
import { eventSource } from '../events.ts';
import { openTransport } from './kafka.ts';
import { publish, type SenderOrders, takeOrders } from './messages.ts';
import { Schedule } from './schedule.ts';

/** Process: sends events at a constant rate until it gets SIGTERM. Their timestamps are when they should have been sent. */

/** As long as Java's producer waits for a batch to fill, by default since Kafka 4.0 (linger.ms). */
const LINGER_MS = 5;
const CHUNK = 1_000;

const { bootstrapServers, topic, recordsPerSecond, limitMs } = takeOrders<SenderOrders>();
const transport = await openTransport(bootstrapServers, 'sender');
const writer = await new JobKafka(transport).writer(topic);
const next = eventSource({});

let stopping = false;
process.once('SIGTERM', () => {
  stopping = true;
});
const startedMs = Date.now();
const schedule = new Schedule(startedMs, recordsPerSecond);
let sent = 0;
let worstBehindMs = 0;
while (!stopping && Date.now() - startedMs < limitMs) {
  const nowMs = Date.now();
  const due = schedule.dueAt(nowMs);
  if (sent < due) worstBehindMs = Math.max(worstBehindMs, nowMs - schedule.intendedMs(sent));
  while (sent < due) {
    const until = Math.min(due, sent + CHUNK);
    for (; sent < until; sent++) {
      const { key, value } = next();
      writer.append(writer.partitionOf(key), schedule.intendedMs(sent), key, value);
    }
    await writer.drain(true);
  }
  await sleep(LINGER_MS);
}
publish({ sent, worstBehindMs });
await transport.close();
process.exit(0);
