import type { Input, Scenario } from '../scenario.ts';
import { cat, eq, isNull, k, not, SS, scenario, stream, to, v, when } from './shorthand.ts';

const RECORDS: readonly Input[] = [
  ['in', 'a', 'one two', 10],
  ['in', null, 'no key', 20],
  ['in', 'b', null, 15],
  ['in', null, null, 16],
  ['in', '', '', 17],
  ['in', 'ä€', 'ünï', 18, [['h', 'x']]],
  [
    'in',
    'c',
    'three',
    5,
    [
      ['h', 'x'],
      ['h', null],
      ['empty', ''],
    ],
  ],
];

export const stateless: Scenario[] = [
  ...scenario('filter sees null keys and values', {
    steps: [
      stream('s', 'in'),
      { op: 'filter', id: 'f', from: 's', fn: not(isNull(v)) },
      to('f', 'values'),
      { op: 'filterNot', id: 'n', from: 's', fn: not(isNull(k)) },
      to('n', 'keyless'),
    ],
    input: RECORDS,
  }),
  ...scenario('map and mapValues, called for nulls too', {
    steps: [
      stream('s', 'in'),
      { op: 'map', id: 'm', from: 's', key: v, value: k },
      to('m', 'swapped'),
      { op: 'mapValues', id: 'mv', from: 's', fn: cat(k, ':', v) },
      to('mv', 'values'),
      { op: 'mapValues', id: 'nulls', from: 's', fn: when(eq(k, 'a'), null, v) },
      to('nulls', 'nulls'),
    ],
    input: RECORDS,
  }),
  ...scenario('flatMap and flatMapValues keep timestamp and headers', {
    steps: [
      stream('s', 'in'),
      { op: 'flatMapValues', id: 'words', from: 's', fn: when(isNull(v), ['list'], ['words', v]) },
      to('words', 'words'),
      { op: 'flatMap', id: 'pairs', from: 's', fn: ['list', ['list', k, v], ['list', v, null], ['list', null, k]] },
      to('pairs', 'pairs'),
    ],
    input: RECORDS,
  }),
  ...scenario('selectKey, peek and foreach', {
    steps: [
      stream('s', 'in'),
      { op: 'peek', id: 'p', from: 's', fn: cat('peek ', k, '=', v) },
      { op: 'selectKey', id: 'sk', from: 'p', fn: when(eq(k, 'a'), null, cat('new ', k)) },
      to('sk', 'out'),
      { op: 'foreach', id: 'fe', from: 'sk', fn: cat('each ', k, '=', v) },
    ],
    input: RECORDS,
  }),
  ...scenario('merge of two topics and of a stream with itself', {
    steps: [
      stream('s', 'in'),
      stream('t', 'in2'),
      { op: 'merge', id: 'm', from: 's', with: 't' },
      to('m', 'merged'),
      { op: 'mapValues', id: 'mv', from: 's', fn: cat(v, '!') },
      { op: 'merge', id: 'self', from: 'mv', with: 's' },
      to('self', 'twice'),
    ],
    input: [...RECORDS, ['in2', 'x', 'other', 1], ['in', 'y', 'again', 100]],
  }),
  ...scenario('split: the first branch wins', {
    steps: [
      stream('s', 'in'),
      {
        op: 'split',
        from: 's',
        branches: [
          { id: 'keyless', fn: isNull(k) },
          { id: 'valueless', fn: isNull(v) },
          { id: 'all-even', fn: eq(['mod', v, 2], 0) },
        ],
        default: 'rest',
      },
      to('keyless', 'out-1'),
      to('valueless', 'out-2'),
      to('all-even', 'out-3'),
      to('rest', 'out-0'),
    ],
    input: RECORDS,
  }),
  ...scenario('split without a default branch drops silently', {
    steps: [stream('s', 'in'), { op: 'split', from: 's', branches: [{ id: 'a', fn: eq(k, 'a') }] }, to('a', 'out')],
    input: RECORDS,
  }),
  ...scenario('one stream read from several topics', {
    steps: [{ op: 'stream', id: 's', topics: ['in', 'in2'], serdes: SS }, to('s', 'out')],
    input: [
      ['in', 'a', '1', 10],
      ['in2', 'a', '2', 5],
      ['in', 'b', '3', 7],
    ],
  }),
  ...scenario('the same topic read twice', {
    steps: [
      stream('s', 'in'),
      stream('t', 'in'),
      { op: 'mapValues', id: 'm', from: 't', fn: cat('t:', v) },
      to('s', 'out'),
      to('m', 'out'),
    ],
    input: RECORDS,
  }),
  ...scenario('topic names from a function', {
    steps: [stream('s', 'in'), { op: 'to', from: 's', topic: cat('out-', k, '-', ['mod', ['ts'], 3]), serdes: SS }],
    input: [...RECORDS.slice(0, 5), ['in', 'a', '2', 11], ['in', 'a', '3', 13]],
  }),
  ...scenario('topic names from where the record came from', {
    steps: [
      { op: 'stream', id: 's', topics: ['in', 'in2'], serdes: SS },
      { op: 'to', from: 's', topic: cat('from-', ['tail', ['origin'], 1]), serdes: SS },
    ],
    input: [
      ['in', 'a', '1', 10],
      ['in2', 'a', '2', 5],
      ['in', 'b', '3', 7],
    ],
  }),
  ...scenario('repartition by name and by number', {
    steps: [
      stream('s', 'in'),
      { op: 'repartition', id: 'r', from: 's', serdes: SS, name: 'mine' },
      { op: 'mapValues', id: 'm', from: 'r', fn: cat(v, ' back') },
      to('m', 'out'),
      { op: 'selectKey', id: 'sk', from: 's', fn: v },
      { op: 'repartition', id: 'r2', from: 'sk', serdes: SS },
      to('r2', 'out2'),
    ],
    input: RECORDS,
  }),
  ...scenario('timestamps from the value; negative ones drop the record', {
    steps: [{ op: 'stream', id: 's', topics: ['in'], serdes: ['string', 'long'], timestamp: v }, to('s', 'out', ['string', 'long'])],
    input: [
      ['in', 'a', 100, 1],
      ['in', 'b', -1, 2],
      ['in', 'c', 0, 3],
      ['in', 'd', 50, 4],
    ],
  }),
  ...scenario('timestamps from the time of the partition', {
    steps: [{ op: 'stream', id: 's', topics: ['in'], serdes: SS, timestamp: ['add', ['partitionTime'], 10] }, to('s', 'out')],
    input: [
      ['in', 'a', '1', 1000],
      ['in', 'a', '2', 1],
      ['in', 'a', '3', 5000],
    ],
  }),
  ...scenario('a sink topic that is also read', {
    steps: [
      stream('s', 'in'),
      { op: 'mapValues', id: 'm', from: 's', fn: cat(v, '+') },
      to('m', 'middle'),
      stream('t', 'middle'),
      { op: 'mapValues', id: 'n', from: 't', fn: cat(v, '*') },
      to('n', 'out'),
    ],
    input: RECORDS,
  }),
];
