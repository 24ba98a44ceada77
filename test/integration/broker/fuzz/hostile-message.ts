import { RecordBatchBuilder } from '../../../../src/protocol/index.ts';
import type { Field, Shape } from '../../../../src/protocol/schema/fields.ts';
import type { SeededRandom } from '../../../unit/protocol/seeded-random.ts';

/** Topics, groups and ids that requests are about; the witness has others. */
const NAMES = ['fuzz-a', 'fuzz-b', 'fuzz-group', 'fuzz-transaction', '__consumer_offsets', '__transaction_state'];
const ODD_NAMES = ['', '.', '..', '/etc/passwd', 'a'.repeat(249), 'b'.repeat(300), 'ä 🙂', '\u0000', 'fuzz a', '__proto__', 'constructor'];
const CONFIGS = ['retention.ms', 'cleanup.policy', 'segment.bytes', 'no.such.config'];
const MEMBERS = ['', 'member', 'fuzz-member'];
const INTEGERS = [-2, -1, 0, 1, 2, 3, 7, 50];
const EDGES: Record<string, readonly number[]> = {
  int8: [-128, 127],
  int16: [-32_768, 32_767],
  int32: [-(2 ** 31), 2 ** 31 - 1],
  int64: [-(2 ** 63), 2 ** 62, Number.MAX_SAFE_INTEGER],
  uint16: [65_535],
  uint32: [2 ** 32 - 1],
};
/** Fields with which a request may keep its connection waiting, or make the broker make something that many times. */
const BOUNDED = /wait|timeout|numPartitions|^count$|replicationFactor/i;
/** Resource types of configs that reach beyond the topics above: a fuzzed broker config could rightly stop the witness. */
const TOPIC_RESOURCE = 2;

/** A well-formed message that means nonsense: any values, known and unknown names, nulls wherever they are allowed. */
export function hostileMessage(shape: Shape, version: number, random: SeededRandom): Record<string, unknown> {
  const message: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(shape)) {
    if (has(field.versions, version)) message[name] = hostileField(name, field, version, random);
  }
  return message;
}

const has = (range: { first: number; last: number } | undefined, version: number): boolean =>
  range !== undefined && version >= range.first && version <= range.last;

function hostileField(name: string, field: Field, version: number, random: SeededRandom): unknown {
  if (has(field.nullable, version) && random.chance(0.2)) return null;
  switch (field.kind) {
    case 'struct':
      return hostileMessage(field.shape ?? {}, version, random);
    case 'array':
      return Array.from({ length: random.between(0, 3) }, () => hostileField(name, field.element!, version, random));
    case 'bool':
      return random.chance(0.5);
    case 'float64':
      return random.pick([0, -1, Number.NaN, Number.POSITIVE_INFINITY, 0.5]);
    case 'string':
      return hostileString(name, random);
    case 'uuid':
      return random.pick([Buffer.alloc(16), random.bytes(16)]);
    case 'bytes':
      return random.bytes(random.pick([0, 1, 16, 300]));
    case 'records':
      return hostileRecords(random);
    default:
      return hostileInteger(name, field.kind, random);
  }
}

function hostileString(name: string, random: SeededRandom): string {
  if (/config.*name|^name$/i.test(name) && random.chance(0.3)) return random.pick(CONFIGS);
  if (/member/i.test(name)) return random.pick(MEMBERS);
  if (random.chance(0.75)) return random.pick(NAMES);
  return random.chance(0.7) ? random.pick(ODD_NAMES) : random.bytes(random.between(0, 40)).toString('latin1');
}

function hostileInteger(name: string, kind: string, random: SeededRandom): number {
  if (/resourceType/i.test(name)) return TOPIC_RESOURCE;
  if (BOUNDED.test(name) || random.chance(0.6)) return random.pick(INTEGERS);
  return random.pick(EDGES[kind] ?? INTEGERS);
}

/** A good batch, several, a damaged one, one that lies in its header, or no batch at all. */
function hostileRecords(random: SeededRandom): Buffer {
  const builder = new RecordBatchBuilder();
  for (let count = random.between(1, 5); count > 0; count--) builder.append(random.between(-5, 1e12), random.bytes(3), random.bytes(20));
  const producer = random.chance(0.4)
    ? { producerId: random.between(0, 5), producerEpoch: random.between(-1, 3), baseSequence: random.between(-1, 9) }
    : {};
  const compression = random.pick(['none', 'none', 'gzip', 'snappy', 'lz4', 'zstd'] as const);
  const batch = Buffer.from(builder.build({ ...producer, compression, transactional: random.chance(0.2), control: random.chance(0.05) }));
  switch (random.between(0, 5)) {
    case 0:
      return Buffer.concat([batch, batch]);
    case 1:
      batch[random.between(0, batch.length - 1)]! ^= 1 << random.between(0, 7);
      return batch;
    case 2:
      return batch.subarray(0, random.between(0, batch.length));
    case 3:
      return random.bytes(random.between(0, 200));
    default:
      return batch;
  }
}
