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
import type { Auction, Person } from './model.ts';
import { MORE_AUCTIONS, MORE_PERSONS } from './topics.ts';

type Home = Pick<Person, 'name' | 'city' | 'state'>;

/** Somebody's auction: a row of q3. */
interface LocalItem extends Home {
  readonly auction: number;
}

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
  const byAuctions = auctionsBySeller(
    auctions(builder).filter((_, auction) => auction.category === CATEGORY),
    'auctions-by-seller',
  ).processValues(() => new AuctionSide(), { stores });
  bySellers.merge(byAuctions).to(output, { keySerde: long, valueSerde: Serdes.Json() });
}

function auctionsBySeller(stream: KStream<number, Auction>, name: string): KStream<number, Auction> {
  return stream.selectKey((_, auction) => auction.seller).repartition({ name, keySerde: long, valueSerde: Serdes.Json<Auction>() });
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
