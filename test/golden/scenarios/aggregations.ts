import type { Input, Scenario, Step } from '../scenario.ts';
import { agg, bothWays, cat, changesTo, eq, isNull, k, SL, SS, stream, to, v, when } from './shorthand.ts';

const RECORDS: readonly Input[] = [
  ['in', 'a', 'x', 10, [['h', '1']]],
  ['in', 'b', 'y', 30],
  ['in', 'a', 'z', 20, [['h', '2']]],
  ['in', 'a', 'late', 5],
  ['in', null, 'no key', 50],
  ['in', 'a', null, 60],
  ['in', null, null, 61],
  ['in', 'b', 'clear', 40],
  ['in', 'b', 'after', 35],
  ['in', '', '', 36],
];
const grouped: Step[] = [stream('s', 'in'), { op: 'groupByKey', id: 'g', from: 's', serdes: SS }];
const joined = cat(agg, ',', v);

export const aggregations: Scenario[] = [
  ...bothWays('count by key', {
    steps: [...grouped, { op: 'count', id: 'c', from: 'g', as: 'counts' }, ...changesTo('c', 'out', SL)],
    input: RECORDS,
  }),
  ...bothWays('count without a store name, rekeyed (W14)', {
    steps: [
      stream('s', 'in'),
      { op: 'selectKey', id: 'sk', from: 's', fn: v },
      { op: 'groupByKey', id: 'g', from: 'sk', serdes: SS },
      { op: 'count', id: 'c', from: 'g' },
      ...changesTo('c', 'out', SL),
    ],
    input: RECORDS,
  }),
  ...bothWays('word count: several updates of one record', {
    steps: [
      stream('s', 'lines'),
      { op: 'flatMapValues', id: 'w', from: 's', fn: ['words', v] },
      { op: 'groupBy', id: 'g', from: 'w', fn: v, serdes: SS },
      { op: 'count', id: 'c', from: 'g', as: 'words' },
      ...changesTo('c', 'out', SL),
    ],
    input: [
      ['lines', null, 'to be or not to be', 10, [['line', '1']]],
      ['lines', null, 'be', 5],
      ['lines', null, 'or or or', 20],
    ],
  }),
  ...bothWays('groupBy drops null keys before the repartition topic', {
    steps: [
      stream('s', 'in'),
      { op: 'groupBy', id: 'g', from: 's', fn: when(eq(v, 'y'), null, v), serdes: SS, name: 'by-value' },
      { op: 'count', id: 'c', from: 'g' },
      ...changesTo('c', 'out', SL),
    ],
    input: RECORDS,
  }),
  ...bothWays('reduce takes the first value as it is', {
    steps: [...grouped, { op: 'reduce', id: 'r', from: 'g', fn: joined, as: 'reduced' }, ...changesTo('r', 'out')],
    input: RECORDS,
  }),
  ...bothWays('reduce to null deletes', {
    steps: [
      ...grouped,
      { op: 'reduce', id: 'r', from: 'g', fn: when(eq(v, 'clear'), null, joined), as: 'reduced' },
      ...changesTo('r', 'out'),
    ],
    input: [
      ...RECORDS,
      ['in', 'a', 'clear', 70],
      ['in', 'a', 'clear', 71],
      ['in', 'c', 'clear', 72],
      ['in', 'c', 'clear', 60],
      ['in', 'c', 'more', 50],
    ],
  }),
  ...bothWays('aggregate: initializer, aggregator, deletion', {
    steps: [
      ...grouped,
      {
        op: 'aggregate',
        id: 'r',
        from: 'g',
        init: 'init',
        fn: when(eq(v, 'clear'), null, cat(k, '/', agg, ',', v)),
        as: 'aggregated',
        storeSerdes: SS,
      },
      ...changesTo('r', 'out'),
    ],
    input: [...RECORDS, ['in', 'nobody', 'clear', 80], ['in', 'a', 'clear', 2], ['in', 'a', 'anew', 1]],
  }),
  ...bothWays('aggregate with a null initial value', {
    steps: [
      ...grouped,
      { op: 'aggregate', id: 'r', from: 'g', init: null, fn: when(isNull(agg), v, joined), as: 'aggregated', storeSerdes: SS },
      ...changesTo('r', 'out'),
    ],
    input: RECORDS,
  }),
  ...bothWays('several updates of one key by one record', {
    steps: [
      stream('s', 'in'),
      {
        op: 'flatMap',
        id: 'f',
        from: 's',
        fn: ['list', ['list', 'x', v], ['list', 'y', v], ['list', 'x', 'clear'], ['list', 'y', 'more']],
      },
      to('f', 'flat'),
      {
        op: 'process',
        id: 'p',
        from: 's',
        script: {
          process: [
            ['forward', 'x', v, { ts: 7 }],
            ['forward', 'y', v],
            ['forward', 'x', 'clear', { ts: 3 }],
            ['forward', 'z', v],
          ],
        },
      },
      { op: 'toTable', id: 't', from: 'p', storeSerdes: SS, as: 'processed' },
      ...changesTo('t', 'table'),
      { op: 'groupByKey', id: 'g', from: 's', serdes: SS },
      { op: 'aggregate', id: 'a', from: 'g', init: '', fn: ['tail', cat(agg, v), 6], as: 'tails', storeSerdes: SS },
      { op: 'mapValues', id: 'm', from: 'a', fn: cat(v, '!') },
      ...changesTo('m', 'tails'),
    ],
    input: RECORDS.filter((record) => Array.isArray(record) && record[2] !== null),
  }),
  ...bothWays('a deletion of an old row, and what a filter makes of it', {
    steps: [
      ...grouped,
      { op: 'reduce', id: 'r', from: 'g', fn: when(eq(v, 'clear'), null, v), as: 'reduced' },
      { op: 'filter', id: 'f', from: 'r', fn: eq(['mod', v, 2], 0), as: 'kept', storeSerdes: SS },
      ...changesTo('f', 'out'),
    ],
    input: [
      ['in', 'a', 'x', 100],
      ['in', 'a', 'clear', 50],
      ['in', 'b', 'y', 100],
      ['in', 'b', 'z', 70],
      ['in', 'b', 'clear', 110],
      ['in', 'b', 'clear', 60],
    ],
  }),
  ...bothWays('a filter sees the initial aggregate as the old value of a new row', {
    steps: [
      ...grouped,
      { op: 'count', id: 'c', from: 'g', as: 'counts' },
      { op: 'filter', id: 'f', from: 'c', fn: eq(['mod', v, 3], 0) },
      ...changesTo('f', 'counts-out', SL),
      { op: 'aggregate', id: 'a', from: 'g', init: 'x', fn: when(eq(v, 'clear'), null, joined), as: 'rows', storeSerdes: SS },
      { op: 'filterNot', id: 'n', from: 'a', fn: ['lt', 1, ['mod', v, 3]] },
      ...changesTo('n', 'rows-out'),
      { op: 'reduce', id: 'r', from: 'g', fn: v, as: 'last' },
      { op: 'filter', id: 'rf', from: 'r', fn: eq(v, 'z') },
      ...changesTo('rf', 'last-out'),
      { op: 'windowedBy', id: 'w', from: 'g', sizeMs: 20, graceMs: 0 },
      { op: 'count', id: 'wc', from: 'w', as: 'windows' },
      { op: 'filter', id: 'wf', from: 'wc', fn: eq(['mod', v, 2], 0) },
      { op: 'toStream', id: 'wo', from: 'wf' },
      to('wo', 'windows-out', ['windowed:string:20', 'long']),
    ],
    input: RECORDS,
  }),
  ...bothWays('two aggregations of one group, and one of the other', {
    steps: [
      ...grouped,
      { op: 'count', id: 'c', from: 'g', as: 'first' },
      { op: 'reduce', id: 'r', from: 'g', fn: joined, as: 'second' },
      { op: 'toStream', id: 'cs', from: 'c' },
      to('cs', 'counts', SL),
      { op: 'groupBy', id: 'g2', from: 'cs', fn: cat('n', v), serdes: SL },
      { op: 'count', id: 'c2', from: 'g2', as: 'third' },
      ...changesTo('c2', 'histogram', SL),
      ...changesTo('r', 'reduced'),
    ],
    input: RECORDS,
  }),
  ...bothWays('a store without caching in a cached topology, one without a changelog', {
    steps: [
      ...grouped,
      { op: 'count', id: 'c', from: 'g', as: 'eager', caching: false },
      ...changesTo('c', 'eager-out', SL),
      { op: 'reduce', id: 'r', from: 'g', fn: joined, as: 'unlogged', logging: false },
      ...changesTo('r', 'unlogged-out'),
    ],
    input: RECORDS,
  }),
];
