import { type KStream, Serdes, type StreamsBuilder } from 'millrace';
import { highestBids, hotItems } from './bids-in-windows.ts';
import type { Bid } from './model.ts';
import { localItems, newUsers } from './sellers.ts';
import { BIDS } from './topics.ts';
import { averagePerCategory, averagePerSeller } from './winning-bids.ts';

const EURO_PER_THOUSAND_DOLLARS = 908;
const SELECTED_AUCTIONS = 123;

/**
 * Nexmark's q0 to q8 as a user of the DSL writes them, after the SQL of github.com/nexmark/nexmark; `NexmarkQueries.java` has
 * the same for Kafka Streams. Every query writes int64 keys and JSON.
 */
export const queries: Readonly<Record<string, (builder: StreamsBuilder, output: string) => void>> = {
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

/** Every bid is decoded, reduced to the five columns of the SQL and encoded again. */
function passThrough(builder: StreamsBuilder, output: string): void {
  write(
    bids(builder).mapValues(({ auction, bidder, price, dateTime, extra }) => ({ auction, bidder, price, dateTime, extra })),
    output,
  );
}

/** Prices in cents of a euro, rounded down. */
function currencyConversion(builder: StreamsBuilder, output: string): void {
  write(
    bids(builder).mapValues(({ auction, bidder, price, dateTime, extra }) => ({
      auction,
      bidder,
      price: Math.floor((price * EURO_PER_THOUSAND_DOLLARS) / 1_000),
      dateTime,
      extra,
    })),
    output,
  );
}

/** Bids for every 123rd auction. */
function selection(builder: StreamsBuilder, output: string): void {
  write(
    bids(builder)
      .filter((_, bid) => bid.auction % SELECTED_AUCTIONS === 0)
      .mapValues(({ auction, price }) => ({ auction, price })),
    output,
  );
}

function bids(builder: StreamsBuilder): KStream<number, Bid> {
  return builder.stream(BIDS, { keySerde: Serdes.Long(), valueSerde: Serdes.Json<Bid>() });
}

function write<V>(stream: KStream<number, V>, output: string): void {
  stream.to(output, { keySerde: Serdes.Long(), valueSerde: Serdes.Json() });
}
