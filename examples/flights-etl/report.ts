import Table from 'cli-table3';
import type { JobContext } from 'millrace';
import type { AirportDay, Route } from './flight.ts';

const WORST = 10;
const BUSIEST = 10;
/** Fewer flights than this say little about an airport. */
const FLIGHTS_MIN = 100;

const NAME_LENGTH = 44;
const NO_LINES_BETWEEN_ROWS = { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' };

const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

interface AirportTotals {
  airport: string;
  name: string;
  city: string;
  flights: number;
  totalDelay: number;
  worstDelay: number;
  late: number;
}

/**
 * Reads the output topics back, shows the result, and checks that every flight was counted exactly once by both outputs
 * or is among the dead letters.
 */
export async function report({ kafka, print }: JobContext, rows: number): Promise<void> {
  const days = await latestRows<AirportDay>(kafka, 'airport-days');
  const routes = await latestRows<Route>(kafka, 'routes');
  let deadLetters = 0;
  const reasons = new Map<string, number>();
  await kafka.readAll('flights-dead-letter', ({ headers }) => {
    deadLetters++;
    const reason = headers.find(([name]) => name === '__streams.errors.message')?.[1];
    const text = reason === undefined || reason === null ? 'no reason given' : Buffer.from(reason).toString();
    reasons.set(text, (reasons.get(text) ?? 0) + 1);
  });

  print(worstAirports([...days.values()]));
  print(busiestRoutes(routes));
  for (const [reason, count] of reasons) print(`dead letter${count === 1 ? '' : ` (${count} times)`}: ${reason.split('\n')[0]}`);

  const byDays = sum([...days.values()].map(({ flights }) => flights));
  const byRoutes = sum([...routes.values()].map(({ flights }) => flights));
  const line = `checked: ${rows} flights in, ${deadLetters} dead letters, ${byDays} counted by airport-days, ${byRoutes} by routes`;
  if (byDays !== rows - deadLetters || byRoutes !== rows - deadLetters) {
    throw new Error(`${line}: the sums should both be ${rows - deadLetters}. Records were lost or counted twice.`);
  }
  print(line);
}

/** The last value of every key, as a table holds it. */
async function latestRows<T>(kafka: JobContext['kafka'], topic: string): Promise<Map<string, T>> {
  const rows = new Map<string, Buffer>();
  await kafka.readAll(topic, ({ key, value }) => {
    const name = Buffer.from(key ?? []).toString();
    if (value === null) rows.delete(name);
    else rows.set(name, Buffer.from(value));
  });
  return new Map([...rows].map(([key, value]) => [key, JSON.parse(value.toString()) as T]));
}

function worstAirports(days: readonly AirportDay[]): string {
  const totals = new Map<string, AirportTotals>();
  for (const { airport, name, city, flights, meanDelay, worstDelay, lateShare } of days) {
    const total = totals.get(airport) ?? { airport, name, city, flights: 0, totalDelay: 0, worstDelay, late: 0 };
    total.flights += flights;
    total.totalDelay += meanDelay * flights;
    total.worstDelay = Math.max(total.worstDelay, worstDelay);
    total.late += lateShare * flights;
    totals.set(airport, total);
  }
  const enough = Math.min(FLIGHTS_MIN, Math.max(0, ...[...totals.values()].map(({ flights }) => flights)));
  const worst = [...totals.values()]
    .filter(({ flights }) => flights >= enough)
    .sort((a, b) => b.totalDelay / b.flights - a.totalDelay / a.flights)
    .slice(0, WORST);
  const table = newTable(['worst mean delay', 'airport', 'flights', 'mean min', 'worst min', '> 15 min late'], 2);
  for (const { airport, name, city, flights, totalDelay, worstDelay, late } of worst) {
    table.push([
      airport,
      shortened(`${name}, ${city}`),
      whole.format(flights),
      (totalDelay / flights).toFixed(1),
      whole.format(worstDelay),
      `${((100 * late) / flights).toFixed(1)}%`,
    ]);
  }
  return table.toString();
}

function busiestRoutes(routes: ReadonlyMap<string, Route>): string {
  const busiest = [...routes].sort(([, a], [, b]) => b.flights - a.flights).slice(0, BUSIEST);
  const table = newTable(['busiest route', 'flights', 'miles flown'], 1);
  for (const [route, { flights, distance }] of busiest) table.push([route, whole.format(flights), whole.format(distance)]);
  return table.toString();
}

function newTable(head: string[], textColumns: number): Table.Table {
  return new Table({
    head,
    colAligns: head.map((_, column) => (column < textColumns ? 'left' : 'right')),
    chars: NO_LINES_BETWEEN_ROWS,
    style: { head: [], border: [] },
  });
}

const shortened = (name: string) => (name.length <= NAME_LENGTH ? name : `${name.slice(0, NAME_LENGTH - 1)}…`);
const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);
