import { describe, expect, it } from 'vitest';
import { AXES, pointsOf } from '../../../bench/e2e/scale/axes.ts';
import { scaleGrids } from '../../../bench/e2e/scale/grids.ts';
import { KEY_BYTES, keyOf, scaledWorkload } from '../../../bench/e2e/scale/input.ts';
import { type ScaleRun, scaleRows } from '../../../bench/e2e/scale/results.ts';
import type { TopicWriter } from '../../../src/cli/job-kafka.ts';
import { run } from './report-fixture.ts';

const values = (axis: (typeof AXES)[number], cores = 2) => pointsOf(axis, 1_000_000, cores).map(({ value }) => value);
const point = pointsOf('keys', 1_000_000, 2)[0]!;

describe('the axes of the scale benchmark', () => {
  it('have the points that were asked for', () => {
    expect(values('shards', 2)).toEqual([1, 2]);
    expect(values('shards', 12)).toEqual([1, 2, 4, 8, 12]);
    expect(values('processes')).toEqual([1, 2, 3]);
    expect(values('keys')).toEqual([1e3, 1e4, 1e5, 1e6, 1e7]);
    expect(values('value-size')).toEqual([10, 100, 1_000, 10_000]);
    expect(values('partitions')).toEqual([1, 4, 16, 64, 256]);
  });

  it('vary one thing at a time, and give every shard and process as many partitions', () => {
    for (const axis of AXES) {
      const points = pointsOf(axis, 1_000_000, 4);
      for (const name of ['shards', 'processes', 'keys', 'valueBytes', 'partitions'] as const) {
        const different = new Set(points.map((one) => one[name])).size;
        const varied = { shards: 'shards', processes: 'processes', keys: 'keys', 'value-size': 'valueBytes', partitions: 'partitions' }[
          axis
        ];
        expect(different, `${name} of ${axis}`).toBe(name === varied ? points.length : 1);
      }
    }
    for (const axis of ['shards', 'processes'] as const) {
      for (const { shards, processes, partitions } of pointsOf(axis, 1_000_000, 4)) expect(partitions % (shards * processes)).toBe(0);
    }
  });

  it('have two records of each key, and no more bytes than fit', () => {
    expect(pointsOf('keys', 1_000_000, 2).map(({ records }) => records)).toEqual([1e6, 1e6, 1e6, 2e6, 2e7]);
    expect(pointsOf('value-size', 4_000_000, 2).map(({ records }) => records)).toEqual([4e6, 4e6, 2e6, 2e5]);
  });
});

describe('the input of the scale benchmark', () => {
  it.each([1_000, 10_000, 100_000])('has each of %i keys once before any comes again', (keys) => {
    const round = new Set(Array.from({ length: keys }, (_, index) => keyOf(index + keys, keys)));
    expect(round.size).toBe(keys);
    expect(Math.max(...[...round].slice(0, 1_000))).toBeLessThan(keys);
  });

  it('is exact for the most keys', () => {
    for (const index of [9_999_998, 9_999_999, 19_999_999]) {
      const exact = Number((BigInt(index % 1e7) * 618_033_989n) % 10_000_000n);
      expect(keyOf(index, 1e7)).toBe(exact);
    }
  });

  it('has keys and values of the size that was asked for, the same each time', () => {
    const written = (): [number, number, string, string][] => {
      const records: [number, number, string, string][] = [];
      const writer = {
        partitionOf: () => 3,
        append: (partition: number, timeMs: number, key: Buffer, value: Buffer) =>
          records.push([partition, timeMs, key.toString(), value.toString()]),
      };
      const [input] = scaledWorkload('count-uniform', { ...point, valueBytes: 10 }).inputs;
      for (let index = 0; index < 20; index++) input!.append(writer as unknown as TopicWriter, index);
      return records;
    };
    const records = written();
    for (const [, , key, value] of records) {
      expect(key).toMatch(/^key-\d{7}$/);
      expect(key).toHaveLength(KEY_BYTES);
      expect(value).toMatch(/^\d{6},hij$/);
    }
    expect(new Set(records.map(([, , , value]) => value)).size).toBeGreaterThan(15);
    expect(written()).toEqual(records);
  });

  it('is refused for a workload that reads something else', () => {
    expect(() => scaledWorkload('word-count', point)).toThrow(/cannot be scaled/);
    expect(() => scaledWorkload('stream-table-join', point)).toThrow(/cannot be scaled/);
    expect(() => scaledWorkload('nothing', point)).toThrow(/cannot be scaled/);
  });
});

describe('the tables of the scale benchmark', () => {
  const [first, second] = pointsOf('partitions', 1_000_000, 2);
  const at = (one: typeof first, series: string, rate: number, cpu: number, peakRssBytes: number): ScaleRun => ({
    point: one!,
    series,
    run: { ...run('count-uniform', series, rate, cpu), peakRssBytes },
  });
  const runs = [
    at(first, 'Millrace wire', 400_000, 1, 100e6),
    at(first, 'Millrace wire', 500_000, 1.2, 100e6),
    at(first, 'Millrace wire', 450_000, 1.1, 100e6),
    at(first, 'Kafka Streams in-memory', 100_000, 5, 900e6),
    at(second, 'Millrace wire', 225_000, 2.2, 112e6),
    at(second, 'Kafka Streams in-memory', 110_000, 4, 1_200e6),
  ];

  it('compare each point with the first of its subject', () => {
    const rows = scaleRows({ runs, keyBytes: 11 });
    expect(
      rows.map(({ series, point: { value }, ofFirst, bytesForEach }) => [series, value, ofFirst.recordsPerSecond, bytesForEach]),
    ).toEqual([
      ['Millrace wire', 1, 1, undefined],
      ['Millrace wire', 4, 0.5, 4e6],
      ['Kafka Streams in-memory', 1, 1, undefined],
      ['Kafka Streams in-memory', 4, 1.1, 100e6],
    ]);
    expect(rows[1]?.ofFirst).toMatchObject({ cpuMicrosPerRecord: 2, peakRssBytes: 1.12 });
    expect(rows[0]?.bytesPerSecond).toBe(450_000 * 111);
  });

  it('are one for each axis that was run, with what each partition costs', () => {
    const [table, ...others] = scaleGrids({ runs, keyBytes: 11 });
    expect(others).toEqual([]);
    expect(table?.head.at(-1)).toBe('kB for each');
    expect(table?.rows[1]).toEqual(['Millrace wire', '4', '225,000', '', '0.50 ×', '2.20', '2.00 ×', '0.50', '112', '1.12 ×', '4,000']);
  });
});
