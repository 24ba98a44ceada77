import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { App, Harness, TRANSPORTS } from './harness.ts';

const TOPOLOGY = new URL('count-topology.ts', import.meta.url).href;
const BROKER = fileURLToPath(new URL('broker-process.ts', import.meta.url));
const WORDS = 20;
const ROUNDS = 3;
const PER_ROUND = 4_000;
const decodeLong = (value: Uint8Array) => Number(Buffer.from(value).readBigInt64BE());

/** A port that was free a moment ago. */
function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

let dataDir = '';
let broker: App | undefined;
let harness: Harness | undefined;

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'millrace-broker-'));
});
afterEach(async () => {
  await harness?.close();
  await broker?.kill();
  rmSync(dataDir, { recursive: true, force: true });
});

it.each(TRANSPORTS)('over %s a broker that is killed in the middle and comes back loses nothing and repeats nothing', async (transport) => {
  const port = await freePort();
  const startBroker = async () => {
    const app = new App(BROKER, [String(port), dataDir], '');
    await app.line(({ state }) => state !== undefined);
    return app;
  };
  broker = await startBroker();
  harness = await Harness.start(['input', 'copies', 'counts'], 2, `127.0.0.1:${port}`, transport);
  const app = harness.launch(TOPOLOGY, { processingGuarantee: 'exactly_once_v2', numStreamThreads: 2 });
  await app.running();
  for (let round = 0; round < ROUNDS; round++) {
    await harness.produce(
      'input',
      Array.from({ length: PER_ROUND }, (_, index) => [`k${index % 31}`, `word${index % WORDS}`]),
    );
    await sleep(50 + 100 * round);
    await broker.kill();
    broker = await startBroker();
  }
  await app.caughtUp();
  expect(await app.stop()).toBe(0);
  const total = ROUNDS * PER_ROUND;
  expect(await harness.table('counts', decodeLong)).toEqual(
    new Map(Array.from({ length: WORDS }, (_, word) => [`word${word}`, total / WORDS])),
  );
  expect(await harness.count('copies')).toBe(total);
});
