import type { Input, Scenario, Step } from '../scenario.ts';
import { agg, bothWays, cat, changesTo, eq, isNull, SS, stream, to, v, WL, WS, when } from './shorthand.ts';

const at = (...timestamps: number[]): Input[] => timestamps.map((ts) => ['in', 'k', `v${ts}`, ts] as const);
const windowed = (sizeMs: number, graceMs: number, advanceMs?: number): Step[] => [
  stream('s', 'in'),
  { op: 'groupByKey', id: 'g', from: 's', serdes: SS },
  { op: 'windowedBy', id: 'w', from: 'g', sizeMs, graceMs, ...(advanceMs === undefined ? {} : { advanceMs }) },
];
const collect: Step = { op: 'aggregate', id: 'a', from: 'w', init: '', fn: cat(agg, ' ', v), as: 'windows', storeSerdes: SS };

export const windows: Scenario[] = [
  ...bothWays('tumbling windows with grace (W1)', {
    steps: [...windowed(10, 5), collect, ...changesTo('a', 'out', WS)],
    input: at(3, 14, 9, 15, 9),
  }),
  ...bothWays('hopping windows begin at zero (W2)', {
    steps: [...windowed(10, 0, 4), collect, ...changesTo('a', 'out', WS)],
    input: at(5, 0, 3, 4, 20, 12, 11, 10, 9),
  }),
  ...bothWays('hopping windows, late for some of them', {
    steps: [...windowed(10, 3, 5), { op: 'count', id: 'a', from: 'w', as: 'windows' }, ...changesTo('a', 'out', WL)],
    input: at(12, 7, 18, 11, 23, 14, 13, 12, 40, 29),
  }),
  ...bothWays('lateness is judged by all keys together', {
    steps: [...windowed(10, 0), { op: 'count', id: 'a', from: 'w', as: 'windows' }, ...changesTo('a', 'out', WL)],
    input: [
      ['in', 'a', '1', 5],
      ['in', 'b', '2', 25],
      ['in', 'a', '3', 9],
      ['in', 'a', '4', 21],
      ['in', null, '5', 100],
      ['in', 'a', '6', 22],
    ],
  }),
  ...bothWays('windowed count and aggregate see null values', {
    steps: [
      ...windowed(10, 10),
      { op: 'count', id: 'c', from: 'w', as: 'counts' },
      ...changesTo('c', 'counts-out', WL),
      collect,
      ...changesTo('a', 'out', WS),
    ],
    input: [
      ['in', 'a', null, 1],
      ['in', 'a', 'x', 2],
      ['in', 'a', null, 3],
      ['in', null, 'x', 4],
      ['in', null, null, 5],
    ],
  }),
  ...bothWays('windowed reduce, with deletion', {
    steps: [
      ...windowed(10, 10),
      { op: 'reduce', id: 'a', from: 'w', fn: when(eq(v, 'clear'), null, cat(agg, ',', v)), as: 'windows' },
      ...changesTo('a', 'out', WS),
    ],
    input: [
      ['in', 'a', 'x', 1],
      ['in', 'a', 'y', 0],
      ['in', 'a', 'clear', 5],
      ['in', 'a', 'clear', 6],
      ['in', 'a', 'z', 3],
      ['in', 'b', 'x', 12],
      ['in', 'a', 'late', 2],
    ],
  }),
  ...bothWays('rows of a window store end with its retention', {
    steps: [...windowed(10, 5), { ...collect, retentionMs: 30 } as Step, ...changesTo('a', 'out', WS)],
    input: at(3, 14, 22, 31, 33, 45, 47, 60),
  }),
  ...bothWays('windowed keys go on as keys', {
    steps: [
      ...windowed(10, 5),
      { op: 'count', id: 'a', from: 'w', as: 'windows' },
      { op: 'toStream', id: 'changes', from: 'a', fn: cat(['inner', ['k']], '@', ['start', ['k']]) },
      { op: 'groupByKey', id: 'g2', from: 'changes', serdes: ['string', 'long'] },
      { op: 'reduce', id: 'r', from: 'g2', fn: ['max', agg, v], as: 'most', storeSerdes: ['string', 'long'] },
      ...changesTo('r', 'out', ['string', 'long']),
    ],
    input: at(3, 4, 14, 9, 15, 16, 9),
  }),
  ...bothWays('filter and mapValues of a windowed table', {
    steps: [
      ...windowed(10, 5),
      { op: 'count', id: 'a', from: 'w', as: 'windows' },
      { op: 'filter', id: 'f', from: 'a', fn: ['lt', 1, v] },
      { op: 'mapValues', id: 'm', from: 'f', fn: ['text', v] },
      { op: 'toStream', id: 'o', from: 'm' },
      { op: 'filterNot', id: 'n', from: 'o', fn: isNull(v) },
      to('n', 'out', WS),
    ],
    input: at(3, 4, 14, 9, 15, 16, 9),
  }),
  ...bothWays('windows after a repartition', {
    steps: [
      stream('s', 'in'),
      { op: 'groupBy', id: 'g', from: 's', fn: ['tail', v, 1], serdes: SS },
      { op: 'windowedBy', id: 'w', from: 'g', sizeMs: 10, graceMs: 2 },
      { op: 'count', id: 'a', from: 'w' },
      ...changesTo('a', 'out', WL),
    ],
    input: at(3, 13, 23, 12, 9, 22, 33, 21),
  }),
];
