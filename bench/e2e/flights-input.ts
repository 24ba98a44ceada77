import { brokenAmong, loadAirports, loadFlights, ROWS } from '../../examples/flights-etl/load.ts';
import type { JobContext } from '../../src/cli/job.ts';
import type { JobKafka } from '../../src/cli/job-kafka.ts';
import type { InputTopic, Workload } from './workloads.ts';

/** Of the data set, so that a benchmark with fewer rows has at least a day of flights. */
const LEAST_ROWS = 1_000;

/** The flights job of the examples: real data, JSON, two look-ups, a windowed and a re-keyed aggregate, dead letters. */
export function flightsWorkload(records: number): Workload {
  const count = Math.max(LEAST_ROWS, Math.min(ROWS, records));
  const flights: InputTopic = {
    ...filledBy('flights', count, (kafka) => loadFlights(contextOf(kafka), count)),
    partitions: 4,
  };
  const airports: InputTopic = {
    ...filledBy('airports', 0, (kafka) => loadAirports(contextOf(kafka))),
    partitions: 1,
    compacted: true,
  };
  return {
    name: 'flights',
    what: `the flights job of examples/flights-etl, ${brokenAmong(count)} of its rows spoiled`,
    inputs: [airports, flights],
    input: flights.name,
    outcome: 'last',
    outputs: ['airport-days', 'routes'],
    alsoCreated: ['flights-dead-letter'],
    canonical: canonicalJson,
    byHand: false,
  };
}

function filledBy(name: string, count: number, load: (kafka: JobKafka) => Promise<void>): Omit<InputTopic, 'partitions'> {
  return { name, count, append: () => {}, load };
}

/** What the loading functions of the example use of a job's context. */
function contextOf(kafka: JobKafka): JobContext {
  return { kafka, options: {}, print: () => {}, progress: () => {}, stopping: false };
}

/** Fields in the order of their names, numbers as JavaScript writes them: Jackson has another order, and 3.0 for 3. */
export function canonicalJson(value: Uint8Array): Uint8Array {
  if (value.length === 0) return value;
  const fields = Object.entries(JSON.parse(Buffer.from(value).toString()) as Record<string, unknown>);
  return Buffer.from(JSON.stringify(Object.fromEntries(fields.sort(([a], [b]) => (a < b ? -1 : 1)))));
}
