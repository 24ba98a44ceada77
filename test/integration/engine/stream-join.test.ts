import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Harness, TRANSPORTS } from './harness.ts';

const TOPOLOGY = new URL('join-topology.ts', import.meta.url).href;
const PAIRS = 4_000;

const records = (from: number, to: number): [string, string][] =>
  Array.from({ length: to - from }, (_, index) => [`k${(from + index) % 13}`, `v${from + index}`]);

describe.each(TRANSPORTS)('a join of two streams over %s', (transport) => {
  let harness: Harness;
  beforeEach(async () => {
    harness = await Harness.start(['left', 'right', 'joined'], 4, undefined, transport);
  });
  afterEach(() => harness.close());

  it('what one process kept of a side, the next one joins with the other, exactly once', async () => {
    const config = { processingGuarantee: 'exactly_once_v2', numStreamThreads: 2 } as const;
    await harness.produce('left', records(0, PAIRS));
    const first = harness.launch(TOPOLOGY, config);
    await first.caughtUp();
    await first.kill();
    await harness.produce('right', records(0, PAIRS / 2));
    const second = harness.launch(TOPOLOGY, config);
    await second.running();
    await second.kill();
    await harness.produce('right', records(PAIRS / 2, PAIRS));
    const last = harness.launch(TOPOLOGY, config);
    await last.caughtUp();
    expect(await last.stop()).toBe(0);
    const joined = await harness.table('joined', (value) => Buffer.from(value).toString());
    expect(joined).toEqual(new Map(records(0, PAIRS).map(([, value]) => [value, `${value}+${value}`])));
    expect(await harness.count('joined')).toBe(PAIRS);
  });
});
