import { Serdes } from 'millrace';
import { Digest, type Outcome } from '../outcome.ts';
import type { InputTopic, Workload } from '../workloads.ts';
import { countsOf, NexmarkGenerator } from './generator.ts';
import { oracle } from './oracle.ts';
import { AUCTIONS, BIDS, MORE_AUCTIONS, MORE_PERSONS } from './topics.ts';

export const SEED = 42;
/** Of how many times as many events the persons and auctions of q3 and q8 are. */
export const MORE = 5;
/**
 * With more events the oracle takes longer than the subjects: they are held against each other then, after the check with
 * fewer events has held each of them against the oracle.
 */
const MOST_ORACLE_EVENTS = 2_000_000;
const PARTITIONS = 4;

interface NexmarkEvent {
  readonly dateTime: number;
}

function topic<E extends NexmarkEvent>(name: string, count: number, event: (index: number) => E, keyOf: (event: E) => number): InputTopic {
  const long = Serdes.Long();
  return {
    name,
    partitions: PARTITIONS,
    count,
    append: (writer, index) => {
      const value = event(index);
      const key = Buffer.from(long.serialize(keyOf(value), name));
      writer.append(writer.partitionOf(key), value.dateTime, key, Buffer.from(JSON.stringify(value)));
    },
  };
}

/** What a query must write, by the oracle. */
export function expectedOutcome(query: string, generator: NexmarkGenerator, events: number): Outcome {
  const long = Serdes.Long();
  const digest = new Digest();
  for (const [key, value] of oracle[query]?.(generator, events) ?? [])
    digest.add(long.serialize(key, ''), Buffer.from(JSON.stringify(value)));
  return digest.outcome;
}

/** The queries over the first `events` events; q3 and q8 over more. Speeds are in records of the topic `input`. */
export function nexmarkWorkloads(events: number): readonly Workload[] {
  const generator = new NexmarkGenerator(SEED);
  const counts = countsOf(events);
  const more = countsOf(events * MORE);
  const bids = topic(
    BIDS,
    counts.bids,
    (index) => generator.bid(index),
    ({ auction }) => auction,
  );
  const auctions = topic(
    AUCTIONS,
    counts.auctions,
    (index) => generator.auction(index),
    ({ id }) => id,
  );
  const moreAuctions = topic(
    MORE_AUCTIONS,
    more.auctions,
    (index) => generator.auction(index),
    ({ id }) => id,
  );
  const morePersons = topic(
    MORE_PERSONS,
    more.persons,
    (index) => generator.person(index),
    ({ id }) => id,
  );
  const query = (number: number, what: string, outcome: Workload['outcome'], inputs: readonly InputTopic[], events: number): Workload => {
    const name = `nexmark-q${number}`;
    const input = inputs.at(-1)!.name;
    const workload: Workload = { name, what, inputs, input, outcome, byHand: false };
    return events > MOST_ORACLE_EVENTS ? workload : { ...workload, expected: () => expectedOutcome(name, generator, events) };
  };
  const ofBids = (number: number, what: string, outcome: Workload['outcome']) => query(number, what, outcome, [bids], events);
  const ofBoth = (number: number, what: string) => query(number, what, 'last', [auctions, bids], events);
  const ofSellers = (number: number, what: string, outcome: Workload['outcome']) =>
    query(number, what, outcome, [morePersons, moreAuctions], events * MORE);
  return [
    ofBids(0, 'bids as they are, five columns of seven', 'every'),
    ofBids(1, 'bids with prices in euros', 'every'),
    ofBids(2, 'bids for every 123rd auction', 'every'),
    ofSellers(3, 'auctions of one category whose sellers live in three states', 'every'),
    ofBoth(4, 'average price of winning bids by category'),
    ofBids(5, 'auctions with the most bids in windows of 10 s, every 2 s', 'last'),
    ofBoth(6, "average price of a seller's last 10 auctions"),
    ofBids(7, 'highest bid in windows of 10 s', 'last'),
    ofSellers(8, 'persons who opened an auction in the 10 s in which they came', 'last'),
  ];
}
