import { countsOf, type NexmarkGenerator } from './generator.ts';
import type { Auction, Bid, Person } from './model.ts';

/** Without the texts: there are many. */
type SlimAuction = Pick<Auction, 'category' | 'seller' | 'dateTime' | 'expires'>;

/** A record of a query's output: an int64 key, and what its value is as JSON (the order of the fields counts). */
export type Expected = readonly [key: number, value: object];

const WINDOW_MS = 10_000;
const HOP_MS = 2_000;

/**
 * What each query must write for the first `events` events: plain loops over the events in their order, without an engine
 * and without its topologies. Of tables the last row of each key.
 */
export const oracle: Readonly<Record<string, (generator: NexmarkGenerator, events: number) => Iterable<Expected>>> = {
  'nexmark-q0': passThrough,
  'nexmark-q1': currencyConversion,
  'nexmark-q2': selection,
  'nexmark-q3': localItems,
  'nexmark-q4': averagePerCategory,
  'nexmark-q5': hotItems,
  'nexmark-q6': averagePerSeller,
  'nexmark-q7': highestBids,
  'nexmark-q8': newUsers,
};

function* passThrough(generator: NexmarkGenerator, events: number): Iterable<Expected> {
  for (const { auction, bidder, price, dateTime, extra } of bidsOf(generator, events)) {
    yield [auction, { auction, bidder, price, dateTime, extra }];
  }
}

function* currencyConversion(generator: NexmarkGenerator, events: number): Iterable<Expected> {
  for (const { auction, bidder, price, dateTime, extra } of bidsOf(generator, events)) {
    const euros = Number((BigInt(price) * 908n) / 1000n);
    yield [auction, { auction, bidder, price: euros, dateTime, extra }];
  }
}

function* selection(generator: NexmarkGenerator, events: number): Iterable<Expected> {
  for (const { auction, price } of bidsOf(generator, events)) if (auction % 123 === 0) yield [auction, { auction, price }];
}

/** Every auction of the category with its seller, whichever came first. */
function* localItems(generator: NexmarkGenerator, events: number): Iterable<Expected> {
  const locals = new Map<number, Pick<Person, 'name' | 'city' | 'state'>>();
  for (const { id, name, city, state } of personsOf(generator, events)) {
    if (state === 'OR' || state === 'ID' || state === 'CA') locals.set(id, { name, city, state });
  }
  for (const { id, seller, category } of auctionsOf(generator, events)) {
    const local = locals.get(seller);
    if (category === 10 && local !== undefined) yield [seller, { ...local, auction: id }];
  }
}

function* averagePerCategory(generator: NexmarkGenerator, events: number): Iterable<Expected> {
  const prices = new Map<number, number[]>();
  for (const [{ category }, { price }] of winningBids(generator, events)) add(prices, category, price);
  for (const [category, all] of prices) yield [category, { category, average: averageOf(all) }];
}

function* averagePerSeller(generator: NexmarkGenerator, events: number): Iterable<Expected> {
  const sales = new Map<number, Bid[]>();
  for (const [{ seller }, bid] of winningBids(generator, events)) add(sales, seller, bid);
  for (const [seller, bids] of sales) {
    const last = bids.sort((one, other) => other.dateTime - one.dateTime).slice(0, 10);
    yield [seller, { seller, average: averageOf(last.map(({ price }) => price)) }];
  }
}

function* hotItems(generator: NexmarkGenerator, events: number): Iterable<Expected> {
  const windows = new Map<number, Map<number, number>>();
  for (const { auction, dateTime } of bidsOf(generator, events)) {
    for (let start = dateTime - (dateTime % HOP_MS); start > dateTime - WINDOW_MS; start -= HOP_MS) {
      const counts = windows.get(start) ?? new Map<number, number>();
      windows.set(start, counts.set(auction, (counts.get(auction) ?? 0) + 1));
    }
  }
  for (const [start, counts] of windows) {
    const count = Math.max(...counts.values());
    const auctions = [...counts.keys()].filter((auction) => counts.get(auction) === count).sort((one, other) => one - other);
    yield [start, { count, auctions }];
  }
}

function* highestBids(generator: NexmarkGenerator, events: number): Iterable<Expected> {
  const highest = new Map<number, Bid>();
  for (const bid of bidsOf(generator, events)) {
    const start = bid.dateTime - (bid.dateTime % WINDOW_MS);
    if (bid.price > (highest.get(start)?.price ?? 0)) highest.set(start, bid);
  }
  for (const [start, { auction, price, bidder, dateTime, extra }] of highest) yield [start, { auction, price, bidder, dateTime, extra }];
}

/** Persons who opened an auction in the window in which they came; each once. */
function* newUsers(generator: NexmarkGenerator, events: number): Iterable<Expected> {
  const sellersOfWindow = new Map<number, Set<number>>();
  for (const { seller, dateTime } of auctionsOf(generator, events)) {
    const start = dateTime - (dateTime % WINDOW_MS);
    sellersOfWindow.set(start, (sellersOfWindow.get(start) ?? new Set<number>()).add(seller));
  }
  for (const { id, name, dateTime } of personsOf(generator, events)) {
    const start = dateTime - (dateTime % WINDOW_MS);
    if (sellersOfWindow.get(start)?.has(id) === true) yield [id, { id, name, startTime: start }];
  }
}

/** For each auction with a bid in its time: the highest, and of equally high ones the first. */
function winningBids(generator: NexmarkGenerator, events: number): Iterable<readonly [SlimAuction, Bid]> {
  const auctions = new Map<number, SlimAuction>();
  for (const { id, category, seller, dateTime, expires } of auctionsOf(generator, events)) {
    auctions.set(id, { category, seller, dateTime, expires });
  }
  const winning = new Map<number, readonly [SlimAuction, Bid]>();
  for (const bid of bidsOf(generator, events)) {
    const auction = auctions.get(bid.auction);
    if (auction === undefined || bid.dateTime < auction.dateTime || bid.dateTime > auction.expires) continue;
    if (bid.price > (winning.get(bid.auction)?.[1].price ?? 0)) winning.set(bid.auction, [auction, bid]);
  }
  return winning.values();
}

/** Rounded down, in whole numbers: no rounding of floating point stands between this and what it is compared with. */
function averageOf(prices: readonly number[]): number {
  const sum = prices.reduce((total, price) => total + BigInt(price), 0n);
  return Number(sum / BigInt(prices.length));
}

function add<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const values = map.get(key);
  if (values === undefined) map.set(key, [value]);
  else values.push(value);
}

function* personsOf(generator: NexmarkGenerator, events: number): Iterable<Person> {
  for (let index = 0; index < countsOf(events).persons; index++) yield generator.person(index);
}

function* auctionsOf(generator: NexmarkGenerator, events: number): Iterable<Auction> {
  for (let index = 0; index < countsOf(events).auctions; index++) yield generator.auction(index);
}

function* bidsOf(generator: NexmarkGenerator, events: number): Iterable<Bid> {
  for (let index = 0; index < countsOf(events).bids; index++) yield generator.bid(index);
}
