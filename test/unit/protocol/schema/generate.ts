import { INT64_MAX } from '../../../../src/protocol/index.ts';
import type { Field, Shape } from '../../../../src/protocol/schema/fields.ts';
import type { SeededRandom } from '../seeded-random.ts';

const has = (range: { first: number; last: number } | undefined, version: number) =>
  range !== undefined && version >= range.first && version <= range.last;

/** A random value of a shape in which only fields that `version` has are set. */
export function generate(shape: Shape, version: number, random: SeededRandom): Record<string, unknown> {
  const value: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(shape)) {
    if (has(field.versions, version)) value[name] = generateField(field, version, random);
  }
  return value;
}

function generateField(field: Field, version: number, random: SeededRandom): unknown {
  if (has(field.nullable, version) && random.chance(0.2)) return null;
  if (field.kind === 'struct') return generate(field.shape ?? {}, version, random);
  if (field.kind === 'array') {
    const element = field.element!;
    return Array.from({ length: random.between(0, 3) }, () => generateField(element, version, random));
  }
  return PRIMITIVES[field.kind](random);
}

const PRIMITIVES: Record<Exclude<Field['kind'], 'array' | 'struct'>, (random: SeededRandom) => unknown> = {
  bool: (random) => random.chance(0.5),
  int8: (random) => random.between(-128, 127),
  int16: (random) => random.pick([0, -1, -32768, 32767, random.between(-32768, 32767)]),
  int32: (random) => random.pick([0, -1, -(2 ** 31), 2 ** 31 - 1, random.between(-(2 ** 31), 2 ** 31 - 1)]),
  int64: (random) => random.pick([0, -1, -(2 ** 63), INT64_MAX, Number.MAX_SAFE_INTEGER, random.between(0, 2 ** 50)]),
  uint16: (random) => random.between(0, 65535),
  uint32: (random) => random.between(0, 2 ** 32 - 1),
  float64: (random) => random.next() * 1000,
  string: (random) => random.pick(['', 'a', 'topic-1', 'grüße 🙂', 'x'.repeat(127), 'y'.repeat(200)]),
  uuid: (random) => random.bytes(16),
  bytes: (random) => random.bytes(random.pick([0, 1, 130])),
  records: (random) => random.bytes(random.pick([0, 1, 130, 3000])),
};

/** What decoding must give for a generated value: fields that were not set have their default. */
export function withDefaults(shape: Shape, value: Record<string, unknown>): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(shape)) {
    result[name] = name in value ? fillField(field, value[name]) : defaultOf(field);
  }
  return result;
}

function fillField(field: Field, value: unknown): unknown {
  if (value === null) return null;
  if (field.kind === 'struct') return withDefaults(field.shape ?? {}, value as Record<string, unknown>);
  if (field.kind === 'array') return (value as unknown[]).map((item) => fillField(field.element!, item));
  return value;
}

function defaultOf(field: Field): unknown {
  if (field.default !== undefined) return field.default;
  if (field.kind === 'struct') return withDefaults(field.shape ?? {}, {});
  if (field.kind === 'array') return [];
  if (field.kind === 'string') return '';
  if (field.kind === 'bool') return false;
  if (field.kind === 'uuid') return Buffer.alloc(16);
  if (field.kind === 'bytes' || field.kind === 'records') return Buffer.alloc(0);
  return 0;
}

/** Text to compare by; much faster than comparing deeply, and buffers show as hex. */
export function asText(value: unknown): string {
  return JSON.stringify(
    value,
    (_, item: unknown) => {
      const bytes = item as { type?: string; data?: number[] } | null;
      return bytes?.type === 'Buffer' ? `hex:${Buffer.from(bytes.data ?? []).toString('hex')}` : item;
    },
    1,
  );
}
