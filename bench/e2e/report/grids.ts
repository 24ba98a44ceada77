import type { E2eDocument } from './document.ts';
import { count, guaranteeName, megabytes, micros, millis, percent, plusMinus, times } from './format.ts';
import { type Grid, grid, number } from './grid.ts';
import type { LatencyRow, LimitRow, RestoreRow, ThroughputRow } from './summary.ts';
import type { TargetResult } from './targets.ts';

/** The tables of a report; those of parts that were not run are left out. */
export function grids({ summary, targets }: E2eDocument): Grid[] {
  const all = [
    throughputGrid(summary.throughput),
    limitGrid(summary.limits),
    latencyGrid(summary.latency),
    commitGrid(summary.commitSweep),
    restoreGrid(summary.restore),
    targetGrid(targets),
  ];
  return all.filter(({ rows }) => rows.length > 0);
}

function throughputGrid(rows: readonly ThroughputRow[]): Grid {
  return grid('Throughput: medians; ratios are to Kafka Streams with in-memory stores and as many threads', rows, [
    { name: 'workload', text: ({ workload }) => workload },
    { name: 'subject', text: ({ subject }) => subject },
    ...throughputColumns,
    { name: 'output', text: ({ equal }) => (equal === undefined ? 'not compared' : equal ? 'equal' : 'DIFFERS') },
  ]);
}

const throughputColumns = [
  number('records/s', ({ recordsPerSecond }: ThroughputRow) => count(recordsPerSecond.median)),
  number('spread', ({ recordsPerSecond, runs }: ThroughputRow) => plusMinus(recordsPerSecond, runs)),
  number('of Kafka Streams', ({ ofKafkaStreams }: ThroughputRow) => times(ofKafkaStreams?.recordsPerSecond)),
  number('CPU µs/record', ({ cpuMicrosPerRecord }: ThroughputRow) => micros(cpuMicrosPerRecord.median)),
  number('spread', ({ cpuMicrosPerRecord, runs }: ThroughputRow) => plusMinus(cpuMicrosPerRecord, runs)),
  number('of Kafka Streams', ({ ofKafkaStreams }: ThroughputRow) => times(ofKafkaStreams?.cpuMicrosPerRecord)),
  number('peak RSS MB', ({ peakRssBytes }: ThroughputRow) => megabytes(peakRssBytes.median)),
];

function limitGrid(rows: readonly LimitRow[]): Grid {
  return grid('The physical limit: the same input, read by tools that do nothing with it', rows, [
    { name: 'input of', text: ({ workload }) => workload },
    { name: 'tool', text: ({ tool }) => tool },
    number('records/s', ({ recordsPerSecond }) => count(recordsPerSecond.median)),
    number('spread', ({ recordsPerSecond, runs }) => plusMinus(recordsPerSecond, runs)),
    number('CPU µs/record', ({ cpuMicrosPerRecord }) => micros(cpuMicrosPerRecord.median)),
    number('peak RSS MB', ({ peakRssBytes }) => megabytes(peakRssBytes.median)),
  ]);
}

function latencyGrid(rows: readonly LatencyRow[]): Grid {
  return grid('Latency: ms from when a record was due until a reader of committed records had its result', rows, [
    { name: 'workload', text: ({ workload }) => workload },
    { name: 'subject', text: ({ subject }) => subject },
    number('commit ms', ({ commitIntervalMs }) => String(commitIntervalMs)),
    number('records/s sent', ({ recordsPerSecond }) => count(recordsPerSecond.median)),
    { name: 'which is', text: ({ rate }) => rate },
    number('p50 ms', ({ p50Ms }) => millis(p50Ms.median)),
    number('p99 ms', ({ p99Ms }) => millis(p99Ms.median)),
    number('max ms', ({ maxMs }) => millis(maxMs.max)),
    number('CPU µs/record', ({ cpuMicrosPerRecord }) => micros(cpuMicrosPerRecord.median)),
    { name: 'sustained', text: ({ sustained }) => (sustained ? 'yes' : 'NO: it fell behind') },
  ]);
}

function commitGrid(rows: readonly ThroughputRow[]): Grid {
  return grid('Commit intervals', rows, [
    { name: 'workload', text: ({ workload }) => workload },
    { name: 'subject', text: ({ subject }) => subject },
    { name: 'guarantee', text: ({ guarantee }) => guaranteeName(guarantee) },
    number('commit ms', ({ commitIntervalMs }) => String(commitIntervalMs)),
    ...throughputColumns,
  ]);
}

function restoreGrid(rows: readonly RestoreRow[]): Grid {
  return grid('Restore: from the start of a process that lost its state until it has processed a new record', rows, [
    { name: 'subject', text: ({ subject }) => subject },
    number('keys', ({ keys }) => count(keys)),
    number('seconds', ({ seconds }) => seconds.median.toFixed(2)),
    number('spread', ({ seconds, runs }) => plusMinus(seconds, runs)),
    number('keys/s beyond an empty start', ({ keysPerSecond }) => count(keysPerSecond.median)),
    number('CPU s', ({ cpuSeconds }) => cpuSeconds.median.toFixed(2)),
    number('peak RSS MB', ({ peakRssBytes }) => megabytes(peakRssBytes.median)),
    { name: 'state', text: ({ correct }) => (correct ? 'right' : 'WRONG') },
  ]);
}

/** Each target by workload, and how far from it the median is. */
function targetGrid(targets: readonly TargetResult[]): Grid {
  return grid('Targets: exactly once, commits every 100 ms', targets, [
    { name: 'workload', text: ({ workload }) => workload },
    { name: 'subject', text: ({ subject }) => subject },
    { name: 'target', text: ({ bound, wanted, what }) => `${bound === 'at-least' ? '≥' : '≤'} ${wanted} × ${what}` },
    { name: 'against', text: ({ against }) => against },
    number('actual', ({ actual }) => times(actual)),
    { name: 'verdict', text: ({ met, by }) => (met ? `met, ${percent(by)} to spare` : `MISSED by ${percent(-by)}`) },
  ]);
}

/** `11 of 14 targets met.` */
export function targetSentence(targets: readonly TargetResult[]): string {
  if (targets.length === 0) {
    return 'No target was judged: that takes Millrace wire, exactly once at 100 ms, and a subject to compare it with.';
  }
  return `${targets.filter(({ met }) => met).length} of ${targets.length} targets met.`;
}
