import type { Auction, Bid, Person } from './model.ts';
import { Randomness } from './randomness.ts';

/**
 * The events of Nexmark (github.com/nexmark/nexmark, Apache Beam's NexmarkConfiguration): of 50 events in a row one is a
 * person, three are auctions and 46 are bids, with the distributions and defaults of that model. An event is a function of
 * the seed and its number, so each topic can be written on its own.
 *
 * Different from there: an event per ms, which is 1,000 per second instead of 10,000. No two events have the same time then,
 * so every query has one right answer, whatever is read first; and 100,000 events reach over ten windows.
 */
export const PERSONS_PER_EPOCH = 1;
export const AUCTIONS_PER_EPOCH = 3;
export const BIDS_PER_EPOCH = 46;
export const EVENTS_PER_EPOCH = PERSONS_PER_EPOCH + AUCTIONS_PER_EPOCH + BIDS_PER_EPOCH;
export const EVENT_MS = 1;
/** A multiple of the windows of all queries. */
export const START_MS = 1_700_000_000_000;

const FIRST_PERSON_ID = 1_000;
const FIRST_AUCTION_ID = 1_000;
const FIRST_CATEGORY_ID = 10;
const CATEGORIES = 5;
const ACTIVE_PERSONS = 1_000;
const AUCTIONS_IN_FLIGHT = 100;
/** Ids that do not exist yet and are used all the same. */
const ID_LEAD = 10;
/** One of so many ids is a hot one: the first of its hundred, or for bidders the second. */
const HOT_EVERY = 100;
const HOT_AUCTION_RATIO = 2;
const HOT_SELLER_RATIO = 4;
const HOT_BIDDER_RATIO = 4;
const HOT_CHANNEL_RATIO = 2;
const PERSON_BYTES = 200;
const AUCTION_BYTES = 500;
const BID_BYTES = 100;
const NUMBER_BYTES = 8;
const STATES = ['AZ', 'CA', 'ID', 'OR', 'WA', 'WY'];
const CITIES = ['Phoenix', 'Los Angeles', 'San Francisco', 'Boise', 'Portland', 'Bend', 'Redmond', 'Seattle', 'Kent', 'Cheyenne'];
const FIRST_NAMES = ['Peter', 'Paul', 'Luke', 'John', 'Saul', 'Vicky', 'Kate', 'Julie', 'Sarah', 'Deiter', 'Walter'];
const LAST_NAMES = ['Shultz', 'Abrams', 'Spencer', 'White', 'Bartels', 'Walton', 'Smith', 'Jones', 'Noris'];
const HOT_CHANNELS = ['Google', 'Facebook', 'Baidu', 'Apple'];
const CHANNELS = 10_000;
/** Of channels that are not hot, one in so many has no id in its address. */
const CHANNEL_WITHOUT_ID = 10;
const CARD_GROUPS = 4;
const CARD_DIGITS = 4;
/** Keeps the random numbers of channels apart from those of events. */
const CHANNEL_SEED = 0x5eed;

/** Number of the event that is person `index`. */
export const personEvent = (index: number): number => index * EVENTS_PER_EPOCH;

/** Number of the event that is auction `index`. */
export const auctionEvent = (index: number): number =>
  Math.floor(index / AUCTIONS_PER_EPOCH) * EVENTS_PER_EPOCH + PERSONS_PER_EPOCH + (index % AUCTIONS_PER_EPOCH);

/** Number of the event that is bid `index`. */
export const bidEvent = (index: number): number =>
  Math.floor(index / BIDS_PER_EPOCH) * EVENTS_PER_EPOCH + PERSONS_PER_EPOCH + AUCTIONS_PER_EPOCH + (index % BIDS_PER_EPOCH);

/** How many there are of each kind among the first `events`. */
export function countsOf(events: number): { readonly persons: number; readonly auctions: number; readonly bids: number } {
  const epochs = Math.floor(events / EVENTS_PER_EPOCH);
  const rest = events % EVENTS_PER_EPOCH;
  const persons = epochs + Math.min(rest, PERSONS_PER_EPOCH);
  const auctions = epochs * AUCTIONS_PER_EPOCH + Math.min(Math.max(rest - PERSONS_PER_EPOCH, 0), AUCTIONS_PER_EPOCH);
  return { persons, auctions, bids: events - persons - auctions };
}

const timeOf = (event: number): number => START_MS + event * EVENT_MS;
const hotOf = (index: number): number => index - (index % HOT_EVERY);

/** Index of the newest person at an event. */
const newestPerson = (event: number): number => Math.floor(event / EVENTS_PER_EPOCH);

/** Index of the newest auction at an event; -1 before the first. */
function newestAuction(event: number): number {
  const offset = event % EVENTS_PER_EPOCH;
  const inEpoch = Math.min(Math.max(offset - PERSONS_PER_EPOCH + 1, 0), AUCTIONS_PER_EPOCH);
  return Math.floor(event / EVENTS_PER_EPOCH) * AUCTIONS_PER_EPOCH + inEpoch - 1;
}

/** Events of one seed. */
export class NexmarkGenerator {
  readonly #seed: number;
  readonly #hotUrls: readonly string[];
  /** Of channels that were drawn before. */
  readonly #channelUrls: string[] = [];

  constructor(seed: number) {
    this.#seed = seed;
    this.#hotUrls = HOT_CHANNELS.map((_, channel) => pageUrl(new Randomness(seed ^ CHANNEL_SEED, CHANNELS + channel)));
  }

  /** Person `index`, from 0. */
  person(index: number): Person {
    const event = personEvent(index);
    const random = new Randomness(this.#seed, event);
    const name = `${random.pick(FIRST_NAMES)} ${random.pick(LAST_NAMES)}`;
    const emailAddress = `${random.text(7)}@${random.text(5)}.com`;
    const creditCard = Array.from({ length: CARD_GROUPS }, () => String(random.int(10 ** CARD_DIGITS)).padStart(CARD_DIGITS, '0')).join(
      ' ',
    );
    const city = random.pick(CITIES);
    const state = random.pick(STATES);
    const size = NUMBER_BYTES + name.length + emailAddress.length + creditCard.length + city.length + state.length;
    const extra = random.fillUp(size, PERSON_BYTES);
    return { id: FIRST_PERSON_ID + index, name, emailAddress, creditCard, city, state, dateTime: timeOf(event), extra };
  }

  /** Auction `index`, from 0. Three of four are of hot sellers. It lasts until a hundred later auctions began, on average. */
  auction(index: number): Auction {
    const event = auctionEvent(index);
    const random = new Randomness(this.#seed, event);
    const newest = newestPerson(event);
    const seller = FIRST_PERSON_ID + (random.hot(HOT_SELLER_RATIO) ? hotOf(newest) : activePerson(newest, random));
    const category = FIRST_CATEGORY_ID + random.int(CATEGORIES);
    const initialBid = random.price();
    const dateTime = timeOf(event);
    const horizonMs = Math.floor((AUCTIONS_IN_FLIGHT * EVENTS_PER_EPOCH) / AUCTIONS_PER_EPOCH) * EVENT_MS;
    const expires = dateTime + 1 + random.int(Math.max(horizonMs * 2, 1));
    const itemName = random.text(20);
    const description = random.text(100);
    const reserve = initialBid + random.price();
    const extra = random.fillUp(itemName.length + description.length + 6 * NUMBER_BYTES, AUCTION_BYTES);
    return { id: FIRST_AUCTION_ID + index, itemName, description, initialBid, reserve, dateTime, expires, seller, category, extra };
  }

  /** Bid `index`, from 0. Every second one is for a hot auction, three of four are by hot bidders. */
  bid(index: number): Bid {
    const event = bidEvent(index);
    const random = new Randomness(this.#seed, event);
    const newest = newestAuction(event);
    const auction = FIRST_AUCTION_ID + (random.hot(HOT_AUCTION_RATIO) ? hotOf(newest) : runningAuction(newest, random));
    const person = newestPerson(event);
    // The second of each hundred, so that hot bidders are not the hot sellers.
    const bidder = FIRST_PERSON_ID + (random.hot(HOT_BIDDER_RATIO) ? hotOf(person) + 1 : activePerson(person, random));
    const price = random.price();
    const hot = random.hot(HOT_CHANNEL_RATIO);
    const channel = random.int(hot ? HOT_CHANNELS.length : CHANNELS);
    const extra = random.fillUp(4 * NUMBER_BYTES, BID_BYTES);
    return {
      auction,
      bidder,
      price,
      channel: hot ? HOT_CHANNELS[channel]! : `channel-${channel}`,
      url: hot ? this.#hotUrls[channel]! : this.#channelUrl(channel),
      dateTime: timeOf(event),
      extra,
    };
  }

  #channelUrl(channel: number): string {
    this.#channelUrls[channel] ??= channelUrl(this.#seed, channel);
    return this.#channelUrls[channel];
  }
}

/** One of the last thousand persons, or of the next few. */
function activePerson(newest: number, random: Randomness): number {
  const persons = newest + 1;
  const active = Math.min(persons, ACTIVE_PERSONS);
  return persons - active + random.int(active + ID_LEAD);
}

/** One of the auctions that are likely still to run, or of the next few. */
function runningAuction(newest: number, random: Randomness): number {
  const first = Math.max(newest - AUCTIONS_IN_FLIGHT, 0);
  return first + random.int(newest - first + 1 + ID_LEAD);
}

function pageUrl(random: Randomness): string {
  return `https://www.nexmark.com/${random.text(5, '_')}/${random.text(5, '_')}/${random.text(5, '_')}/item.htm?query=1`;
}

function channelUrl(seed: number, channel: number): string {
  const random = new Randomness(seed ^ CHANNEL_SEED, channel);
  const url = pageUrl(random);
  return random.int(CHANNEL_WITHOUT_ID) > 0 ? `${url}&channel_id=${channel}` : url;
}
