import type { Expression, Input, Scenario, Step } from '../scenario.ts';
import { cat, eq, k, SL, SS, scenario, stream, to, tv, v, when } from './shorthand.ts';

type JoinStep = Extract<Step, { op: 'streamJoin' | 'streamLeftJoin' | 'streamOuterJoin' }>;
type Windows = JoinStep['windows'];

const fn = cat(k, ':', v, '+', tv);
const left: Step = stream('l', 'left');
const right: Step = stream('r', 'right');
const SSS = ['string', 'string', 'string'] as const;

const within = (differenceMs: number, graceMs = 0): Windows => ({ beforeMs: differenceMs, afterMs: differenceMs, graceMs });
const join = (op: JoinStep['op'], windows: Windows, more: Partial<JoinStep> = {}): Step[] => [
  { op, id: 'j', from: 'l', with: 'r', fn, windows, serdes: SSS, ...more },
  to('j', 'out'),
];
const OPS = ['streamJoin', 'streamLeftJoin', 'streamOuterJoin'] as const;
const NAMES = { streamJoin: 'inner', streamLeftJoin: 'left', streamOuterJoin: 'outer' } as const;

/** A scenario for each kind of join; left and outer ones look for results without a partner always, or as in an application. */
function allKinds(name: string, windows: Windows, input: readonly Input[], more: Partial<JoinStep> = {}): Scenario[] {
  return OPS.flatMap((op) => {
    const steps = [left, right, ...join(op, windows, more)];
    const throttled = scenario(`${name}, ${NAMES[op]}, once a second`, { config: { joinEmitIntervalMs: 1_000 }, steps, input });
    return [...scenario(`${name}, ${NAMES[op]}`, { steps, input }), ...(op === 'streamJoin' ? [] : throttled)];
  });
}

/** Makes the next results without a partner possible: they come once a second of wall-clock time. */
const second: Input = { advanceMs: 1_000 };
const L = (key: string | null, value: string | null, timestamp: number): Input => ['left', key, value, timestamp];
const R = (key: string | null, value: string | null, timestamp: number): Input => ['right', key, value, timestamp];

const EDGES: readonly Input[] = [
  L('a', 'l100', 100),
  R('a', 'r89', 89),
  R('a', 'r90', 90),
  R('a', 'r110', 110),
  second,
  R('a', 'r111', 111),
  L('a', 'l101', 101),
  second,
  L('b', 'l200', 200),
  second,
  R('b', 'r300', 300),
  second,
  L('b', 'l400', 400),
];

const LATE: readonly Input[] = [
  L('a', 'l100', 100),
  R('b', 'r100', 100),
  second,
  L('a', 'l200', 200),
  R('a', 'r100', 100),
  R('a', 'r195', 195),
  L('b', 'l100', 100),
  L('c', 'l60', 60),
  second,
  R('c', 'r205', 205),
  R('c', 'r50', 50),
  second,
  L('d', 'l260', 260),
  R('a', 'r196', 196),
  L('c', 'l190', 190),
  second,
  R('d', 'r400', 400),
  second,
  R('d', 'r401', 401),
];

const NULLS: readonly Input[] = [
  L(null, 'no key', 10),
  R(null, 'no key', 11),
  L('a', null, 12),
  R('a', null, 13),
  L(null, null, 14),
  R(null, null, 15),
  L('a', 'l', 16),
  R('a', 'r', 17),
  second,
  L(null, 'later', 100),
  second,
  R('a', null, 200),
  second,
  L('b', 'l', 201),
];

const DUPLICATES: readonly Input[] = [
  L('a', '1', 10),
  L('a', '1', 10),
  L('a', '2', 10),
  R('b', 'x', 12),
  R('b', 'y', 12),
  second,
  R('a', 'r', 12),
  R('a', 'r', 12),
  L('a', '3', 11),
  L('c', '4', 13),
  L('c', '5', 13),
  second,
  L('d', '6', 50),
  second,
  R('d', '7', 90),
  second,
  R('d', '8', 91),
];

const OUT_OF_ORDER: readonly Input[] = [
  L('a', 'l30', 30),
  L('a', 'l10', 10),
  L('b', 'l20', 20),
  L('a', 'l25', 25),
  R('c', 'r28', 28),
  R('c', 'r12', 12),
  second,
  R('a', 'r22', 22),
  R('b', 'r31', 31),
  L('c', 'l29', 29),
  second,
  R('e', 'r50', 50),
  L('e', 'l41', 41),
  L('f', 'l44', 44),
  second,
  R('g', 'r70', 70),
  second,
  L('g', 'l71', 71),
  second,
  L('h', 'l120', 120),
  second,
  L('h', 'l121', 121),
];

const MANY: readonly Input[] = [
  ...[3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8].flatMap((offset, index): Input[] => [
    (index % 2 === 0 ? L : R)(['a', 'b', 'c'][offset % 3]!, `v${index}`, 20 + index * 3 + offset),
    ...(index % 4 === 3 ? [second] : []),
  ]),
  second,
  R('z', 'end', 100),
  second,
  L('z', 'end', 200),
];

const rekeyed: Expression = when(eq(v, 'none'), null, ['tail', v, 1]);

export const streamJoins: Scenario[] = [
  ...allKinds('windows include their edges', within(10), EDGES),
  ...allKinds('only before', { beforeMs: 10, afterMs: 0, graceMs: 0 }, EDGES),
  ...allKinds('only after', { beforeMs: 0, afterMs: 10, graceMs: 5 }, EDGES),
  ...allKinds('a window that begins after the record', { beforeMs: -5, afterMs: 15, graceMs: 0 }, EDGES),
  ...allKinds('a window that ends before the record', { beforeMs: 15, afterMs: -5, graceMs: 20 }, EDGES),
  ...allKinds('a window of one instant', { beforeMs: 0, afterMs: 0, graceMs: 0 }, [L('a', 'l', 5), R('a', 'r', 5), second, R('a', 'x', 6)]),
  ...allKinds('a window of one instant with grace', { beforeMs: 0, afterMs: 0, graceMs: 3 }, [
    L('a', 'l', 5),
    R('a', 'r', 5),
    second,
    R('a', 'x', 9),
    second,
    R('a', 'y', 20),
  ]),
  ...allKinds('late records without grace', within(10), LATE),
  ...allKinds('late records within grace', within(10, 50), LATE),
  ...allKinds('records near the beginning of time', within(10), [
    L('a', 'l3', 3),
    R('a', 'r0', 0),
    R('b', 'r1', 1),
    second,
    L('b', 'l30', 30),
  ]),
  ...allKinds('records with null keys and values', within(10), NULLS),
  ...allKinds('duplicates', within(5), DUPLICATES),
  ...allKinds('duplicates with grace', within(5, 20), DUPLICATES),
  ...allKinds('out of order', within(8), OUT_OF_ORDER),
  ...allKinds('out of order with grace', within(8, 10), OUT_OF_ORDER),
  ...allKinds('many keys', within(6, 2), MANY),
  ...allKinds('many keys, asymmetric', { beforeMs: 2, afterMs: 20, graceMs: 1 }, MANY),
  ...allKinds('no results without a partner within a second', within(5), [
    L('a', 'l10', 10),
    R('b', 'r11', 11),
    L('a', 'l30', 30),
    { advanceMs: 999 },
    L('a', 'l31', 31),
    { advanceMs: 1 },
    R('b', 'r20', 20),
    R('b', 'r32', 32),
    L('c', 'l60', 60),
  ]),
  ...allKinds('names of one own', within(5), DUPLICATES, { name: 'pairs', storeName: 'kept' }),
  ...allKinds('named nodes, generated stores', within(5), DUPLICATES, { name: 'pairs' }),
  ...OPS.flatMap((op) =>
    scenario(`both sides repartitioned, ${NAMES[op]}`, {
      steps: [
        left,
        right,
        { op: 'selectKey', id: 'lk', from: 'l', fn: rekeyed },
        { op: 'map', id: 'rk', from: 'r', key: rekeyed, value: cat(v, '!') },
        { op, id: 'j', from: 'lk', with: 'rk', fn, windows: within(10), serdes: SSS },
        to('j', 'out'),
        { op: 'groupByKey', id: 'g', from: 'j', serdes: SS },
        { op: 'count', id: 'c', from: 'g', as: 'counts' },
        { op: 'toStream', id: 'cs', from: 'c' },
        to('cs', 'counts-out', SL),
      ],
      input: [
        L('x', '1a', 10),
        R('y', '2a', 12),
        L(null, '3b', 14),
        R('z', 'none', 15),
        L('z', 'none', 16),
        second,
        R('y', '4b', 60),
        second,
        L('y', '5c', 61),
        second,
        L('y', '6c', 90),
      ],
    }),
  ),
  ...scenario('one side repartitioned, with a name', {
    steps: [
      left,
      right,
      { op: 'selectKey', id: 'lk', from: 'l', fn: rekeyed },
      { op: 'streamJoin', id: 'j', from: 'lk', with: 'r', fn, windows: within(10), serdes: SSS, name: 'pairs' },
      to('j', 'out'),
    ],
    input: [L('x', '1a', 10), R('a', '2', 12), L('x', '3a', 15), R('a', '4', 26)],
  }),
  ...OPS.flatMap((op) =>
    scenario(`a stream joined with itself, ${NAMES[op]}`, {
      steps: [left, { op, id: 'j', from: 'l', with: 'l', fn, windows: within(10), serdes: SSS }, to('j', 'out')],
      input: [L('a', '1', 10), L('a', '2', 15), L('b', '3', 16), L('a', '4', 11), second, L('a', null, 30), L('a', '5', 60)],
    }),
  ),
  ...scenario('two joins of the same streams', {
    steps: [
      left,
      right,
      ...join('streamLeftJoin', within(10)),
      { op: 'streamOuterJoin', id: 'j2', from: 'r', with: 'l', fn, windows: within(3, 4), serdes: SSS },
      to('j2', 'out2'),
    ],
    input: OUT_OF_ORDER,
  }),
  ...scenario('a join of a join', {
    steps: [
      left,
      right,
      { op: 'streamLeftJoin', id: 'j', from: 'l', with: 'r', fn, windows: within(10, 5), serdes: SSS },
      { op: 'streamOuterJoin', id: 'jj', from: 'j', with: 'r', fn, windows: within(4, 20), serdes: SSS },
      to('jj', 'out'),
    ],
    input: OUT_OF_ORDER,
  }),
  ...scenario('values of other types', {
    steps: [
      left,
      stream('r', 'right', SL),
      { op: 'streamOuterJoin', id: 'j', from: 'l', with: 'r', fn, windows: within(10), serdes: ['string', 'string', 'long'] },
      to('j', 'out'),
    ],
    input: [L('a', 'l', 10), ['right', 'a', 5, 12], ['right', 'b', 7, 13], second, L('b', 'm', 40), second, ['right', 'c', 8, 80]],
  }),
  ...scenario('a joiner that returns null', {
    steps: [left, right, ...join('streamLeftJoin', within(10), { fn: when(eq(v, 'null'), null, cat(v, tv)) })],
    input: [L('a', 'null', 10), R('a', 'r', 11), L('a', 'l', 12), L('b', 'null', 13), second, L('c', 'x', 90)],
  }),
  ...scenario('an aggregate of results without a partner has their time', {
    steps: [
      left,
      right,
      { op: 'streamLeftJoin', id: 'j', from: 'l', with: 'r', fn, windows: within(10), serdes: SSS },
      { op: 'groupByKey', id: 'g', from: 'j', serdes: SS },
      { op: 'reduce', id: 'last', from: 'g', fn: v, as: 'last', storeSerdes: SS },
      { op: 'toStream', id: 'ls', from: 'last' },
      to('ls', 'out'),
    ],
    input: [L('a', '1', 10), L('b', '2', 11), second, R('c', '3', 50), R('a', '4', 15), second, L('a', '5', 51)],
  }),
  ...scenario('a joiner that throws on a result without a partner', {
    config: { processing: 'continue' },
    steps: [left, right, ...join('streamLeftJoin', within(10), { fn: when(eq(cat(v, tv), 'badnull'), ['throw', 'no'], cat(v, tv)) })],
    input: [L('a', 'one', 10), L('a', 'bad', 11), L('a', 'two', 12), second, L('b', 'x', 90), second, L('b', 'y', 91)],
  }),
];
