import { Serdes } from 'millrace';
import type { InputTopic, Workload } from '../workloads.ts';
import { countsOf, NexmarkGenerator } from './generator.ts';
import { AUCTIONS, BIDS, MORE_AUCTIONS, MORE_PERSONS } from './topics.ts';

export const SEED = 42;
/** Of how many times as many events the persons and auctions of q3 and q8 are. */
export const MORE = 5;
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
  const ofBids = { inputs: [bids], input: BIDS } as const;
  const ofBoth = { inputs: [auctions, bids], input: BIDS } as const;
  const ofSellers = { inputs: [morePersons, moreAuctions], input: MORE_AUCTIONS } as const;
  return [
    { name: 'nexmark-q0', what: 'bids as they are, five columns of seven', ...ofBids, outcome: 'every' },
    { name: 'nexmark-q1', what: 'bids with prices in euros', ...ofBids, outcome: 'every' },
    { name: 'nexmark-q2', what: 'bids for every 123rd auction', ...ofBids, outcome: 'every' },
    { name: 'nexmark-q3', what: 'auctions of one category whose sellers live in three states', ...ofSellers, outcome: 'every' },
    { name: 'nexmark-q4', what: 'average price of winning bids by category', ...ofBoth, outcome: 'last' },
    { name: 'nexmark-q5', what: 'auctions with the most bids in windows of 10 s, every 2 s', ...ofBids, outcome: 'last' },
    { name: 'nexmark-q6', what: "average price of a seller's last 10 auctions", ...ofBoth, outcome: 'last' },
    { name: 'nexmark-q7', what: 'highest bid in windows of 10 s', ...ofBids, outcome: 'last' },
    { name: 'nexmark-q8', what: 'persons who opened an auction within 10 s of coming', ...ofSellers, outcome: 'last' },
  ];
}
