/** What one row of a scale table varies; everything else stays as in {@link BASE}. */
export const AXES = ['shards', 'processes', 'keys', 'value-size', 'partitions'] as const;
export type Axis = (typeof AXES)[number];

/** One setting of everything that can be scaled. */
export interface ScalePoint {
  readonly axis: Axis;
  /** Of what varies: shards, processes, keys, bytes or partitions. */
  readonly value: number;
  /** Shards of Millrace, threads of Kafka Streams, of each process. */
  readonly shards: number;
  readonly processes: number;
  readonly keys: number;
  readonly valueBytes: number;
  readonly partitions: number;
  readonly records: number;
  /** The warm-up lasts until every key is there, and all of the rest is measured; else it goes by the clock. */
  readonly toEnd: boolean;
}

const BASE = { shards: 1, processes: 1, keys: 10_000, valueBytes: 100, partitions: 4, toEnd: false } as const;
/** Divided evenly by 1, 2, 3 and 4. */
const SHARED_PARTITIONS = 12;
const MOST_PROCESSES = 3;
const MOST_INPUT_BYTES = 2e9;
/** Every key once while it is warming up, and once while it is measured. */
const ROUNDS = 2;

/** The points of an axis; `records` is the input of each but those that need more keys or hold larger values. */
export function pointsOf(axis: Axis, records: number, cores: number): ScalePoint[] {
  const point = (value: number, change: Partial<ScalePoint>): ScalePoint => ({ ...BASE, records, axis, value, ...change });
  switch (axis) {
    case 'shards':
      return upTo(cores).map((shards) => point(shards, { shards, partitions: Math.max(SHARED_PARTITIONS, cores) }));
    case 'processes':
      return upTo(MOST_PROCESSES).map((processes) => point(processes, { processes, partitions: SHARED_PARTITIONS }));
    case 'keys':
      return [1e3, 1e4, 1e5, 1e6, 1e7].map((keys) => point(keys, { keys, toEnd: true, records: Math.max(records, keys * ROUNDS) }));
    case 'value-size':
      return [10, 100, 1_000, 10_000].map((valueBytes) =>
        point(valueBytes, { valueBytes, records: Math.min(records, Math.floor(MOST_INPUT_BYTES / valueBytes)) }),
      );
    case 'partitions':
      return [1, 4, 16, 64, 256].map((partitions) => point(partitions, { partitions }));
  }
}

/** 1, 2, 4, 8 … and `most` itself. */
function upTo(most: number): number[] {
  if (most <= MOST_PROCESSES) return Array.from({ length: most }, (_, index) => index + 1);
  const powers = Array.from({ length: Math.floor(Math.log2(most)) + 1 }, (_, power) => 2 ** power);
  return powers.at(-1) === most ? powers : [...powers, most];
}
