import type { Input, Scenario, SerdeName } from '../scenario.ts';
import { cat, changesTo, k, scenario, stream, to, v } from './shorthand.ts';

/** A value is read, counted by, kept in a changelog and written again. */
function roundTrip(serde: SerdeName, values: readonly (string | number | boolean)[]): Scenario[] {
  return scenario(`bytes of ${serde}`, {
    config: { defaultSerdes: [serde, serde] },
    steps: [
      stream('s', 'in', [serde, serde]),
      { op: 'peek', id: 'p', from: 's', fn: serde === 'double' || serde === 'float' ? 'seen' : cat(k, ' ', v) },
      to('p', 'out', [serde, serde]),
      { op: 'mapValues', id: 'm', from: 's', fn: v },
      { op: 'groupByKey', id: 'g', from: 'm', serdes: [serde, serde] },
      { op: 'reduce', id: 'r', from: 'g', fn: v, as: 'kept', storeSerdes: [serde, serde] },
      ...changesTo('r', 'reduced', [serde, serde]),
      { op: 'count', id: 'c', from: 'g', as: 'counts' },
      ...changesTo('c', 'counts-out', [serde, 'long']),
    ],
    input: [...values.flatMap((value, at): Input[] => [['in', value, value, at]]), ['in', values[0]!, null, 100]],
  });
}

export const formats: Scenario[] = [
  ...roundTrip('string', ['', 'a', 'ß', '€', '😀', '\u0000', 'a b', '0xff']),
  ...roundTrip('long', [0, 1, -1, 255, 4294967296, 9007199254740991, -9007199254740991]),
  ...roundTrip('biglong', ['0', '1', '-1', '9223372036854775807', '-9223372036854775808']),
  ...roundTrip('int', [0, 1, -1, 2147483647, -2147483648]),
  ...roundTrip('short', [0, 1, -1, 32767, -32768]),
  ...roundTrip('boolean', [true, false]),
  ...roundTrip('uuid', [
    '00000000-0000-0000-0000-000000000000',
    '123e4567-e89b-12d3-a456-426614174000',
    'ffffffff-ffff-ffff-ffff-ffffffffffff',
  ]),
  ...scenario('bytes of doubles and floats', {
    steps: [
      stream('d', 'doubles', ['string', 'double']),
      { op: 'filter', id: 'f', from: 'd', fn: ['not', ['isNull', v]] },
      { op: 'mapValues', id: 'm', from: 'f', fn: v },
      to('m', 'double-out', ['string', 'double']),
      stream('e', 'floats', ['string', 'float']),
      { op: 'mapValues', id: 'n', from: 'e', fn: v },
      to('n', 'float-out', ['string', 'float']),
    ],
    input: ['0', '1', '-1', '0.1', '-0', '1e300', '5e-324', 'Infinity', '-Infinity', '3.4028234663852886e38', '16777217'].flatMap(
      (value, at): Input[] => [
        ['doubles', 'k', value, at],
        ['floats', 'k', value, at],
      ],
    ),
  }),
  ...scenario('windowed keys that are read', {
    steps: [
      stream('s', 'in', ['windowed:string:10', 'string']),
      { op: 'peek', id: 'p', from: 's', fn: k },
      { op: 'map', id: 'm', from: 'p', key: ['start', k], value: ['inner', k] },
      to('m', 'out', ['long', 'string']),
    ],
    input: [
      ['in', { hex: '61000000000000000a' }, 'x', 1],
      ['in', { hex: '0000000000000000' }, 'y', 2],
    ],
  }),
];
