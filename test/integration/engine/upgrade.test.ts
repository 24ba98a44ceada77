import { afterEach, beforeEach, expect, it } from 'vitest';
import { Harness, type TransportName } from './harness.ts';

const TOPOLOGY = new URL('count-topology.ts', import.meta.url).href;
const WORDS = 50;
const PER_STEP = 5_000;
/** Four processes one after the other, and five rebalances. */
const TIMEOUT_MS = 300_000;
const decodeLong = (value: Uint8Array) => Number(Buffer.from(value).readBigInt64BE());

let harness: Harness;
beforeEach(async () => {
  harness = await Harness.start(['input', 'copies', 'counts']);
});
afterEach(() => harness.close());

it.each<[TransportName, TransportName]>([
  ['librdkafka', 'wire'],
  ['wire', 'librdkafka'],
])(
  'an application goes from %s to %s process by process, and counts exactly',
  async (from, to) => {
    let written = 0;
    const write = async () => {
      const records = Array.from({ length: PER_STEP }, (_, index): [string, string] => [`k${index % 97}`, `word${index % WORDS}`]);
      await harness.produce('input', records);
      written += PER_STEP;
    };
    const launch = async (name: string, transport: TransportName) => {
      const stateDir = `${harness.stateDir}/${name}`;
      const app = harness.launch(TOPOLOGY, { processingGuarantee: 'exactly_once_v2', numStreamThreads: 2, transport, stateDir });
      await app.running();
      return app;
    };
    await write();
    const [oldFirst, oldSecond] = [await launch('first', from), await launch('second', from)];
    await harness.members(2);
    await write();
    expect(await oldFirst.stop()).toBe(0);
    const first = await launch('first', to);
    // One of each: whichever leads divides the partitions for both.
    await harness.members(2);
    await write();
    expect(await oldSecond.stop()).toBe(0);
    const second = await launch('second', to);
    await harness.members(2);
    await write();
    await first.caughtUp();
    expect(await first.stop()).toBe(0);
    await harness.members(1);
    await second.caughtUp();
    expect(await second.stop()).toBe(0);
    const expected = Array.from({ length: WORDS }, (_, word): [string, number] => [`word${word}`, written / WORDS]);
    expect(await harness.table('counts', decodeLong)).toEqual(new Map(expected));
    expect(await harness.count('copies')).toBe(written);
  },
  TIMEOUT_MS,
);
