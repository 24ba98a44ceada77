import type { Input, Scenario, Step } from '../scenario.ts';
import { bothWays, cat, changesTo, eq, k, SS, scenario, stream, to, v, when } from './shorthand.ts';

const ROWS: readonly Input[] = [
  ['rows', 'a', 'one', 10, [['h', '1']]],
  ['rows', 'b', 'two', 20],
  ['rows', 'a', 'old', 5],
  ['rows', null, 'no key', 30],
  ['rows', 'nobody', null, 31],
  ['rows', 'a', null, 40, [['h', '2']]],
  ['rows', 'a', null, 41],
  ['rows', 'b', 'two', 42],
  ['rows', 'a', 'back', 3],
  ['rows', 'b', 'xdrop', 50],
  ['rows', 'b', 'xdrop', 51],
  ['rows', 'b', 'keep', 52],
];
const table = (storing: { as?: string; caching?: boolean } = {}): Step => ({ op: 'table', id: 't', topic: 'rows', serdes: SS, ...storing });
const keeps = eq(['mod', v, 2], 0);

export const tables: Scenario[] = [
  ...bothWays('a table that is stored', { steps: [table({ as: 'rows-store' }), ...changesTo('t', 'out')], input: ROWS }),
  ...bothWays('a table that is not stored', { steps: [table(), ...changesTo('t', 'out')], input: ROWS }),
  ...bothWays('filters of a table that is not stored send deletions of what was never there', {
    steps: [
      table(),
      { op: 'filter', id: 'f', from: 't', fn: keeps },
      ...changesTo('f', 'out'),
      { op: 'filterNot', id: 'n', from: 't', fn: keeps },
      ...changesTo('n', 'not-out'),
    ],
    input: ROWS,
  }),
  ...bothWays('filter of a stored table', {
    steps: [table({ as: 'rows-store' }), { op: 'filter', id: 'f', from: 't', fn: keeps }, ...changesTo('f', 'out')],
    input: ROWS,
  }),
  ...bothWays('filter into a store', {
    steps: [table(), { op: 'filter', id: 'f', from: 't', fn: keeps, as: 'kept', storeSerdes: SS }, ...changesTo('f', 'out')],
    input: ROWS,
  }),
  ...bothWays('filter of a stored table into a store', {
    steps: [
      table({ as: 'rows-store' }),
      { op: 'filterNot', id: 'f', from: 't', fn: keeps, as: 'kept', storeSerdes: SS },
      ...changesTo('f', 'out'),
    ],
    input: ROWS,
  }),
  ...bothWays('mapValues is not called for deletions', {
    steps: [
      table(),
      { op: 'mapValues', id: 'm', from: 't', fn: cat(k, '=', v) },
      ...changesTo('m', 'out'),
      { op: 'mapValues', id: 'null', from: 't', fn: when(keeps, null, v) },
      ...changesTo('null', 'nulls'),
      { op: 'mapValues', id: 'stored', from: 't', fn: when(keeps, null, v), as: 'mapped', storeSerdes: SS },
      ...changesTo('stored', 'stored-out'),
    ],
    input: ROWS,
  }),
  ...bothWays('views of views', {
    steps: [
      table({ as: 'rows-store' }),
      { op: 'mapValues', id: 'm', from: 't', fn: cat(k, '=', v) },
      { op: 'filter', id: 'f', from: 'm', fn: keeps },
      { op: 'mapValues', id: 'n', from: 'f', fn: cat(v, '!') },
      { op: 'filterNot', id: 'e', from: 'n', fn: eq(v, 'a=old!') },
      ...changesTo('e', 'out'),
    ],
    input: ROWS,
  }),
  ...bothWays('toStream with a new key', {
    steps: [
      table({ as: 'rows-store' }),
      { op: 'toStream', id: 'o', from: 't', fn: cat('new ', k) },
      to('o', 'out'),
      { op: 'groupByKey', id: 'g', from: 'o', serdes: SS },
      { op: 'count', id: 'c', from: 'g', as: 'counts' },
      ...changesTo('c', 'counts-out', ['string', 'long']),
    ],
    input: ROWS,
  }),
  ...bothWays('toTable', { steps: [stream('s', 'rows'), { op: 'toTable', id: 't', from: 's' }, ...changesTo('t', 'out')], input: ROWS }),
  ...bothWays('toTable into a store, rekeyed', {
    steps: [
      stream('s', 'rows'),
      { op: 'selectKey', id: 'sk', from: 's', fn: ['tail', k, 1] },
      { op: 'toTable', id: 't', from: 'sk', as: 'rekeyed', storeSerdes: SS },
      ...changesTo('t', 'out'),
    ],
    input: ROWS,
  }),
  ...bothWays('put and delete of a new row within one commit say nothing when cached (W11)', {
    steps: [
      stream('s', 'in'),
      {
        op: 'process',
        id: 'p',
        from: 's',
        script: {
          process: [
            ['forward', k, v],
            ['forward', k, null],
          ],
        },
      },
      { op: 'toTable', id: 't', from: 'p', as: 'brief', storeSerdes: SS },
      ...changesTo('t', 'out'),
    ],
    input: [
      ['in', 'a', '1', 10],
      ['in', 'a', '2', 20],
    ],
  }),
  ...bothWays('delete and put within one commit', {
    steps: [
      stream('s', 'in'),
      {
        op: 'processValues',
        id: 'p',
        from: 's',
        script: {
          process: [
            ['forward', k, null],
            ['forward', k, v],
            ['forward', k, v, { ts: 1 }],
          ],
        },
      },
      { op: 'toTable', id: 't', from: 'p', as: 'brief', storeSerdes: SS },
      { op: 'filter', id: 'f', from: 't', fn: keeps },
      ...changesTo('f', 'out'),
    ],
    input: [
      ['in', 'a', '1', 10],
      ['in', 'a', '2', 20],
      ['in', 'a', '2', 15],
      ['in', 'b', '1', 11],
    ],
  }),
  ...scenario('a global table has rows', {
    steps: [{ op: 'globalTable', id: 't', topic: 'rows', serdes: SS, as: 'everywhere' }, stream('s', 'in'), to('s', 'out')],
    input: [...ROWS, ['in', 'a', '1', 1]],
  }),
];
