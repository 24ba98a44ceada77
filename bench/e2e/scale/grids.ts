import { count, type Grid, grid, megabytes, micros, number, plusMinus, times } from '../report/index.ts';
import { AXES, type Axis } from './axes.ts';
import { type ScaleDocument, type ScaleRow, scaleRows } from './results.ts';

const TITLES: Readonly<Record<Axis, string>> = {
  shards: 'Shards (threads of Kafka Streams), one process',
  processes: 'Processes of one group, one shard each; CPU and memory of all of them together',
  keys: 'Keys; measured while every key comes a second time',
  'value-size': 'Bytes of each value',
  partitions: 'Partitions of the input, one shard',
};
const UNITS: Readonly<Record<Axis, string>> = {
  shards: 'shards',
  processes: 'processes',
  keys: 'keys',
  'value-size': 'bytes',
  partitions: 'partitions',
};

/** A table for each axis that was run. */
export function scaleGrids(document: Pick<ScaleDocument, 'runs' | 'keyBytes'>): Grid[] {
  const rows = scaleRows(document);
  return AXES.map((axis) =>
    axisGrid(
      axis,
      rows.filter(({ point }) => point.axis === axis),
    ),
  ).filter(({ rows: of }) => of.length > 0);
}

function axisGrid(axis: Axis, rows: readonly ScaleRow[]): Grid {
  return grid(TITLES[axis], rows, [
    { name: 'subject', text: ({ series }) => series },
    number(UNITS[axis], ({ point }) => count(point.value)),
    number('records/s', ({ recordsPerSecond }) => count(recordsPerSecond.median)),
    number('spread', ({ recordsPerSecond, runs }) => plusMinus(recordsPerSecond, runs)),
    number('of first', ({ ofFirst }) => times(ofFirst.recordsPerSecond)),
    ...(axis === 'value-size' ? [number('MB/s', ({ bytesPerSecond }: ScaleRow) => megabytes(bytesPerSecond))] : []),
    number('CPU µs/record', ({ cpuMicrosPerRecord }) => micros(cpuMicrosPerRecord.median)),
    number('of first', ({ ofFirst }) => times(ofFirst.cpuMicrosPerRecord)),
    number('broker CPU µs/record', ({ brokerCpuMicrosPerRecord }) => micros(brokerCpuMicrosPerRecord.median)),
    number('peak RSS MB', ({ peakRssBytes }) => megabytes(peakRssBytes.median)),
    number('of first', ({ ofFirst }) => times(ofFirst.peakRssBytes)),
    ...eachColumn(axis),
  ]);
}

/** What one more of it costs, where that is to be known. */
function eachColumn(axis: Axis) {
  const bytes = (each: number | undefined) => (each === undefined ? '' : count(each));
  if (axis === 'keys') return [number('bytes for each key', ({ bytesForEach }: ScaleRow) => bytes(bytesForEach))];
  if (axis === 'partitions') return [number('kB for each', ({ bytesForEach }: ScaleRow) => bytes(bytesForEach && bytesForEach / 1000))];
  return [];
}
