import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { goldenTopologies, randomTopology } from './golden-topologies.ts';

const golden = (name: string): string => readFileSync(new URL(`golden/${name}.txt`, import.meta.url), 'utf8');

describe('describe() prints what Apache Kafka Streams prints', () => {
  it.each(Object.keys(goldenTopologies))('%s', (name) => {
    const topology = goldenTopologies[name]?.();
    expect(String(topology?.describe())).toBe(golden(name));
  });

  const random = golden('random')
    .split(/^=== /m)
    .slice(1)
    .map((part) => part.split(/\n(.*)/s));

  it.each(random)('random graph %s', (seed, text) => {
    expect(String(randomTopology(Number(seed)).describe())).toBe(text);
  });

  it('covers every random graph', () => {
    expect(random).toHaveLength(40);
  });
});

describe('plans', () => {
  it.each(Object.keys(goldenTopologies))('%s: the same module twice gives the same hash', (name) => {
    const [one, other] = [goldenTopologies[name]?.(), goldenTopologies[name]?.()];
    expect(one?.plan().hash).toBe(other?.plan().hash);
    expect(one?.plan().hash).toMatch(/^[0-9a-f]{64}$/);
  });

  it('has a different hash for every topology', () => {
    const hashes = Object.values(goldenTopologies).map((make) => make().plan().hash);
    expect(new Set(hashes).size).toBe(hashes.length);
  });

  it.each(Object.keys(goldenTopologies))('%s: edges, stores and topics fit together', (name) => {
    const plan = goldenTopologies[name]?.().plan();
    const repartition = new Set(plan?.repartitionTopics.map((topic) => topic.name));
    for (const { sources, processors, sinks, stores } of plan?.subTopologies ?? []) {
      const byName = new Map([...sources, ...processors, ...sinks].map((node) => [node.name, node]));
      for (const node of [...sources, ...processors]) {
        for (const child of node.children) expect(byName.get(child)).toMatchObject({ parents: expect.arrayContaining([node.name]) });
      }
      const known = new Set([...stores.map((store) => store.name), ...(plan?.globalStores ?? []).map(({ store }) => store.name)]);
      for (const processor of processors) for (const store of processor.stores) expect(known).toContain(store);
      for (const topic of sources.flatMap((source) => source.topics)) expect(repartition.has(topic.name)).toBe(topic.internal);
    }
  });
});
