import { describe, expect, it } from 'vitest';
import { scaleArguments } from '../../../bench/e2e/command.ts';
import { eventSource, eventTimeMs, keyOf, START_MS } from '../../../bench/e2e/events.ts';
import { canonicalJson } from '../../../bench/e2e/flights-input.ts';
import { recordsOfPerformanceLine } from '../../../bench/e2e/limit.ts';
import { matches } from '../../../bench/e2e/main.ts';
import { partsOf } from '../../../bench/e2e/parts.ts';
import { differentTopologies } from '../../../bench/e2e/same-topologies.ts';
import { settingsLines } from '../../../bench/e2e/settings-lines.ts';
import { handWritten, millrace } from '../../../bench/e2e/subjects.ts';
import { planOf, rotated } from '../../../bench/e2e/throughput.ts';
import { topologyOf } from '../../../bench/e2e/topologies.ts';
import { workloads } from '../../../bench/e2e/workloads.ts';

const conditions = { guarantee: 'exactly_once_v2', commitIntervalMs: 100, compression: 'none', warmUpMs: 8_000, limitMs: 15_000 } as const;

describe('parts', () => {
  it('are the throughput table by default, all in the order in which they run, or an error that names them', () => {
    expect(partsOf([])).toEqual(['throughput']);
    expect(partsOf(['restore', 'latency'])).toEqual(['latency', 'restore']);
    expect(partsOf(['all'])).toEqual(['throughput', 'latency', 'commit-sweep', 'restore']);
    expect(() => partsOf(['speed'])).toThrow('throughput, latency, commit-sweep, restore, or all');
  });
});

describe('all', () => {
  it('goes on with scale on the same broker, and keeps its runs in a file beside', () => {
    expect(scaleArguments({ broker: 'embedded', subjects: undefined, json: 'a.json' })).toEqual([
      ...['--broker', 'embedded', '--json', 'a-scale.json'],
    ]);
    expect(scaleArguments({ broker: undefined, subjects: 'wire', json: undefined })).toEqual(['--subjects', 'wire']);
  });
});

describe('workloads', () => {
  it('have a topology each, and input topics that exist', () => {
    for (const { name, inputs, input } of workloads(2_000)) {
      const text = topologyOf(name, 'output').build().describe().toString();
      for (const topic of inputs) expect(text).toContain(topic.name);
      expect(inputs.map((topic) => topic.name)).toContain(input);
    }
  });

  it('see a topology that is not the same', () => {
    const twin = (names: readonly string[], output: string) => names.map((name) => topologyOf(name, output).build().describe().toString());
    expect(differentTopologies(['pass-through', 'count-uniform'], twin)).toEqual([]);
    expect(differentTopologies(['pass-through', 'count-uniform'], (_, output) => twin(['pass-through', 'filter-map'], output))).toEqual([
      'count-uniform',
    ]);
  });

  it('warm up with fewer lines of text than events', () => {
    const of = (name: string) => planOf(workloads(1_000).find((workload) => workload.name === name)!, conditions);
    expect(of('count-uniform')).toMatchObject({ inputRecords: 1_000, warmUpRecords: 200_000, warmUpMs: 8_000, limitMs: 15_000 });
    expect(of('word-count').warmUpRecords).toBe(20_000);
  });

  it('have the same events for the same seed', () => {
    const [one, other, different] = [eventSource({}), eventSource({}), eventSource({ seed: 7 })];
    const take = (next: typeof one) => Array.from({ length: 20 }, () => next()).map(({ key, value }) => `${key} ${value}`);
    const events = take(one);
    expect(take(other)).toEqual(events);
    expect(take(different)).not.toEqual(events);
    expect(events[0]).toMatch(/^key-\d{5} \d{6},[a-z]{93}$/);
    expect(keyOf(42).toString()).toBe('key-00042');
    expect([eventTimeMs(25), eventTimeMs(250, 100)]).toEqual([START_MS + 2, START_MS + 2]);
  });
});

describe('names', () => {
  it('are found by a part, without their commas', () => {
    const [one, two] = [millrace('wire', 1).name, millrace('wire', 2).name];
    expect([one, two].map((name) => matches(name, 'wire 1,rocksdb'))).toEqual([true, false]);
    expect([one, two].map((name) => matches(name, 'WIRE'))).toEqual([true, true]);
    expect(matches(one, undefined)).toBe(true);
  });
});

describe('turns', () => {
  it('begin with another subject each time', () => {
    expect([0, 1, 2, 3].map((by) => rotated(['a', 'b', 'c'], by).join(''))).toEqual(['abc', 'bca', 'cab', 'abc']);
    expect(rotated([], 1)).toEqual([]);
  });
});

describe('outputs in JSON', () => {
  it('are the same whatever the order of the fields, and however Java writes whole numbers', () => {
    const canonical = (text: string) => Buffer.from(canonicalJson(Buffer.from(text))).toString();
    expect(canonical('{"day":"2001-01-01","meanDelay":3.0,"flights":2}')).toBe(canonical('{"flights":2,"meanDelay":3,"day":"2001-01-01"}'));
    expect(canonical('{"meanDelay":3.5}')).not.toBe(canonical('{"meanDelay":3}'));
    expect(canonical('')).toBe('');
  });
});

describe('the physical limit', () => {
  it("finds the records read so far in ConsumerPerformance's lines", () => {
    const line = '2026-11-21 10:00:00:123, 0, 95.3674, 953.6743, 1000000, 10000000.0000, 0, 100, 953.6743, 10000000.0000';
    expect(recordsOfPerformanceLine(line)).toBe(1_000_000);
    expect(recordsOfPerformanceLine('WARNING: Exiting before consuming the expected number of records')).toBeUndefined();
  });
});

describe('settings', () => {
  it('are said of the subjects that run', () => {
    const lines = settingsLines(conditions, [millrace('wire', 1), handWritten('kafkajs')]).join('\n');
    expect(lines).toContain('commit.interval.ms=100, acks=all');
    expect(lines).toContain('isolation.level=read_committed');
    expect(lines).toContain('kafkajs by hand');
    expect(lines).not.toContain('Kafka Streams');
  });
});
