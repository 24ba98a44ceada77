import type { Input, Scenario, Step } from '../scenario.ts';
import { agg, cat, changesTo, eq, k, SL, SS, scenario, stream, to, v, when } from './shorthand.ts';

const failsOnBad = when(eq(v, 'bad'), ['throw', 'this is bad'], v);
const RECORDS: readonly Input[] = [
  ['in', 'a', '1', 10],
  ['in', 'a', 'bad', 20, [['h', 'x']]],
  ['in', 'b', '2', 30],
  ['in', null, 'bad', 31],
  ['in', 'b', 'bad', 32],
];
const NUMBERS: readonly Input[] = [
  ['numbers', 'a', 1, 10],
  ['numbers', 'a', { hex: '00ff' }, 20, [['h', 'x']]],
  ['numbers', 'b', 2, 30],
  ['numbers', null, { hex: '' }, 31],
  ['numbers', 'b', 3, 32],
];
const readNumbers: Step[] = [stream('s', 'numbers', SL), { op: 'mapValues', id: 'm', from: 's', fn: ['add', v, 1] }, to('m', 'out', SL)];

export const errors: Scenario[] = [
  ...scenario('a function that throws ends the run', {
    steps: [stream('s', 'in'), { op: 'mapValues', id: 'm', from: 's', fn: failsOnBad }, to('m', 'out')],
    input: RECORDS,
  }),
  ...scenario('a function that throws is continued over', {
    config: { processing: 'continue' },
    steps: [stream('s', 'in'), { op: 'mapValues', id: 'm', from: 's', fn: failsOnBad }, to('m', 'out')],
    input: RECORDS,
  }),
  ...scenario('only what is below the failing node is skipped', {
    config: { processing: 'continue' },
    steps: [
      stream('s', 'in'),
      { op: 'mapValues', id: 'before', from: 's', fn: cat('1:', v) },
      to('before', 'before'),
      { op: 'mapValues', id: 'm', from: 's', fn: failsOnBad },
      to('m', 'out'),
      { op: 'mapValues', id: 'after', from: 's', fn: cat('2:', v) },
      to('after', 'after'),
    ],
    input: RECORDS,
  }),
  ...scenario('half of a flatMap and of a processor', {
    config: { processing: 'continue' },
    steps: [
      stream('s', 'in'),
      {
        op: 'process',
        id: 'p',
        from: 's',
        script: {
          process: [
            ['forward', k, cat('first ', v)],
            ['forward', k, failsOnBad],
            ['forward', k, cat('last ', v)],
          ],
        },
      },
      to('p', 'out'),
      { op: 'flatMapValues', id: 'f', from: 's', fn: ['list', v, 'x', v] },
      { op: 'mapValues', id: 'm', from: 'f', fn: failsOnBad },
      to('m', 'flat'),
    ],
    input: RECORDS,
  }),
  ...scenario('dead letters of functions that throw', {
    config: { processing: 'continue', deadLetterTopic: 'dead' },
    steps: [
      stream('s', 'in'),
      { op: 'mapValues', id: 'm', from: 's', fn: failsOnBad },
      { op: 'mapValues', id: 'n', from: 'm', fn: cat(v, '!') },
      to('n', 'out'),
    ],
    input: RECORDS,
  }),
  ...scenario('an aggregator that throws leaves the row as it was', {
    config: { processing: 'continue' },
    steps: [
      stream('s', 'in'),
      { op: 'groupByKey', id: 'g', from: 's', serdes: SS },
      { op: 'aggregate', id: 'a', from: 'g', init: '', fn: cat(agg, failsOnBad), as: 'rows', storeSerdes: SS },
      ...changesTo('a', 'out'),
    ],
    input: [...RECORDS, ['in', 'a', '3', 5]],
  }),
  ...scenario('bytes that cannot be read end the run', { steps: readNumbers, input: NUMBERS }),
  ...scenario('bytes that cannot be read are continued over', {
    config: { deserialization: 'continue' },
    steps: readNumbers,
    input: NUMBERS,
  }),
  ...scenario('dead letters of bytes that cannot be read', {
    config: { deserialization: 'continue', deadLetterTopic: 'dead' },
    steps: readNumbers,
    input: NUMBERS,
  }),
  ...scenario('keys that cannot be read', {
    config: { deserialization: 'continue', deadLetterTopic: 'dead' },
    steps: [stream('s', 'in', ['long', 'string']), { op: 'map', id: 'm', from: 's', key: cat(v, k), value: v }, to('m', 'out')],
    input: [
      ['in', 1, 'a', 1],
      ['in', { hex: '01' }, 'b', 2],
      ['in', null, 'c', 3],
    ],
  }),
  ...scenario('a global processor that throws ends the run, whatever the handler says', {
    config: { processing: 'continue' },
    steps: [
      {
        op: 'addGlobalStore',
        store: 'kv',
        kind: 'keyValue',
        serdes: SS,
        logging: false,
        topic: 'settings',
        sourceSerdes: SS,
        script: { process: [['put', 'kv', k, failsOnBad]] },
      },
      stream('s', 'in'),
      to('s', 'out'),
    ],
    input: [
      ['settings', 'a', 'good', 1],
      ['in', 'a', '1', 2],
      ['settings', 'a', 'bad', 3],
      ['in', 'a', '2', 4],
    ],
  }),
  ...scenario('global tables: bytes that cannot be read are continued over', {
    config: { deserialization: 'continue' },
    steps: [
      { op: 'globalTable', id: 'g', topic: 'numbers', serdes: SL, as: 'global' },
      stream('s', 'in'),
      { op: 'join', id: 'j', from: 's', with: 'g', key: k, fn: cat(v, ['tv']) },
      to('j', 'out'),
    ],
    input: [
      ['numbers', 'a', 1, 1],
      ['numbers', 'a', { hex: '00' }, 2],
      ['in', 'a', '1', 3],
      ['numbers', 'a', null, 4],
      ['in', 'a', '2', 5],
    ],
  }),
  ...scenario('a punctuator that throws', {
    config: { processing: 'continue', deadLetterTopic: 'dead' },
    steps: [
      stream('s', 'in'),
      {
        op: 'process',
        id: 'p',
        from: 's',
        script: {
          init: [
            [
              'schedule',
              10,
              'stream-time',
              0,
              [
                ['forward', 'tick', ['text', ['ts']]],
                ['forward', 'never', ['throw', 'not on time']],
              ],
            ],
          ],
          process: [['forward', k, v]],
        },
      },
      to('p', 'out'),
    ],
    input: [
      ['in', 'a', '1', 5],
      ['in', 'a', '2', 12],
    ],
  }),
];
