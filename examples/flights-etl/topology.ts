import { Serdes, type StreamsBuilder, TimeWindows } from 'millrace';
import {
  type Airport,
  type AirportDay,
  type DelayFigures,
  type EnrichedFlight,
  type Flight,
  known,
  type Route,
  validated,
} from './flight.ts';

const LATE_MINUTES = 15;
const DAY_MS = 24 * 60 * 60 * 1000;
const GRACE_MS = 60 * 60 * 1000;

/** Two outputs from one input: delays per airport and day, and traffic per route. */
export default function flightsEtl(builder: StreamsBuilder): void {
  const string = Serdes.String();
  const airports = builder.globalTable<string, Airport>('airports', { keySerde: string, valueSerde: Serdes.Json<Airport>() });

  const flights = builder
    .stream<string, Flight>('flights', { keySerde: string, valueSerde: Serdes.Json<Flight>() })
    .mapValues(validated)
    .leftJoin(
      airports,
      (origin) => origin,
      (flight, from) => ({ flight, from: known(from, flight.origin) }),
    )
    .leftJoin(
      airports,
      (_, { flight }) => flight.destination,
      ({ flight, from }, to): EnrichedFlight => ({ flight, from, to: known(to, flight.destination) }),
    );

  flights
    .groupByKey()
    .windowedBy(TimeWindows.ofSizeAndGrace(DAY_MS, GRACE_MS))
    .aggregate<DelayFigures>(
      () => ({ flights: 0, totalDelay: 0, worstDelay: Number.NEGATIVE_INFINITY, late: 0, name: '', city: '' }),
      (_, { flight, from }, figures) => {
        figures.flights++;
        figures.totalDelay += flight.delay;
        figures.worstDelay = Math.max(figures.worstDelay, flight.delay);
        if (flight.delay > LATE_MINUTES) figures.late++;
        figures.name = from.name;
        figures.city = from.city;
        return figures;
      },
      // Retention goes by the records' own time, and 2001 is long past: the broker would delete the changelog as we write.
      {
        as: 'delays-by-airport-and-day',
        logging: { config: { 'retention.ms': '-1' } },
        keySerde: string,
        valueSerde: Serdes.Msgpack<DelayFigures>({ records: [['flights', 'totalDelay', 'worstDelay', 'late', 'name', 'city']] }),
      },
    )
    .toStream()
    .map(({ key: airport, window }, figures): [string, AirportDay] => {
      const day = new Date(window.startMs).toISOString().slice(0, 10);
      return [`${airport} ${day}`, airportDay(airport, day, figures)];
    })
    .to('airport-days', { keySerde: string, valueSerde: Serdes.Json<AirportDay>() });

  flights
    .map((_, { flight: { origin, destination, distance } }): [string, number] => [`${origin}-${destination}`, distance])
    .groupByKey({ name: 'by-route', keySerde: string, valueSerde: Serdes.Integer() })
    .aggregate<Route>(
      () => ({ flights: 0, distance: 0 }),
      (_, distance, route) => {
        route.flights++;
        route.distance += distance;
        return route;
      },
      { as: 'traffic-by-route', keySerde: string, valueSerde: Serdes.Msgpack<Route>({ records: [['flights', 'distance']] }) },
    )
    .toStream()
    .to('routes', { keySerde: string, valueSerde: Serdes.Json<Route>() });
}

function airportDay(airport: string, day: string, figures: DelayFigures): AirportDay {
  const { name, city, flights, totalDelay, worstDelay, late } = figures;
  return { airport, name, city, day, flights, meanDelay: totalDelay / flights, worstDelay, lateShare: late / flights };
}
