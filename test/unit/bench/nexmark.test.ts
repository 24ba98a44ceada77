import { type Serde, Serdes, StreamsBuilder } from 'millrace';
import { TopologyTestDriver } from 'millrace/testing';
import { describe, expect, it } from 'vitest';
import { countsOf, NexmarkGenerator } from '../../../bench/e2e/nexmark/generator.ts';
import { oracle } from '../../../bench/e2e/nexmark/oracle.ts';
import { queries } from '../../../bench/e2e/nexmark/queries.ts';
import { expectedOutcome, nexmarkWorkloads, SEED } from '../../../bench/e2e/nexmark/workloads.ts';

const EVENTS = 20_000;
const OUTPUT = 'output';
const generator = new NexmarkGenerator(SEED);

/** All events a query reads, in the order of time. */
function events(names: readonly string[]): { readonly topic: string; readonly key: number; readonly value: { dateTime: number } }[] {
  const { persons, auctions, bids } = countsOf(EVENTS);
  const of = <E extends { dateTime: number }>(kind: string, count: number, event: (index: number) => E, key: (event: E) => number) => {
    const topic = names.find((name) => name.endsWith(kind));
    return topic === undefined
      ? []
      : Array.from({ length: count }, (_, index) => event(index)).map((value) => ({ topic, key: key(value), value }));
  };
  return [
    ...of(
      'person',
      persons,
      (index) => generator.person(index),
      ({ id }) => id,
    ),
    ...of(
      'auction',
      auctions,
      (index) => generator.auction(index),
      ({ id }) => id,
    ),
    ...of(
      'bid',
      bids,
      (index) => generator.bid(index),
      ({ auction }) => auction,
    ),
  ].sort((one, other) => one.value.dateTime - other.value.dateTime);
}

function run(query: string, inputs: readonly string[]): [key: number | null, value: string | null][] {
  const builder = new StreamsBuilder();
  queries[query]!(builder, OUTPUT);
  const driver = new TopologyTestDriver(builder);
  const json: Serde<object> = Serdes.Json();
  const topics = new Map(inputs.map((name) => [name, driver.createInputTopic(name, Serdes.Long(), json)]));
  const output = driver.createOutputTopic(OUTPUT, Serdes.Long(), Serdes.String());
  for (const { topic, key, value } of events(inputs)) topics.get(topic)!.pipeInput(key, value, value.dateTime);
  const records = output.readKeyValuesToList();
  driver.close();
  return records;
}

const lines = (records: Iterable<readonly [key: number | null, value: string | null]>): string[] =>
  [...records].map(([key, value]) => `${key} ${value}`).sort();

describe('the queries of Nexmark write what plain loops over the events say', () => {
  it.each(nexmarkWorkloads(EVENTS))('$name', ({ name, inputs, outcome }) => {
    const expected = [...oracle[name]!(generator, EVENTS)].map(([key, value]) => [key, JSON.stringify(value)] as const);
    const records = run(
      name,
      inputs.map((input) => input.name),
    );
    expect(expected.length).toBeGreaterThan(1);
    expect(lines(outcome === 'every' ? records : new Map(records))).toEqual(lines(expected));
  });
});

/** Of 100,000 events. Another digest means other events or another query: numbers from before cannot be compared then. */
const GOLDEN: Readonly<Record<string, { readonly count: number; readonly digest: string }>> = {
  'nexmark-q0': { count: 92_000, digest: '94ccb4c68a913e04' },
  'nexmark-q1': { count: 92_000, digest: '742e6c52082494c6' },
  'nexmark-q2': { count: 370, digest: '3a7942be950364b4' },
  'nexmark-q3': { count: 632, digest: 'dc85fb4c71d064a4' },
  'nexmark-q4': { count: 5, digest: '50b4265b47dff099' },
  'nexmark-q5': { count: 54, digest: 'e767e3e4be17d8fa' },
  'nexmark-q6': { count: 924, digest: 'b6c26d04a75fc1f0' },
  'nexmark-q7': { count: 10, digest: '3e54b68e5b126e04' },
  'nexmark-q8': { count: 300, digest: '373581849ce14690' },
};

describe('what the queries of Nexmark must write for 100,000 events stays as it is', () => {
  it.each(Object.entries(GOLDEN))('%s', (query, golden) => {
    expect(expectedOutcome(query, generator, 100_000)).toEqual(golden);
  });
});

describe('the events of Nexmark', () => {
  const { persons, auctions, bids } = countsOf(EVENTS);

  it('are persons, auctions and bids as 1 to 3 to 46, each at a ms of its own', () => {
    expect({ persons, auctions, bids }).toEqual({ persons: 400, auctions: 1_200, bids: 18_400 });
    const all = events(['a-person', 'an-auction', 'a-bid']);
    expect(new Set(all.map(({ value }) => value.dateTime)).size).toBe(EVENTS);
    expect(all.at(-1)!.value.dateTime - all[0]!.value.dateTime).toBe(EVENTS - 1);
  });

  it('are the same whenever they are made, and others for another seed', () => {
    expect(new NexmarkGenerator(SEED).bid(777)).toEqual(generator.bid(777));
    expect(new NexmarkGenerator(SEED + 1).bid(777)).not.toEqual(generator.bid(777));
  });

  it('have hot auctions, bidders and sellers, and the sizes of the model', () => {
    const someBids = Array.from({ length: bids }, (_, index) => generator.bid(index));
    const someAuctions = Array.from({ length: auctions }, (_, index) => generator.auction(index));
    expect(share(someBids, ({ auction }) => auction % 100 === 0)).toBeCloseTo(0.5, 1);
    expect(share(someBids, ({ bidder }) => bidder % 100 === 1)).toBeCloseTo(0.75, 1);
    expect(share(someAuctions, ({ seller }) => seller % 100 === 0)).toBeCloseTo(0.75, 1);
    expect(share(someBids, ({ channel }) => ['Google', 'Facebook', 'Baidu', 'Apple'].includes(channel))).toBeCloseTo(0.5, 1);
    expect(new Set(someAuctions.map(({ category }) => category))).toEqual(new Set([10, 11, 12, 13, 14]));
    expect(someAuctions.every(({ dateTime, expires }) => expires > dateTime && expires <= dateTime + 2 * 1_666)).toBe(true);
    expect(someBids.every(({ price }) => price >= 100 && price <= 100_000_000)).toBe(true);
  });
});

function share<T>(values: readonly T[], holds: (value: T) => boolean): number {
  return values.filter(holds).length / values.length;
}
