import { createInterface } from 'node:readline';
import { JobKafka } from '../../../src/cli/job-kafka.ts';
import { RecordCursor } from '../../../src/protocol/index.ts';
import { openTransport } from './kafka.ts';
import { publish, READY, type ReaderOrders, type ReaderWindow, takeOrders } from './messages.ts';
import { Percentiles } from './percentiles.ts';

/**
 * Process: reads results, committed ones only, and measures when they come against their timestamps. Records that pass
 * through keep theirs; a count has that of the record that made it, the last one where a cache has put several together.
 */

const POLL_MS = 100;

const { bootstrapServers, topic } = takeOrders<ReaderOrders>();
const transport = await openTransport(bootstrapServers, 'reader');
const partitions = await new JobKafka(transport).partitions(topic);
const reader = await transport.openReader('latency');
await reader.assign(Array.from({ length: partitions }, (_, partition) => ({ topic, partition, offset: 0 })));

let window: ReaderWindow | undefined;
let percentiles: Percentiles | undefined;
createInterface(process.stdin).once('line', (line) => {
  window = JSON.parse(line) as ReaderWindow;
  percentiles = new Percentiles(window.fromMs, window.toMs);
});
process.stdout.write(`${READY}\n`);

const cursor = new RecordCursor();
/** Partitions that have given a result of a later record. */
const past = new Set<number>();
while (past.size < partitions && (window === undefined || Date.now() < window.limitMs)) {
  const batches = await reader.poll(POLL_MS);
  const arrivedMs = Date.now();
  for (const batch of batches) {
    if (percentiles === undefined) continue;
    cursor.reset(batch.bytes);
    while (cursor.next()) if (percentiles.add(cursor.timestamp, arrivedMs)) past.add(batch.partition);
  }
}
if (percentiles !== undefined) publish(percentiles.report(past.size === partitions));
await transport.close();
process.exit(0);
