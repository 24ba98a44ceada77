import {
  type FixedKeyProcessor,
  type FixedKeyProcessorContext,
  type FixedKeyRecord,
  type KeyValueStore,
  type KStream,
  Serdes,
  Stores,
  type StreamsBuilder,
} from 'millrace';
import type { Auction, Bid } from './model.ts';
import { AUCTIONS, BIDS } from './topics.ts';

/** A bid and the auction it is for. */
interface BidOnAuction {
  readonly bid: Bid;
  readonly auction: Auction;
}

/** A bid that is the highest of its auction so far. */
interface WinningBid {
  readonly auction: number;
  readonly category: number;
  readonly seller: number;
  readonly price: number;
  /** What the highest bid was before; null for the first. */
  readonly previous: number | null;
  readonly dateTime: number;
}

interface PriceTotal {
  readonly sum: number;
  readonly count: number;
}

/** What one auction brought its seller. */
interface Sale {
  readonly auction: number;
  readonly price: number;
  readonly dateTime: number;
}

const HIGHEST = 'highest-bids';
const LAST_SALES = 10;
const long = Serdes.Long();

/**
 * q4: the average of the winning bids of all auctions, by category. As in the SQL, the highest bid of an auction counts from
 * when it is made. What one auction adds to its category is corrected with each higher bid.
 */
export function averagePerCategory(builder: StreamsBuilder, output: string): void {
  winningBids(builder)
    .groupBy((_, bid) => bid.category, { keySerde: long, valueSerde: Serdes.Json<WinningBid>() })
    .aggregate(
      (): PriceTotal => ({ sum: 0, count: 0 }),
      (_, { price, previous }, { sum, count }) => ({ sum: sum + price - (previous ?? 0), count: previous === null ? count + 1 : count }),
      { as: 'totals', valueSerde: Serdes.Json() },
    )
    .toStream()
    .mapValues(({ sum, count }, category) => ({ category, average: Math.floor(sum / count) }))
    .to(output, { keySerde: long, valueSerde: Serdes.Json() });
}

/** q6: the average of the winning bids of a seller's last ten auctions, by the time of those bids. */
export function averagePerSeller(builder: StreamsBuilder, output: string): void {
  winningBids(builder)
    .groupBy((_, bid) => bid.seller, { keySerde: long, valueSerde: Serdes.Json<WinningBid>() })
    .aggregate((): readonly Sale[] => [], lastSales, { as: 'last-sales', valueSerde: Serdes.Json() })
    .toStream()
    .mapValues((sales, seller) => ({ seller, average: Math.floor(sales.reduce((sum, { price }) => sum + price, 0) / sales.length) }))
    .to(output, { keySerde: long, valueSerde: Serdes.Json() });
}

/** The last sales in the order of time; one bid of each auction. Bids of different auctions may come in any order. */
function lastSales(_seller: number, { auction, price, dateTime }: WinningBid, sales: readonly Sale[]): readonly Sale[] {
  const others = sales.filter((sale) => sale.auction !== auction);
  const later = others.findIndex((sale) => sale.dateTime > dateTime);
  const at = later === -1 ? others.length : later;
  return [...others.slice(0, at), { auction, price, dateTime }, ...others.slice(at)].slice(-LAST_SALES);
}

/** Bids in the time of their auction that are higher than all before, by auction. */
function winningBids(builder: StreamsBuilder): KStream<number, WinningBid> {
  const auctions = builder.table(AUCTIONS, { keySerde: long, valueSerde: Serdes.Json<Auction>(), as: 'auctions' });
  return builder
    .addStateStore(Stores.keyValue(HIGHEST, { keySerde: long, valueSerde: long }))
    .stream(BIDS, { keySerde: long, valueSerde: Serdes.Json<Bid>() })
    .join(auctions, (bid, auction): BidOnAuction => ({ bid, auction }))
    .filter((_, { bid, auction }) => bid.dateTime >= auction.dateTime && bid.dateTime <= auction.expires)
    .processValues(() => new HighestBid(), { stores: [HIGHEST] });
}

/** Lets through what is higher than the highest bid so far. */
class HighestBid implements FixedKeyProcessor<number, BidOnAuction, WinningBid> {
  #context!: FixedKeyProcessorContext<number, WinningBid>;
  #highest!: KeyValueStore<number, number>;

  init(context: FixedKeyProcessorContext<number, WinningBid>): void {
    this.#context = context;
    this.#highest = context.getStateStore(HIGHEST);
  }

  process(record: FixedKeyRecord<number, BidOnAuction>): void {
    const { bid, auction } = record.value;
    const previous = this.#highest.get(record.key);
    if (previous !== null && previous >= bid.price) return;
    this.#highest.put(record.key, bid.price);
    const { category, seller } = auction;
    const { price, dateTime } = bid;
    this.#context.forward(record.withValue({ auction: record.key, category, seller, price, previous, dateTime }));
  }
}
