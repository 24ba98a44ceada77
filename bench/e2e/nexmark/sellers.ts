import {
  type FixedKeyProcessor,
  type FixedKeyProcessorContext,
  type FixedKeyRecord,
  JoinWindows,
  type KeyValueStore,
  type KStream,
  Serdes,
  Stores,
  type StreamsBuilder,
} from 'millrace';
import type { Auction, Person } from './model.ts';
import { MORE_AUCTIONS, MORE_PERSONS } from './topics.ts';

type Home = Pick<Person, 'name' | 'city' | 'state'>;

/** Somebody's auction: a row of q3. */
interface LocalItem extends Home {
  readonly auction: number;
}

/** What q8 needs of a person. */
type Arrival = Pick<Person, 'id' | 'name' | 'dateTime'>;

/** A row of q8. */
interface NewUser {
  readonly id: number;
  readonly name: string;
  readonly startTime: number;
}

const WINDOW_MS = 10_000;
/** Auctions come through a repartition topic, which may lag behind the persons by any time. */
const GRACE_MS = 24 * 3_600_000;
const CATEGORY = 10;
const LOCAL_STATES = ['OR', 'ID', 'CA'];
const SELLERS = 'sellers';
const WAITING = 'waiting-auctions';
const long = Serdes.Long();

/**
 * q3: who sells in three states and one category. A join without windows of two streams, either of which may come first, as
 * Beam has it: sellers are kept for ever, and auctions wait for their seller.
 */
export function localItems(builder: StreamsBuilder, output: string): void {
  builder
    .addStateStore(Stores.keyValue(SELLERS, { keySerde: long, valueSerde: Serdes.Json<Home>() }))
    .addStateStore(Stores.keyValue(WAITING, { keySerde: long, valueSerde: Serdes.Json<number[]>() }));
  const stores = [SELLERS, WAITING];
  const bySellers = persons(builder).processValues(() => new SellerSide(), { stores });
  const byAuctions = auctions(builder)
    .filter((_, auction) => auction.category === CATEGORY)
    .selectKey((_, auction) => auction.seller)
    .repartition({ name: 'auctions-by-seller', keySerde: long, valueSerde: Serdes.Json<Auction>() })
    .processValues(() => new AuctionSide(), { stores });
  bySellers.merge(byAuctions).to(output, { keySerde: long, valueSerde: Serdes.Json() });
}

/**
 * q8: who opened an auction in the window of 10 s in which they came. A stream-stream join finds the pairs that are no
 * further apart than a window is long; those in the same window are kept. Somebody with several auctions is written several
 * times, the same each time.
 */
export function newUsers(builder: StreamsBuilder, output: string): void {
  const arrivals = persons(builder).mapValues(({ id, name, dateTime }): Arrival => ({ id, name, dateTime }));
  const sales = auctions(builder).map((_, { seller, dateTime }): [number, number] => [seller, dateTime]);
  arrivals
    .join(sales, newUser, JoinWindows.ofTimeDifferenceAndGrace(WINDOW_MS, GRACE_MS), {
      keySerde: long,
      valueSerde: Serdes.Json(),
      otherValueSerde: long,
    })
    .filter((_, user) => user !== null)
    .to(output, { keySerde: long, valueSerde: Serdes.Json() });
}

function newUser({ id, name, dateTime }: Arrival, auctionTime: number): NewUser | null {
  const startTime = dateTime - (dateTime % WINDOW_MS);
  return auctionTime >= startTime && auctionTime < startTime + WINDOW_MS ? { id, name, startTime } : null;
}

function persons(builder: StreamsBuilder): KStream<number, Person> {
  return builder.stream(MORE_PERSONS, { keySerde: long, valueSerde: Serdes.Json<Person>() });
}

function auctions(builder: StreamsBuilder): KStream<number, Auction> {
  return builder.stream(MORE_AUCTIONS, { keySerde: long, valueSerde: Serdes.Json<Auction>() });
}

/** One side of q3. */
abstract class Side<V> implements FixedKeyProcessor<number, V, LocalItem> {
  protected sellers!: KeyValueStore<number, Home>;
  /** Ids of auctions, by seller. */
  protected waiting!: KeyValueStore<number, number[]>;
  #context!: FixedKeyProcessorContext<number, LocalItem>;

  init(context: FixedKeyProcessorContext<number, LocalItem>): void {
    this.#context = context;
    this.sellers = context.getStateStore(SELLERS);
    this.waiting = context.getStateStore(WAITING);
  }

  abstract process(record: FixedKeyRecord<number, V>): void;

  protected forward(record: FixedKeyRecord<number, V>, { name, city, state }: Home, auction: number): void {
    if (LOCAL_STATES.includes(state)) this.#context.forward(record.withValue({ name, city, state, auction }));
  }
}

class SellerSide extends Side<Person> {
  override process(record: FixedKeyRecord<number, Person>): void {
    const { name, city, state } = record.value;
    const home: Home = { name, city, state };
    this.sellers.put(record.key, home);
    for (const auction of this.waiting.delete(record.key) ?? []) this.forward(record, home, auction);
  }
}

class AuctionSide extends Side<Auction> {
  override process(record: FixedKeyRecord<number, Auction>): void {
    const auction = record.value.id;
    const home = this.sellers.get(record.key);
    if (home === null) this.waiting.put(record.key, [...(this.waiting.get(record.key) ?? []), auction]);
    else this.forward(record, home, auction);
  }
}
