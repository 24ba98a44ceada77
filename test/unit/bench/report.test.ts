import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { loadDocument, mergeDocuments, SCHEMA, saveDocument } from '../../../bench/e2e/report/document.ts';
import { markdownReport, markdownTable } from '../../../bench/e2e/report/markdown.ts';
import { terminalReport } from '../../../bench/e2e/report/terminal.ts';
import { documentOf, LOOP, run, STREAMS, WIRE } from './report-fixture.ts';

const directory = mkdtempSync(join(tmpdir(), 'millrace-report-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const document = documentOf({
  throughput: [
    run('count', WIRE, 400_000, 1),
    run('count', WIRE, 600_000, 2),
    run('count', WIRE, 500_000, 1.5),
    run('count', STREAMS, 250_000, 6),
    { ...run('count', LOOP, 50_000, 12), equal: false },
  ],
  failures: ['count: kafkajs: it stood still\nand more of its output'],
});

describe('the summary of the runs', () => {
  it('has the median, the ends and the spread of each figure', () => {
    const wire = document.summary.throughput[0];
    expect(wire).toMatchObject({
      subject: WIRE,
      runs: 3,
      recordsPerSecond: { median: 500_000, min: 400_000, max: 600_000, spread: 0.2 },
      cpuMicrosPerRecord: { median: 1.5, min: 1, max: 2 },
      recordsPerCpuSecond: { median: 1e6 / 1.5, min: 500_000, max: 1_000_000 },
    });
  });

  it('compares each subject with Kafka Streams, and tells whose output differs', () => {
    const [wire, streams, loop] = document.summary.throughput;
    expect(wire?.ofKafkaStreams).toEqual({ recordsPerSecond: 2, cpuMicrosPerRecord: 0.25 });
    expect(streams?.ofKafkaStreams).toEqual({ recordsPerSecond: 1, cpuMicrosPerRecord: 1 });
    expect(loop?.ofKafkaStreams).toEqual({ recordsPerSecond: 0.2, cpuMicrosPerRecord: 2 });
    expect([wire?.equal, loop?.equal]).toEqual([true, false]);
  });

  it('has no ratio where Kafka Streams was not measured', () => {
    expect(documentOf({ throughput: [run('count', WIRE, 1, 1)] }).summary.throughput[0]).not.toHaveProperty('ofKafkaStreams');
  });

  it('counts keys restored beyond an empty start, and latency by rate', () => {
    const { summary } = documentOf({
      restore: [
        {
          ...{ subject: WIRE, keys: 1_000_000, changelogOffsets: 1_000_000, seconds: 3, cpuSeconds: 2, peakRssBytes: 1 },
          ...{ run: 1, changelogBytes: 1, emptySeconds: 1, emptyCpuSeconds: 1, correct: true },
        },
      ],
      latency: [{ ...latency, rate: 'half of its own' }, { ...latency, p99: 30 }, latency],
    });
    expect(summary.restore[0]?.keysPerSecond.median).toBe(500_000);
    expect(summary.latency.map(({ rate, runs, p99Ms }) => [rate, runs, p99Ms.median])).toEqual([
      ['half of its own', 1, 20],
      ['given', 2, 25],
    ]);
  });
});

const latency = {
  ...{ workload: 'count', subject: WIRE, commitIntervalMs: 100, recordsPerSecond: 1_000, rate: 'given' as const, records: 10_000 },
  ...{ p50: 10, p90: 15, p99: 20, p999: 25, max: 40, cpuMicrosPerRecord: 2, sustained: true },
};

describe('the report', () => {
  it('shows medians, ratios, targets with what is missing, and failures', () => {
    const text = terminalReport(document);
    expect(text).toMatch(/Millrace wire, 1 shard +│ +500,000 │ +± 20% │ +2\.00 × │ +1\.50 │ +± 33% │ +0\.25 × │ +200 │ equal/);
    expect(text).toMatch(/≥ 2 × the records\/s of Kafka Streams .* 2\.00 × │ met, 0% to spare/);
    expect(text).toMatch(/loop by hand.* DIFFERS/);
    expect(text).toContain('3 of 3 targets met.');
    expect(text).toContain('all: acks=all');
    expect(text).toContain('FAILED count: kafkajs: it stood still');
    expect(text).toContain('On Apache Kafka 4.3.0; exactly once, commits every 100 ms; 2 cores');
  });

  it('leaves out tables of what was not run', () => {
    expect(terminalReport(document)).not.toContain('Restore');
    expect(terminalReport(documentOf({ latency: [latency] }))).toContain('Latency');
  });

  it('is written as Markdown', () => {
    const text = markdownReport(document);
    expect(text).toMatch(/^\| workload +\| subject +\| records\/s \|/m);
    expect(text).toMatch(/^\| count +\| Millrace wire, 1 shard +\| +500,000 \|/m);
    expect(text).toContain('- all: acks=all\n');
    expect(text).toContain('- failed: count: kafkajs: it stood still\n');
    expect(text).not.toContain('and more of its output');
  });

  it('keeps bars of a text from ending a cell', () => {
    const table = markdownTable({ title: '', head: ['a'], right: new Set(), rows: [['x|y']] });
    expect(table).toBe('| a    |\n| ---- |\n| x\\|y |');
  });
});

describe('the JSON file', () => {
  it('holds every run, and gives the same report again', () => {
    const file = join(directory, 'report.json');
    saveDocument(file, document);
    const json = JSON.parse(readFileSync(file, 'utf8')) as { schema: string; throughput: unknown[] };
    expect(json.schema).toBe(SCHEMA);
    expect(json.throughput).toHaveLength(5);
    expect(loadDocument(file)).toEqual(document);
  });

  it('has a line for each run', () => {
    const file = join(directory, 'lines.json');
    saveDocument(file, document);
    expect(
      readFileSync(file, 'utf8')
        .split('\n')
        .filter((line) => line.includes('"warmUpRecords"')),
    ).toHaveLength(5);
  });

  it('is judged anew when it is read', () => {
    const file = join(directory, 'old.json');
    saveDocument(file, { ...document, targets: [] });
    expect(loadDocument(file).targets).toEqual(document.targets);
  });

  it.each([
    ['{"rows": 1}', /no "schema"/],
    ['{"schema": "millrace-bench-e2e/999"}', /has schema millrace-bench-e2e\/999; this version reads/],
    ['not JSON', /is not JSON/],
  ])('is refused when it is something else: %s', (content, message) => {
    const file = join(directory, 'other.json');
    writeFileSync(file, content);
    expect(() => loadDocument(file)).toThrow(message);
  });
});

describe('several reports', () => {
  it('are shown as one, with targets across them', () => {
    const [ours, theirs] = [
      documentOf({ throughput: [run('count', WIRE, 3, 1)] }),
      documentOf({ throughput: [run('count', STREAMS, 1, 4)] }),
    ];
    const merged = mergeDocuments([ours, { ...theirs, date: '2026-11-22T00:00:00.000Z' }]);
    expect(merged.throughput).toHaveLength(2);
    expect(merged.targets.map(({ name, actual }) => [name, actual])).toEqual([
      ['speed', 3],
      ['cpu', 0.25],
    ]);
    expect(merged.date).toBe('2026-11-22T00:00:00.000Z');
  });

  it('are not put together when they were measured under other conditions', () => {
    const other = { ...document, environment: { ...document.environment, cpu: 'Another' } };
    expect(() => mergeDocuments([document, other])).toThrow(/CPU differs: A processor and Another/);
  });
});
