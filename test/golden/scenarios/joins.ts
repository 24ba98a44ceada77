import type { Input, Scenario, Step } from '../scenario.ts';
import { bothWays, cat, changesTo, eq, isNull, k, SL, SS, stream, to, tv, v, when } from './shorthand.ts';

const RECORDS: readonly Input[] = [
  ['in', 'a', 'early', 1],
  ['rows', 'a', 'A', 50],
  ['in', 'a', 'old', 10, [['h', '1']]],
  ['in', 'a', 'new', 60],
  ['rows', 'a', 'A2', 20, [['t', '1']]],
  ['in', 'a', 'again', 70],
  ['in', null, 'no key', 71],
  ['in', 'a', null, 72],
  ['in', null, null, 73],
  ['rows', 'a', null, 80],
  ['in', 'a', 'gone', 81],
  ['rows', 'b', 'B', 82],
  ['rows', null, 'no key', 83],
  ['in', 'b', 'b', 84],
  ['in', 'null', 'text', 85],
];
const table: Step = { op: 'table', id: 't', topic: 'rows', serdes: SS };
const global: Step = { op: 'globalTable', id: 'g', topic: 'rows', serdes: SS };
const fn = cat(k, ':', v, '+', tv);

export const joins: Scenario[] = [
  ...bothWays('stream-table join, inner and left', {
    steps: [
      table,
      stream('s', 'in'),
      { op: 'join', id: 'i', from: 's', with: 't', fn, serdes: SS },
      to('i', 'inner'),
      { op: 'leftJoin', id: 'l', from: 's', with: 't', fn, serdes: SS },
      to('l', 'left'),
    ],
    input: RECORDS,
  }),
  ...bothWays('a joiner that returns null', {
    steps: [
      table,
      stream('s', 'in'),
      { op: 'leftJoin', id: 'l', from: 's', with: 't', fn: when(isNull(tv), null, v), serdes: SS },
      to('l', 'out'),
    ],
    input: RECORDS,
  }),
  ...bothWays('joins with views of a table', {
    steps: [
      table,
      { op: 'mapValues', id: 'm', from: 't', fn: cat(k, '=', v) },
      { op: 'filter', id: 'f', from: 'm', fn: eq(['mod', v, 2], 0) },
      stream('s', 'in'),
      { op: 'join', id: 'i', from: 's', with: 'm', fn, serdes: SS },
      to('i', 'mapped'),
      { op: 'leftJoin', id: 'l', from: 's', with: 'f', fn, serdes: SS },
      to('l', 'filtered'),
    ],
    input: RECORDS,
  }),
  ...bothWays('join after a repartition', {
    steps: [
      table,
      stream('s', 'in'),
      { op: 'selectKey', id: 'sk', from: 's', fn: when(eq(v, 'b'), null, ['tail', cat('x', k), 1]) },
      { op: 'join', id: 'i', from: 'sk', with: 't', fn, serdes: SS },
      to('i', 'inner'),
    ],
    input: RECORDS,
  }),
  ...bothWays('left join after a repartition keeps null keys', {
    steps: [
      table,
      stream('s', 'in'),
      { op: 'map', id: 'm', from: 's', key: when(eq(v, 'b'), null, k), value: v },
      { op: 'leftJoin', id: 'l', from: 'm', with: 't', fn, serdes: SS },
      to('l', 'left'),
    ],
    input: RECORDS,
  }),
  ...bothWays('join with an aggregate', {
    steps: [
      stream('r', 'rows'),
      { op: 'groupByKey', id: 'gr', from: 'r', serdes: SS },
      { op: 'count', id: 't', from: 'gr', as: 'counts' },
      stream('s', 'in'),
      { op: 'leftJoin', id: 'l', from: 's', with: 't', fn, serdes: SS },
      to('l', 'out'),
      ...changesTo('t', 'counts-out', SL),
    ],
    input: RECORDS,
  }),
  ...bothWays('join of a stream with the table made of it', {
    steps: [
      stream('s', 'in'),
      { op: 'toTable', id: 't', from: 's', as: 'own', storeSerdes: SS },
      { op: 'leftJoin', id: 'l', from: 's', with: 't', fn, serdes: SS },
      to('l', 'out'),
    ],
    input: RECORDS.filter((input) => Array.isArray(input) && input[0] === 'in'),
  }),
  ...bothWays('join, then aggregate, then join again', {
    steps: [
      table,
      stream('s', 'in'),
      { op: 'join', id: 'i', from: 's', with: 't', fn: cat(v, tv), serdes: SS },
      { op: 'groupByKey', id: 'gr', from: 'i', serdes: SS },
      { op: 'count', id: 'c', from: 'gr', as: 'counts' },
      { op: 'toStream', id: 'cs', from: 'c' },
      { op: 'leftJoin', id: 'l', from: 'cs', with: 't', fn, serdes: SL },
      to('l', 'out'),
    ],
    input: RECORDS,
  }),
  ...bothWays('stream-global table join, inner and left', {
    steps: [
      global,
      stream('s', 'in'),
      { op: 'join', id: 'i', from: 's', with: 'g', key: k, fn, serdes: SS },
      to('i', 'inner'),
      { op: 'leftJoin', id: 'l', from: 's', with: 'g', key: k, fn, serdes: SS },
      to('l', 'left'),
    ],
    input: RECORDS,
  }),
  ...bothWays('global table join by a computed key', {
    steps: [
      global,
      stream('s', 'in'),
      { op: 'join', id: 'i', from: 's', with: 'g', key: when(eq(v, 'gone'), null, ['tail', v, 1]), fn },
      to('i', 'inner'),
      { op: 'leftJoin', id: 'l', from: 's', with: 'g', key: when(eq(v, 'gone'), null, ['tail', v, 1]), fn },
      to('l', 'left'),
      { op: 'selectKey', id: 'sk', from: 'l', fn: ['tail', v, 1] },
      { op: 'groupByKey', id: 'gr', from: 'sk', serdes: SS },
      { op: 'count', id: 'c', from: 'gr', as: 'counts' },
      ...changesTo('c', 'counts-out', SL),
    ],
    input: [['rows', 'w', 'W', 1], ['rows', 'n', 'N', 2], ...RECORDS, ['rows', 'w', null, 100], ['in', 'a', 'new', 101]],
  }),
];
