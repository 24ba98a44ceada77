import { describe, expect, it } from 'vitest';
import { chart } from '../../../bench/e2e/report/chart.ts';
import { chartBars, chartParts, chartSeries } from '../../../bench/e2e/report/chart-bars.ts';
import { documentOf, LOOP, run, STREAMS, WIRE } from './report-fixture.ts';

const throughput = [
  ...[390_000, 400_000, 440_000].map((rate) => run('count', WIRE, rate, 1e6 / 800_000)),
  run('count', STREAMS, 200_000, 1e6 / 100_000),
  run('join', LOOP, 50_000, 10),
  run('join', WIRE, 300_000, 2),
  run('join', 'Kafka Streams rocksdb, 1 thread', 20_000, 30),
];
const document = documentOf({ throughput });
/** Widths of the bars of each panel, in the order of {@link chartBars} within a colour. */
const bars = (svg: string, color: string): number[] =>
  [...svg.matchAll(/<path d="M0,[\d.]+h([\d.]+)v[\d.]+h-[\d.]+Z" fill="(#\w+)"/g)]
    .filter((match) => match[2] === color)
    .map((match) => Number(match[1]));

describe('the chart', () => {
  it('has a bar for each workload and subject, Millrace first, and none for what has no place in it', () => {
    expect(
      chartBars(document.summary.throughput).map(({ workload, series, recordsPerSecond }) => [workload, series, recordsPerSecond.median]),
    ).toEqual([
      ['count', 'Millrace, 1 shard', 400_000],
      ['count', 'Kafka Streams, in memory, 1 thread', 200_000],
      ['join', 'Millrace, 1 shard', 300_000],
      ['join', 'by hand, @confluentinc/kafka-javascript', 50_000],
    ]);
  });

  it('draws them as long as their medians are: records/s, then records per CPU second', async () => {
    const svg = await chart(document);
    const colors = chartSeries(chartBars(document.summary.throughput)).map(({ color }) => color);
    const [countRate, joinRate, countCpu, joinCpu] = bars(svg, colors[0]!);
    const [streamsRate, streamsCpu] = bars(svg, colors[1]!);
    const [loopRate, loopCpu] = bars(svg, colors[2]!);
    expect(joinRate! / countRate!).toBeCloseTo(0.75, 2);
    expect(streamsRate! / countRate!).toBeCloseTo(0.5, 2);
    expect(loopRate! / countRate!).toBeCloseTo(0.125, 2);
    expect(joinCpu! / countCpu!).toBeCloseTo(500_000 / 800_000, 2);
    expect(streamsCpu! / countCpu!).toBeCloseTo(1 / 8, 2);
    expect(loopCpu! / countCpu!).toBeCloseTo(1 / 8, 2);
  });

  it('names workloads, subjects, units and conditions', async () => {
    const svg = await chart(document);
    for (const text of [
      'count',
      'join',
      'records/s',
      'records per CPU second',
      'Millrace, 1 shard',
      'exactly once, commits every 100 ms',
    ]) {
      expect(svg).toContain(text);
    }
  });

  it('needs nothing from elsewhere, has colours for a dark page, and is small', async () => {
    const many = Array.from({ length: 9 }, (_, workload) =>
      [WIRE, 'Millrace wire, 2 shards', STREAMS, 'Kafka Streams in-memory, 2 threads', LOOP, 'loop by hand, kafkajs'].flatMap((subject) =>
        [123_456, 134_567, 145_678].map((rate) => run(`workload-${workload}`, subject, rate, 3.21)),
      ),
    ).flat();
    const svg = await chart(documentOf({ throughput: many }));
    expect(svg.length).toBeLessThan(60_000);
    expect(svg).toContain('prefers-color-scheme:dark');
    expect(svg).not.toMatch(/<script|href|@import|url\(|font-face/);
    expect(svg).toMatch(/^<svg [^>]*xmlns="http:\/\/www.w3.org\/2000\/svg"/);
  });

  it('has a file of its own for Nexmark', () => {
    const rows = documentOf({ throughput: [run('count', WIRE, 1, 1), run('nexmark-q0', WIRE, 1, 1), run('nexmark-q8', STREAMS, 1, 1)] })
      .summary.throughput;
    expect(chartParts(rows).map((part) => [part.suffix, part.rows.map(({ workload }) => workload)])).toEqual([
      ['', ['count']],
      ['-nexmark', ['nexmark-q0', 'nexmark-q8']],
    ]);
    expect(chartParts(rows.slice(0, 1)).map(({ suffix }) => suffix)).toEqual(['']);
  });

  it('is refused without anything to draw', async () => {
    await expect(chart(documentOf({}))).rejects.toThrow(/Nothing to draw/);
  });
});
