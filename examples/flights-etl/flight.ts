/** What the topics of this example hold. Delays and distances are those of the data set: minutes and miles. */

export interface Flight {
  /** Scheduled departure, ISO 8601; also the record's timestamp. */
  date: string;
  /** Minutes after the scheduled arrival; negative is early. */
  delay: number;
  distance: number;
  /** IATA codes. */
  origin: string;
  destination: string;
}

export interface Airport {
  name: string;
  city: string;
  state: string;
}

/** A flight with its two airports looked up. */
export interface EnrichedFlight {
  flight: Flight;
  from: Airport;
  to: Airport;
}

/** Running figures of one airport and day. */
export interface DelayFigures {
  flights: number;
  totalDelay: number;
  worstDelay: number;
  late: number;
  name: string;
  city: string;
}

/** A row of topic `airport-days`. */
export interface AirportDay {
  airport: string;
  name: string;
  city: string;
  /** yyyy-mm-dd */
  day: string;
  flights: number;
  meanDelay: number;
  worstDelay: number;
  /** Share of flights more than 15 minutes late, 0 to 1. */
  lateShare: number;
}

/** A row of topic `routes`. */
export interface Route {
  flights: number;
  distance: number;
}

const IATA = /^[A-Z0-9]{3}$/;

/** Returns the flight if it is one; throws saying what is wrong with it. The engine sends such records to the dead letters. */
export function validated(flight: Flight | null): Flight {
  if (flight === null || typeof flight !== 'object') throw new Error('the record has no flight in it');
  if (!IATA.test(flight.origin)) throw new Error(`origin ${JSON.stringify(flight.origin)} is not an IATA code`);
  if (!IATA.test(flight.destination)) throw new Error(`destination ${JSON.stringify(flight.destination)} is not an IATA code`);
  if (!Number.isFinite(flight.delay)) throw new Error(`delay ${JSON.stringify(flight.delay)} is not a number`);
  if (!(flight.distance > 0)) throw new Error(`distance ${JSON.stringify(flight.distance)} is not a positive number`);
  return flight;
}

/** Returns the airport if it is known; throws otherwise. */
export function known(airport: Airport | null, code: string): Airport {
  if (airport === null) throw new Error(`airport ${code} is not in topic airports`);
  return airport;
}
