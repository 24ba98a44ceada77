import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import { Broker } from '../../../src/broker/index.ts';
import { Harness } from './harness.ts';

const TOPOLOGY = new URL('gate-topology.ts', import.meta.url).href;
const KIB = 1024;
const MIB = 1024 * KIB;
const VALUE_BYTES = 50 * KIB;
const RECORDS = 800;
/** Looks in a row at which nothing more was fetched. */
const QUIET_LOOKS = 15;
const LOOK_EVERY_MS = 100;

let broker: Broker;
let harness: Harness;
afterEach(async () => {
  await harness.close();
  await broker.close();
});

async function fetchedBytes(): Promise<number> {
  const { apis } = await broker.metrics();
  return apis.find(({ api }) => api === 'Fetch')?.bytesOut ?? 0;
}

/** Bytes fetched when nothing more comes. */
async function fetchedInTheEnd(): Promise<number> {
  let before = -1;
  for (let quiet = 0; quiet < QUIET_LOOKS; ) {
    const now = await fetchedBytes();
    // Empty answers go on.
    quiet = now - before < 10 * KIB ? quiet + 1 : 0;
    before = now;
    await sleep(LOOK_EVERY_MS);
  }
  return before;
}

it('over wire a shard that stands still does not make the process grow: it reads as much as it may keep, and no more', async () => {
  broker = await Broker.start({ topics: ['input', 'copies'].map((name) => ({ name, partitions: 4 })) });
  harness = await Harness.start([], 4, broker.bootstrapServers, 'wire');
  const value = 'x'.repeat(VALUE_BYTES);
  for (let written = 0; written < RECORDS; written += 80) {
    await harness.produce(
      'input',
      Array.from({ length: 80 }, (_, index) => [`k${written + index}`, value]),
    );
  }
  const gate = join(harness.stateDir, 'gate');
  process.env.TEST_GATE = gate;
  const app = harness.launch(TOPOLOGY, {
    processingGuarantee: 'exactly_once_v2',
    inputBufferMaxBytes: 4 * MIB,
    consumer: { 'queued.max.messages.kbytes': 2 * KIB, 'max.partition.fetch.bytes': 256 * KIB },
  });
  await app.running();
  const fetched = await fetchedInTheEnd();
  expect(fetched).toBeGreaterThan(MIB);
  // The input is 39 MiB. In shards at most 4 MiB and a poll, before them 2 MiB and what an answer under way may add.
  expect(fetched).toBeLessThan(12 * MIB);
  writeFileSync(gate, '');
  await app.caughtUp();
  expect(await app.stop()).toBe(0);
  expect(await harness.count('copies')).toBe(RECORDS);
});
