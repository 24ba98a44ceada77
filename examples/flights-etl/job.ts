import type { Job } from 'millrace';
import { loadAirports, loadFlights, ROWS } from './load.ts';
import { report } from './report.ts';

/**
 * The main job: three million real flights through validation, two look-ups, a windowed and a re-keyed aggregate,
 * exactly once. `millrace run examples/flights-etl --help` lists the options.
 */
const job: Job = {
  applicationId: 'flights-etl',
  topology: new URL('./topology.ts', import.meta.url),
  topics: [
    { topic: 'flights', partitions: 4, config: { 'retention.ms': '-1' } },
    { topic: 'airports', partitions: 1, config: { 'cleanup.policy': 'compact' } },
    { topic: 'airport-days', partitions: 4, config: { 'cleanup.policy': 'compact' } },
    { topic: 'routes', partitions: 4, config: { 'cleanup.policy': 'compact' } },
    { topic: 'flights-dead-letter', partitions: 1, config: { 'retention.ms': '-1' } },
  ],
  config: {
    // Longer than the default 100 ms: fewer, larger transactions, and a key that changes often is written once in each.
    commitIntervalMs: 500,
    deserializationExceptionHandler: 'dead-letter',
    processingExceptionHandler: 'dead-letter',
    deadLetterTopic: 'flights-dead-letter',
  },
  options: [{ flags: '--rows <n>', description: `flights to process, at most ${ROWS}`, default: ROWS, parse: rowCount }],
  async load(context) {
    const rows = context.options.rows as number;
    await loadAirports(context);
    await loadFlights(context, rows);
    return rows;
  },
  report: (context) => report(context, context.options.rows as number),
};

export default job;

function rowCount(text: string): number {
  const rows = Number(text.replaceAll('_', ''));
  if (Number.isSafeInteger(rows) && rows >= 1 && rows <= ROWS) return rows;
  throw new Error(`It must be a whole number from 1 to ${ROWS}: the data set has no more.`);
}
