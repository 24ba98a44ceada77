/**
 * Requests that nobody should send, to a broker in a process of its own: each API and version with nonsense in valid
 * frames, and with the bytes of valid frames changed. Each must be answered or end its connection; the broker lives on,
 * in bounded memory, reports no bug of its own, and a witness on another connection notices nothing.
 *
 * A run prints its seed; FUZZ_SEED repeats it, FUZZ_ROUNDS makes it longer.
 */

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Api, ApiVersions, allApis, encodeRequestFrame, joinParts } from '../../../../src/protocol/index.ts';
import { BrokerChild } from '../../../crash/support/broker-child.ts';
import { SeededRandom } from '../../../unit/protocol/seeded-random.ts';
import { WireClient } from '../wire-client.ts';
import { hostileMessage } from './hostile-message.ts';
import { type MutatedFrame, mutate } from './mutate.ts';
import { Witness } from './witness.ts';

const seed = Number(process.env.FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 31));
const rounds = Number(process.env.FUZZ_ROUNDS ?? 4);
const LANES = 6;
/** Requests that may rightly keep a connection waiting: for records, for other members, for leave to go on. */
const MAY_WAIT = new Set([1, 11, 14, 68]);
const WAIT_MS = 300;
const ANSWER_LIMIT_MS = 60_000;
const MAX_RSS_BYTES = 1024 * 2 ** 20;

const dataDir = mkdtempSync(join(tmpdir(), 'millrace-fuzz-'));
const broker = new BrokerChild();
let witness: Witness;

beforeAll(async () => {
  const config = { 'queued.max.request.bytes': '67108864', 'group.initial.rebalance.delay.ms': '0', 'group.min.session.timeout.ms': '10' };
  await broker.start({ dataDir, logLevel: 'warn', config });
  witness = await Witness.start(broker.port);
});

afterAll(async () => {
  await broker.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

/** Sends one frame and a good request behind it: either the good one is answered, or the connection ends. */
async function tryFrame(frame: MutatedFrame, label: string): Promise<void> {
  const client = await WireClient.connect(broker.port);
  try {
    client.socket.write(frame.bytes);
    const key = frame.bytes.length >= 6 ? frame.bytes.readInt16BE(4) : -1;
    const served = client.send(ApiVersions, 0, {}).then(
      () => 'answered',
      () => 'closed',
    );
    const limitMs = !frame.isWhole || MAY_WAIT.has(key) ? WAIT_MS : ANSWER_LIMIT_MS;
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise<string>((resolve) => {
      timer = setTimeout(resolve, limitMs, 'waiting');
    });
    const outcome = await Promise.race([served, limit]);
    clearTimeout(timer);
    if (outcome === 'waiting' && limitMs === ANSWER_LIMIT_MS)
      throw new Error(`${label} was neither answered nor refused: ${frame.bytes.toString('hex')}`);
  } finally {
    await client.close();
  }
}

/** Runs jobs side by side; each lane takes the next one. */
async function inLanes(jobs: readonly (() => Promise<void>)[]): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let job = jobs[next++]; job !== undefined; job = jobs[next++]) await job();
  };
  await Promise.all(Array.from({ length: LANES }, lane));
}

const framesOf = (api: Api, version: number, random: SeededRandom): Buffer => {
  // The correlation id of the good request behind it is 1.
  const header = { correlationId: 77, clientId: random.pick(['fuzz', '', null, 'x'.repeat(300)]) };
  return joinParts(encodeRequestFrame(api, version, header, hostileMessage(api.request.shape, version, random) as never));
};

/** What the broker says of its own bugs. */
const bugs = (): string[] => broker.output.filter((line) => line.includes('"level":50') || /rror: |unhandled/i.test(line));

describe(`FUZZ_SEED=${seed}`, () => {
  it.each(allApis.map((api) => [api.name, api] as const))('%s', { timeout: rounds * 60_000 }, async (_, api) => {
    const random = new SeededRandom(seed + api.key);
    const jobs: (() => Promise<void>)[] = [];
    for (let version = api.versions[0]; version <= api.versions[1]; version++) {
      for (let round = 0; round < rounds; round++) {
        const valid = framesOf(api, version, random);
        const frame = round === 0 ? { bytes: valid, how: 'as it is', isWhole: true } : mutate(valid, random);
        jobs.push(() => tryFrame(frame, `${api.name} v${version}, ${frame.how} (FUZZ_SEED=${seed})`));
      }
    }
    await inLanes(jobs);
    expect(bugs()).toEqual([]);
    await witness.progress(1);
  });

  it('bytes that are no requests at all', { timeout: 120_000 }, async () => {
    const random = new SeededRandom(seed);
    const garbage = Array.from({ length: 60 }, () => random.bytes(random.pick([1, 3, 4, 5, 50, 5000])));
    garbage.push(Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'), Buffer.from('1603010200010001fc0303', 'hex'), Buffer.alloc(100_000));
    await inLanes(garbage.map((bytes) => () => tryFrame({ bytes, how: 'garbage', isWhole: false }, 'garbage')));
    expect(bugs()).toEqual([]);
  });

  it('many connections that promise much and send little', { timeout: 120_000 }, async () => {
    const clients: WireClient[] = [];
    const promise = Buffer.alloc(4);
    promise.writeInt32BE(90 * 2 ** 20);
    for (let count = 0; count < 400; count++) {
      const client = await WireClient.connect(broker.port);
      client.socket.write(promise);
      client.socket.write(Buffer.alloc(20_000));
      clients.push(client);
    }
    for (let round = 0; round < 20; round++) {
      for (const client of clients) if (!client.socket.destroyed) client.socket.write(Buffer.from([round]));
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await witness.progress(10);
    await Promise.all(clients.map((client) => client.close()));
    expect(bugs()).toEqual([]);
  });

  it.runIf(process.platform === 'linux')('memory was bounded all the time', () => {
    const peakKb = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${broker.pid}/status`, 'utf8'))?.[1];
    expect(Number(peakKb) * 1024).toBeLessThan(MAX_RSS_BYTES);
  });

  it('the witness has noticed nothing, and the broker comes back with what it holds', { timeout: 120_000 }, async () => {
    await witness.stop();
    expect(witness.records).toBeGreaterThan(50);
    await broker.kill();
    expect(await broker.start({ dataDir, logLevel: 'warn' })).toBe(true);
    expect(bugs()).toEqual([]);
  });
});
