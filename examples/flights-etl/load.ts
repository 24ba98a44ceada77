import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { asyncBufferFromFile, parquetMetadataAsync, parquetRead } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import type { JobContext } from 'millrace';
import type { Airport } from './flight.ts';

/** Rows of the data set: US flights of January to June 2001, sorted by departure. */
export const ROWS = 3_000_000;
const ROWS_PER_READ = 50_000;

/**
 * Rows that are spoiled on the way in, so that dead letters are seen: by position, so that a load that is interrupted and
 * goes on later spoils the same ones.
 */
const BROKEN: ReadonlyMap<number, (row: string) => string> = new Map<number, (row: string) => string>([
  [777, (row) => row.slice(0, row.length / 2)],
  [7_777, (row) => row.replace(/"delay":-?\d+/, '"delay":"late"')],
  [77_777, (row) => row.replace(/"origin":"[^"]*"/, '"origin":null')],
  [777_777, (row) => row.replace(/"distance":/, '"distance":-')],
  [1_777_777, (row) => row.replace(/"destination":"[^"]*"/, '"destination":"ZZZ"')],
  [2_777_777, () => 'null'],
]);

/** How many of the first `rows` rows are spoiled. */
export function brokenAmong(rows: number): number {
  return [...BROKEN.keys()].filter((index) => index < rows).length;
}

/** The package exports its module only; the data lies beside that. */
const dataFile = (name: string) => join(dirname(createRequire(import.meta.url).resolve('vega-datasets')), '..', 'data', name);

/** Puts the airports into their topic, once. */
export async function loadAirports({ kafka }: JobContext): Promise<void> {
  const [end = 0] = await kafka.endOffsets('airports');
  if (end > 0) return;
  const rows = parse(readFileSync(dataFile('airports.csv')), { columns: true }) as (Airport & { iata: string })[];
  const writer = await kafka.writer('airports');
  for (const { iata, name, city, state } of rows) {
    const key = Buffer.from(iata);
    writer.append(writer.partitionOf(key), Date.now(), key, Buffer.from(JSON.stringify({ name, city, state } satisfies Airport)));
  }
  await writer.flush();
}

/**
 * Puts the first `rows` flights into their topic: key = origin, value = JSON, timestamp = departure. What an earlier run
 * has put there is skipped: each partition holds its share of the rows in their order.
 */
export async function loadFlights(context: JobContext, rows: number): Promise<void> {
  const { kafka } = context;
  const present = await kafka.endOffsets('flights');
  const loaded = present.reduce((sum, count) => sum + count, 0);
  if (loaded === rows) return;
  if (loaded > rows)
    throw new Error(
      `Topic flights already holds ${loaded} rows, more than --rows ${rows}. Use --rows ${loaded}, or another --data directory.`,
    );
  const writer = await kafka.writer('flights');
  const seen = new Array<number>(present.length).fill(0);
  const keys = new Map<string, { bytes: Buffer; partition: number }>();
  for await (const { start, columns } of readRows(rows)) {
    for (let at = 0; at < columns.date.length; at++) {
      const origin = columns.origin[at] ?? '';
      let key = keys.get(origin);
      if (key === undefined) {
        const bytes = Buffer.from(origin);
        key = { bytes, partition: writer.partitionOf(bytes) };
        keys.set(origin, key);
      }
      const position = seen[key.partition] ?? 0;
      seen[key.partition] = position + 1;
      if (position < (present[key.partition] ?? 0)) continue;
      const date = columns.date[at] ?? new Date(0);
      const row = `{"date":"${date.toISOString()}","delay":${columns.delay[at]},"distance":${columns.distance[at]},"origin":"${origin}","destination":"${columns.destination[at]}"}`;
      writer.append(key.partition, date.getTime(), key.bytes, Buffer.from(BROKEN.get(start + at)?.(row) ?? row));
    }
    await writer.drain();
    context.progress(Math.min(rows, start + columns.date.length), rows, 'loading flights');
    if (context.stopping) break;
  }
  await writer.flush();
}

interface Columns {
  date: Date[];
  delay: bigint[];
  distance: bigint[];
  origin: string[];
  destination: string[];
}

/** The first `limit` rows of the Parquet file, some at a time. */
async function* readRows(limit: number): AsyncGenerator<{ start: number; columns: Columns }> {
  const file = await asyncBufferFromFile(dataFile('flights-3m.parquet'));
  const metadata = await parquetMetadataAsync(file);
  let groupStart = 0;
  for (const group of metadata.row_groups) {
    const groupEnd = Math.min(limit, groupStart + Number(group.num_rows));
    if (groupStart >= groupEnd) return;
    const columns = await readColumns(file, metadata, groupStart, groupEnd);
    for (let start = groupStart; start < groupEnd; start += ROWS_PER_READ) {
      const [from, to] = [start - groupStart, Math.min(groupEnd, start + ROWS_PER_READ) - groupStart];
      const slice = Object.fromEntries(Object.entries(columns).map(([name, data]) => [name, (data as unknown[]).slice(from, to)]));
      yield { start, columns: slice as unknown as Columns };
    }
    groupStart = groupEnd;
  }
}

type AsyncBuffer = Awaited<ReturnType<typeof asyncBufferFromFile>>;
type Metadata = Awaited<ReturnType<typeof parquetMetadataAsync>>;

/** Column by column, which spares three million row objects. */
async function readColumns(file: AsyncBuffer, metadata: Metadata, rowStart: number, rowEnd: number): Promise<Columns> {
  const columns: Record<string, unknown[]> = { date: [], delay: [], distance: [], origin: [], destination: [] };
  await parquetRead({
    file,
    metadata,
    compressors,
    rowStart,
    rowEnd,
    onChunk: ({ columnName, columnData, rowStart: chunkStart, rowEnd: chunkEnd }) => {
      const target = columns[columnName];
      if (target === undefined) return;
      for (let row = Math.max(chunkStart, rowStart); row < Math.min(chunkEnd, rowEnd); row++)
        target[row - rowStart] = columnData[row - chunkStart];
    },
  });
  return columns as unknown as Columns;
}
