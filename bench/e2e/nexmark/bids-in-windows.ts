import { type KStream, Serdes, type StreamsBuilder, TimeWindows } from 'millrace';
import type { Bid } from './model.ts';
import { BIDS } from './topics.ts';

interface BidCount {
  readonly auction: number;
  readonly count: number;
}

/** The auctions with the most bids of a window, by id. */
interface Hottest {
  readonly count: number;
  readonly auctions: readonly number[];
}

/** A bid without what q7 does not show. */
type ShownBid = Pick<Bid, 'auction' | 'price' | 'bidder' | 'dateTime' | 'extra'>;

const WINDOW_MS = 10_000;
const HOP_MS = 2_000;
const long = Serdes.Long();

/**
 * q5: the auctions with the most bids in windows of 10 s, one every 2 s. Counted by auction, where the bids are; then the
 * counts of a window come together.
 */
export function hotItems(builder: StreamsBuilder, output: string): void {
  bids(builder)
    .groupByKey()
    .windowedBy(TimeWindows.ofSizeWithNoGrace(WINDOW_MS).advanceBy(HOP_MS))
    .count({ as: 'counts' })
    .toStream()
    .map((windowed, count): [number, BidCount] => [windowed.window.startMs, { auction: windowed.key, count }])
    .groupByKey({ keySerde: long, valueSerde: Serdes.Json() })
    .aggregate((): Hottest => ({ count: 0, auctions: [] }), hottest, { as: 'hottest', valueSerde: Serdes.Json() })
    .toStream()
    .to(output, { keySerde: long, valueSerde: Serdes.Json() });
}

/** Counts only grow, so what has become too small is known by the next count of the window's hottest. */
function hottest(_start: number, { auction, count }: BidCount, hot: Hottest): Hottest {
  if (count > hot.count) return { count, auctions: [auction] };
  if (count < hot.count || hot.auctions.includes(auction)) return hot;
  return { count, auctions: [...hot.auctions, auction].sort((a, b) => a - b) };
}

/** q7: the highest bid in windows of 10 s, first of each auction and then of all. Of equally high ones the first. */
export function highestBids(builder: StreamsBuilder, output: string): void {
  bids(builder)
    .mapValues(({ auction, price, bidder, dateTime, extra }): ShownBid => ({ auction, price, bidder, dateTime, extra }))
    .groupByKey({ keySerde: long, valueSerde: Serdes.Json() })
    .windowedBy(TimeWindows.ofSizeWithNoGrace(WINDOW_MS))
    .reduce(higher, { as: 'highest-of-auctions' })
    .toStream()
    .map((windowed, bid): [number, ShownBid] => [windowed.window.startMs, bid])
    .groupByKey({ keySerde: long, valueSerde: Serdes.Json() })
    .reduce(higher, { as: 'highest-of-all' })
    .toStream()
    .to(output, { keySerde: long, valueSerde: Serdes.Json() });
}

function higher(one: ShownBid, other: ShownBid): ShownBid {
  if (one.price !== other.price) return one.price > other.price ? one : other;
  return one.dateTime <= other.dateTime ? one : other;
}

function bids(builder: StreamsBuilder): KStream<number, Bid> {
  return builder.stream(BIDS, { keySerde: long, valueSerde: Serdes.Json<Bid>() });
}
