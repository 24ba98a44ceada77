import type { Action, Scenario, Step } from '../scenario.ts';
import { bothWays, cat, eq, isNull, k, not, SS, scenario, stream, to, v, when } from './shorthand.ts';

const store = (kind: 'keyValue' | 'timestampedKeyValue' = 'keyValue', more: Partial<Extract<Step, { op: 'store' }>> = {}): Step => ({
  op: 'store',
  store: 'kv',
  kind,
  serdes: SS,
  ...more,
});
const windowStore = (kind: 'window' | 'timestampedWindow', more: Partial<Extract<Step, { op: 'store' }>> = {}): Step => ({
  op: 'store',
  store: 'win',
  kind,
  serdes: SS,
  windowSizeMs: 10,
  retentionMs: 30,
  ...more,
});
const process = (actions: readonly Action[], stores: readonly string[] = [], init: readonly Action[] = []): Step => ({
  op: 'process',
  id: 'p',
  from: 's',
  script: { init, process: actions },
  stores,
});
const call = (...operands: (string | readonly string[] | number)[]) => ['call', ...operands] as never;
const punctuation = (type: 'stream-time' | 'wall-clock-time', intervalMs: number, label: string, limit = 0): Action => [
  'schedule',
  intervalMs,
  type,
  limit,
  [['forward', label, cat(['ts'], ' stream ', call('streamTime'), ' wall ', call('wallTime'), ' ', call('origin'))]],
];

export const processors: Scenario[] = [
  ...bothWays('a key-value store of one own: put, get, delete, putIfAbsent, scans', {
    steps: [
      stream('s', 'in'),
      store('keyValue', { caching: true }),
      process(
        [
          ['forward', 'before', call('get', 'kv', ['k'])],
          [
            'if',
            eq(v, 'delete'),
            [['forward', 'deleted', call('delete', 'kv', ['k'])]],
            [['if', eq(v, 'absent'), [['putIfAbsent', 'kv', k, 'was absent']], [['put', 'kv', k, v]]]],
          ],
          [
            'if',
            eq(v, 'scan'),
            [
              ['scan', 'kv', 'all'],
              ['scan', 'kv', 'reverseAll'],
              ['scan', 'kv', 'range', 'b', 'd'],
              ['scan', 'kv', 'reverseRange', null, 'c'],
              ['scan', 'kv', 'range', 'c', null],
              ['scan', 'kv', 'prefix', 'b'],
            ],
          ],
        ],
        ['kv'],
      ),
      to('p', 'out'),
    ],
    input: [
      ['in', 'b', '1', 10],
      ['in', 'a', '2', 11, [['h', '1']]],
      ['in', 'd', '3', 12],
      ['in', 'bb', '4', 5],
      ['in', 'ä', '5', 13],
      ['in', 'b', 'absent', 14],
      ['in', 'c', 'absent', 15],
      ['in', 'd', 'delete', 16],
      ['in', 'd', 'delete', 17],
      ['in', 'e', 'scan', 18],
      ['in', 'a', null, 19],
      ['in', 'e', 'scan', 20],
    ],
  }),
  ...bothWays('a store with timestamps of one own', {
    steps: [
      stream('s', 'in'),
      store('timestampedKeyValue'),
      process(
        [
          ['forward', 'before', call('getTimestamped', 'kv', ['k'])],
          ['if', isNull(v), [['trace', cat('null ', k)]], [['putTimestamped', 'kv', k, v, ['add', ['ts'], 1000]]]],
        ],
        ['kv'],
      ),
      to('p', 'out'),
    ],
    input: [
      ['in', 'a', '1', 10],
      ['in', 'a', '2', 5],
      ['in', 'b', null, 6],
      ['in', 'a', '3', 7],
    ],
  }),
  ...bothWays('a window store of one own', {
    steps: [
      stream('s', 'in'),
      windowStore('window'),
      process(
        [
          ['if', not(eq(v, 'scan')), [['putWindow', 'win', k, v, ['ts']]]],
          ['forward', 'same', call('fetch', 'win', ['k'], ['ts'] as never)],
          [
            'if',
            eq(v, 'scan'),
            [
              ['scanWindows', 'win', 'all'],
              ['scanWindows', 'win', 'fetch', 'a', 0, 100],
              ['scanWindows', 'win', 'backwardFetch', 'a', 0, 100],
              ['scanWindows', 'win', 'fetch', 'a', 12, 20],
              ['scanWindows', 'win', 'fetchAll', 5, 20],
              ['scanWindows', 'win', 'fetchRange', 'a', 'b', 0, 30],
              ['scanWindows', 'win', 'backwardAll'],
            ],
          ],
        ],
        ['win'],
      ),
      to('p', 'out'),
    ],
    input: [
      ['in', 'a', '1', 10],
      ['in', 'b', '2', 10],
      ['in', 'a', '3', 12],
      ['in', 'a', '4', 20],
      ['in', 'c', '5', 5],
      ['in', 'a', '6', 10],
      ['in', 'x', 'scan', 20],
      ['in', 'a', '7', 38],
      ['in', 'x', 'scan', 38],
      ['in', 'a', 'edge', 9],
      ['in', 'b', null, 10],
      ['in', 'x', 'scan', 39],
      ['in', 'a', '8', 45],
      ['in', 'x', 'scan', 45],
    ],
  }),
  ...bothWays('a put into a window that has expired', {
    steps: [
      stream('s', 'in'),
      windowStore('window'),
      process(
        [
          ['putWindow', 'win', k, v, ['ts']],
          ['forward', k, call('fetch', 'win', ['k'], ['ts'] as never)],
        ],
        ['win'],
      ),
      to('p', 'out'),
    ],
    input: [
      ['in', 'a', '1', 38],
      ['in', 'a', 'expired', 8],
      ['in', 'a', 'edge', 9],
    ],
  }),
  ...scenario('a window store that keeps duplicates', {
    steps: [
      stream('s', 'in'),
      windowStore('window', { retainDuplicates: true }),
      process(
        [
          ['putWindow', 'win', k, v, ['ts']],
          ['scanWindows', 'win', 'fetch', 'a', 0, 100],
        ],
        ['win'],
      ),
      to('p', 'out'),
    ],
    input: [
      ['in', 'a', '1', 10],
      ['in', 'a', '2', 10],
      ['in', 'b', '3', 10],
      ['in', 'a', '3', 9],
      ['in', 'a', '4', 10],
      ['in', 'a', null, 10],
    ],
  }),
  ...scenario('a window store with timestamps of one own', {
    steps: [
      stream('s', 'in'),
      windowStore('timestampedWindow'),
      process(
        [
          ['forward', 'before', call('fetchTimestamped', 'win', ['k'], 10)],
          ['putTimestampedWindow', 'win', k, v, ['ts'], 10],
        ],
        ['win'],
      ),
      to('p', 'out'),
    ],
    input: [
      ['in', 'a', '1', 10],
      ['in', 'a', '2', 15],
      ['in', 'a', '3', 12],
    ],
  }),
  ...scenario('forward with timestamp and headers, and what the rest inherits', {
    steps: [
      stream('s', 'in'),
      process([
        ['forward', k, v],
        ['forward', k, call('headers'), { ts: ['add', ['ts'], 5] }],
        [
          'forward',
          k,
          call('origin'),
          {
            headers: [
              ['mine', v],
              ['none', null],
            ],
          },
        ],
        ['forward', k, v],
        ['commit'],
      ]),
      { op: 'mapValues', id: 'm', from: 'p', fn: cat(v, '.') },
      to('m', 'out'),
    ],
    input: [
      [
        'in',
        'a',
        '1',
        10,
        [
          ['h', 'x'],
          ['h', null],
        ],
      ],
      ['in', null, null, 3],
    ],
  }),
  ...scenario('processValues keeps the key', {
    steps: [
      stream('s', 'in'),
      store(),
      {
        op: 'processValues',
        id: 'p',
        from: 's',
        script: {
          process: [
            ['forward', 'ignored', call('get', 'kv', ['k'])],
            ['put', 'kv', k, v],
            ['forward', 'ignored', v, { ts: 1, headers: [] }],
          ],
        },
        stores: ['kv'],
      },
      { op: 'groupByKey', id: 'g', from: 'p', serdes: SS },
      { op: 'count', id: 'c', from: 'g', as: 'counts' },
      { op: 'toStream', id: 'o', from: 'c' },
      to('o', 'out', ['string', 'long']),
    ],
    input: [
      ['in', 'a', '1', 10, [['h', 'x']]],
      ['in', 'a', '2', 20],
      ['in', 'b', null, 30],
    ],
  }),
  ...scenario('stream time punctuation (W10)', {
    steps: [stream('s', 'in'), process([['forward', k, v]], [], [punctuation('stream-time', 10, 'tick')]), to('p', 'out')],
    input: [
      ['in', 'a', '1', 25],
      ['in', 'a', '2', 29],
      ['in', 'a', '3', 30],
      ['in', 'a', '4', 61],
      ['in', 'a', '5', 50],
      ['in', 'a', '6', 69],
      ['in', 'a', '7', 70],
      { advanceMs: 1000 },
    ],
  }),
  ...scenario('stream time punctuation from zero', {
    steps: [stream('s', 'in'), process([['forward', k, v]], [], [punctuation('stream-time', 7, 'tick')]), to('p', 'out')],
    input: [
      ['in', 'a', '1', 0],
      ['in', 'a', '2', 6],
      ['in', 'a', '3', 7],
      ['in', 'a', '4', 8],
      ['in', 'a', '5', 20],
      ['in', 'a', '6', 21],
    ],
  }),
  ...scenario('wall-clock punctuation', {
    steps: [
      stream('s', 'in'),
      process(
        [['forward', k, cat(v, ' ', call('wallTime'))]],
        [],
        [punctuation('wall-clock-time', 100, 'tick'), punctuation('wall-clock-time', 30, 'twice', 2)],
      ),
      to('p', 'out'),
    ],
    input: [
      { advanceMs: 29 },
      ['in', 'a', '1', 5],
      { advanceMs: 1 },
      { advanceMs: 69 },
      { advanceMs: 1 },
      { advanceMs: 350 },
      ['in', 'a', '2', 3],
      { advanceMs: 50 },
    ],
  }),
  ...scenario('punctuation scheduled by a record; several at one time', {
    steps: [
      stream('s', 'in'),
      process(
        [
          ['if', eq(v, 'schedule'), [punctuation('stream-time', 10, 'later'), punctuation('wall-clock-time', 10, 'wall')]],
          ['forward', k, v],
        ],
        [],
        [punctuation('stream-time', 20, 'b', 2), punctuation('stream-time', 10, 'a')],
      ),
      to('p', 'out'),
    ],
    input: [
      ['in', 'a', '1', 5],
      { advanceMs: 5 },
      ['in', 'a', 'schedule', 15],
      { advanceMs: 9 },
      ['in', 'a', '2', 16],
      { advanceMs: 1 },
      ['in', 'a', '3', 40],
      ['in', 'a', '4', 41],
      { advanceMs: 95 },
      ['in', 'a', '5', 60],
      ['in', 'a', '6', 200],
    ],
  }),
  ...scenario('punctuations due at the same time', {
    steps: [
      stream('s', 'in'),
      process(
        [],
        [],
        [
          punctuation('stream-time', 20, 'b'),
          punctuation('stream-time', 10, 'a'),
          punctuation('stream-time', 10, 'c'),
          punctuation('stream-time', 5, 'd', 4),
        ],
      ),
      to('p', 'out'),
    ],
    input: [5, 15, 40, 45, 81, 82, 90, 121].map((ts) => ['in', 'k', 'v', ts] as const),
  }),
  ...scenario('punctuation scheduled by a punctuator', {
    steps: [
      stream('s', 'in'),
      process(
        [['forward', k, v]],
        [],
        [
          [
            'schedule',
            10,
            'stream-time',
            1,
            [
              ['forward', 'outer', ['text', ['ts']]],
              ['schedule', 100, 'stream-time', 0, [['forward', 'inner', ['text', ['ts']]]]],
            ],
          ],
          [
            'schedule',
            10,
            'wall-clock-time',
            2,
            [['forward', 'wall', ['text', ['ts']]], punctuation('wall-clock-time', 7, 'wall inner', 3)],
          ],
        ],
      ),
      to('p', 'out'),
    ],
    input: [
      ['in', 'a', '1', 5],
      ['in', 'a', '2', 25],
      { advanceMs: 10 },
      ['in', 'a', '3', 120],
      { advanceMs: 8 },
      { advanceMs: 8 },
      { advanceMs: 80 },
    ],
  }),
  ...scenario('what comes after a new timestamp and new headers sees them', {
    steps: [
      stream('s', 'in'),
      store(),
      process(
        [
          ['forward', k, v, { ts: ['add', ['ts'], 100], headers: [['mine', v]] }],
          ['forward', k, cat(v, ' as it was')],
        ],
        [],
      ),
      {
        op: 'process',
        id: 'q',
        from: 'p',
        script: {
          process: [
            ['put', 'kv', cat(k, v), v],
            ['forward', k, cat(v, ' ', call('headers'), ' ', call('origin'))],
          ],
        },
        stores: ['kv'],
      },
      { op: 'to', from: 'q', topic: cat('at-', ['ts']), serdes: SS },
    ],
    input: [
      ['in', 'a', '1', 10, [['h', 'x']]],
      ['in', 'b', '2', 5],
      ['in', 'a', null, 1],
    ],
  }),
  ...bothWays('a table behind new timestamps and headers', {
    steps: [
      stream('s', 'in'),
      store(),
      {
        op: 'processValues',
        id: 'p',
        from: 's',
        script: { process: [['forward', k, v, { ts: ['add', ['ts'], 100], headers: [['mine', v]] }]] },
      },
      { op: 'groupByKey', id: 'g', from: 'p', serdes: SS },
      { op: 'reduce', id: 'r', from: 'g', fn: when(eq(v, 'clear'), null, v), as: 'rows' },
      { op: 'toStream', id: 'o', from: 'r' },
      {
        op: 'process',
        id: 'q',
        from: 'o',
        script: {
          process: [
            ['put', 'kv', k, v],
            ['forward', k, cat(v, ' ', call('headers'), ' ', call('origin'))],
          ],
        },
        stores: ['kv'],
      },
      { op: 'to', from: 'q', topic: cat('at-', ['ts']), serdes: SS },
    ],
    input: [
      ['in', 'a', '1', 10, [['h', 'x']]],
      ['in', 'a', '2', 5],
      ['in', 'a', 'clear', 7, [['h', 'y']]],
      ['in', 'a', '3', 1],
    ],
  }),
  ...bothWays('punctuators write to stores that a table is made of', {
    steps: [
      stream('s', 'in'),
      store('keyValue', { caching: true }),
      process(
        [['put', 'kv', k, v]],
        ['kv'],
        [
          [
            'schedule',
            10,
            'stream-time',
            0,
            [
              ['put', 'kv', 'tick', ['text', ['ts']]],
              ['scan', 'kv', 'all'],
            ],
          ],
        ],
      ),
      { op: 'toTable', id: 't', from: 'p', as: 'seen', storeSerdes: SS },
      { op: 'toStream', id: 'o', from: 't' },
      to('o', 'out'),
    ],
    input: [
      ['in', 'a', '1', 5, [['h', '1']]],
      ['in', 'b', '2', 8],
      ['in', 'a', '3', 12],
      ['in', 'c', '4', 31],
    ],
  }),
  ...scenario('low-level API: forward to one child', {
    steps: [
      { op: 'addSource', name: 'source', topics: ['in'], serdes: SS },
      {
        op: 'addProcessor',
        name: 'router',
        parents: ['source'],
        script: {
          process: [
            [
              'if',
              eq(v, 'left'),
              [['forward', k, v, { child: 'left' }]],
              [['if', eq(v, 'right'), [['forward', k, v, { child: 'right-sink' }]], [['forward', k, v]]]],
            ],
          ],
        },
      },
      { op: 'addProcessor', name: 'left', parents: ['router'], script: { process: [['forward', k, cat(v, ' seen')]] } },
      { op: 'addSink', name: 'left-sink', parents: ['left'], topic: 'left-out', serdes: SS },
      { op: 'addSink', name: 'right-sink', parents: ['router'], topic: 'right-out', serdes: SS },
      { op: 'addSink', name: 'both-sink', parents: ['left', 'router'], topic: 'both-out', serdes: SS },
    ],
    input: [
      ['in', 'a', 'left', 1],
      ['in', 'b', 'right', 2],
      ['in', 'c', 'both', 3],
      ['in', 'd', null, 4],
    ],
  }),
  ...scenario('low-level API: forward to a child that is none', {
    steps: [
      { op: 'addSource', name: 'source', topics: ['in'], serdes: SS },
      { op: 'addProcessor', name: 'router', parents: ['source'], script: { process: [['forward', k, v, { child: v as string }]] } },
      { op: 'addSink', name: 'sink', parents: ['router'], topic: 'out', serdes: SS },
    ],
    input: [['in', 'a', '1', 1]],
  }),
  ...scenario('low-level API: a shared store, two sources, a dynamic sink', {
    steps: [
      { op: 'addSource', name: 'words', topics: ['words'], serdes: SS },
      { op: 'addSource', name: 'asks', topics: ['asks', 'more-asks'], serdes: SS, timestamp: ['add', ['ts'], 1] },
      {
        op: 'addProcessor',
        name: 'keeper',
        parents: ['words'],
        script: {
          process: [
            ['put', 'kv', k, cat(call('get', 'kv', ['k']), ',', v)],
            ['forward', k, v],
          ],
        },
      },
      {
        op: 'addProcessor',
        name: 'teller',
        parents: ['asks', 'keeper'],
        script: { process: [['forward', k, cat(call('get', 'kv', ['k']), ' ', call('origin'))]] },
      },
      { op: 'store', store: 'kv', kind: 'keyValue', serdes: SS, processors: ['keeper', 'teller'] },
      { op: 'addSink', name: 'sink', parents: ['teller'], topic: cat('out-', when(eq(k, 'a'), 'a', 'rest')), serdes: SS },
    ],
    input: [
      ['words', 'a', '1', 10],
      ['asks', 'a', '?', 5],
      ['words', 'a', '2', 7],
      ['more-asks', 'a', '?', 8],
      ['asks', 'b', null, 9],
      ['words', 'b', '3', 9],
    ],
  }),
  ...scenario('a global store with a processor of one own', {
    steps: [
      {
        op: 'addGlobalStore',
        store: 'kv',
        kind: 'keyValue',
        serdes: SS,
        logging: false,
        topic: 'settings',
        sourceSerdes: SS,
        script: { process: [['put', 'kv', k, cat('set ', v)]] },
      },
      stream('s', 'in'),
      process([['forward', k, call('get', 'kv', ['k'])]]),
      to('p', 'out'),
    ],
    input: [
      ['in', 'a', '1', 1],
      ['settings', 'a', 'x', 100],
      ['in', 'a', '2', 2],
      ['settings', 'b', 'y', 50],
      ['in', 'b', '3', 3],
    ],
  }),
];
