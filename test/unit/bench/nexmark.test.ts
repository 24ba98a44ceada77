import { type Serde, Serdes, StreamsBuilder } from 'millrace';
import { TopologyTestDriver } from 'millrace/testing';
import { describe, expect, it } from 'vitest';
import { countsOf, NexmarkGenerator } from '../../../bench/e2e/nexmark/generator.ts';
import { oracle } from '../../../bench/e2e/nexmark/oracle.ts';
import { queries } from '../../../bench/e2e/nexmark/queries.ts';
import { nexmarkWorkloads, SEED } from '../../../bench/e2e/nexmark/workloads.ts';

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
  it.each(nexmarkWorkloads(EVENTS).filter(({ name }) => name in queries))('$name', ({ name, inputs, outcome }) => {
    const expected = [...oracle[name]!(generator, EVENTS)].map(([key, value]) => [key, JSON.stringify(value)] as const);
    const records = run(
      name,
      inputs.map((input) => input.name),
    );
    expect(expected.length).toBeGreaterThan(1);
    expect(lines(outcome === 'every' ? records : new Map(records))).toEqual(lines(expected));
  });
});
