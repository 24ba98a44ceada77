import { describe, expect, it } from 'vitest';
import { documentOf, LOOP, run, STREAMS, WIRE } from './report-fixture.ts';

const WIRE_2 = 'Millrace wire, 2 shards';
const STREAMS_2 = 'Kafka Streams in-memory, 2 threads';

describe('the targets of the report', () => {
  it('compare speed and CPU with Kafka Streams of as many threads, and say by how much they are met or missed', () => {
    const { targets } = documentOf({
      throughput: [
        run('count', WIRE, 500_000, 1),
        run('count', WIRE_2, 600_000, 1.2),
        run('count', STREAMS, 200_000, 1.6),
        run('count', STREAMS_2, 400_000, 4),
      ],
    });
    const brief = targets.map(({ name, subject, against, actual, met, by }) => [
      name,
      subject,
      against,
      actual,
      met,
      Number(by.toFixed(3)),
    ]);
    expect(brief).toEqual([
      ['speed', WIRE, STREAMS, 2.5, true, 0.25],
      ['cpu', WIRE, STREAMS, 0.625, false, -0.25],
      ['speed', WIRE_2, STREAMS_2, 1.5, false, -0.25],
      ['cpu', WIRE_2, STREAMS_2, 0.3, true, 0.4],
    ]);
  });

  it('are judged by medians, not by single runs', () => {
    const { targets } = documentOf({
      throughput: [
        ...[100_000, 410_000, 420_000].map((rate) => run('count', WIRE, rate, 1)),
        ...[200_000, 205_000, 900_000].map((rate) => run('count', STREAMS, rate, 4)),
      ],
    });
    expect(targets.find(({ name }) => name === 'speed')).toMatchObject({ actual: 2, met: true, by: 0 });
  });

  it('need three times the loop by hand, and half of what a reader of the same input does', () => {
    const { targets } = documentOf({
      throughput: [run('pass-through', WIRE, 500_000, 1), run('pass-through', LOOP, 100_000, 8), run('count', WIRE, 1, 1)],
      limits: [
        {
          run: 1,
          tool: 'rdkafka_performance',
          workload: 'pass-through',
          recordsPerSecond: 1_250_000,
          cpuMicrosPerRecord: 0.5,
          peakRssBytes: 1,
        },
      ],
    });
    expect(targets.map(({ name, workload, actual, met }) => [name, workload, actual, met])).toEqual([
      ['loop', 'pass-through', 5, true],
      ['physical-limit', 'pass-through', 0.4, false],
    ]);
  });

  it('compare exactly once with at least once of the same sweep, at 100 ms only', () => {
    const at = (guarantee: 'exactly_once_v2' | 'at_least_once', commitIntervalMs: number, rate: number) => ({
      ...run('count', WIRE, rate, 1),
      guarantee,
      commitIntervalMs,
    });
    const { targets } = documentOf({
      commitSweep: [
        at('exactly_once_v2', 10, 100_000),
        at('exactly_once_v2', 100, 450_000),
        at('at_least_once', 10, 400_000),
        at('at_least_once', 100, 500_000),
      ],
    });
    expect(targets.map(({ name, actual, met }) => [name, actual, met])).toEqual([['exactly-once', 0.9, true]]);
  });

  it('are not judged for at least once, other intervals, or the librdkafka transport', () => {
    const throughput = [run('count', WIRE, 500_000, 1), run('count', STREAMS, 100_000, 5)];
    const { conditions } = documentOf({});
    expect(documentOf({ throughput, conditions: { ...conditions, guarantee: 'at_least_once' } }).targets).toEqual([]);
    expect(documentOf({ throughput, conditions: { ...conditions, commitIntervalMs: 1_000 } }).targets).toEqual([]);
    const librdkafka = [run('count', 'Millrace librdkafka, 1 shard', 500_000, 1), run('count', STREAMS, 100_000, 5)];
    expect(documentOf({ throughput: librdkafka }).targets).toEqual([]);
  });
});
