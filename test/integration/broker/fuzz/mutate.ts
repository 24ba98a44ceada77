import type { SeededRandom } from '../../../unit/protocol/seeded-random.ts';

/** What lies before a request's body: length, key, version, correlation id. */
const PREFIX_BYTES = 12;
const INT32_EDGES = [-(2 ** 31), -2, -1, 0, 1, 0x7fff, 0x7fff_ffff, 0x00ff_ffff];
const VARINT_EDGES = ['00', '01', '7f', '8000', 'ffffffff07', 'ffffffff0f', '80808080808080808001', 'ffffffffffffffffffff'];

export interface MutatedFrame {
  readonly bytes: Buffer;
  /** What was done to it, for a failure's message. */
  readonly how: string;
  /** The frame's length field is right: the broker must answer, or close the connection. */
  readonly isWhole: boolean;
}

type Mutation = (frame: Buffer, random: SeededRandom) => Buffer;

/** Changes of the bytes of a valid request; the length field is made right again afterwards. */
const MUTATIONS: Readonly<Record<string, Mutation>> = {
  'as it is': (frame) => frame,
  'int32 replaced': (frame, random) => {
    if (frame.length >= PREFIX_BYTES + 4) frame.writeInt32BE(random.pick(INT32_EDGES), random.between(PREFIX_BYTES, frame.length - 4));
    return frame;
  },
  'int16 replaced': (frame, random) => {
    if (frame.length >= PREFIX_BYTES + 2)
      frame.writeInt16BE(random.pick([-32_768, -1, 0, 0x7fff]), random.between(PREFIX_BYTES, frame.length - 2));
    return frame;
  },
  'varint replaced': (frame, random) => {
    const at = random.between(Math.min(PREFIX_BYTES, frame.length), frame.length);
    return Buffer.concat([frame.subarray(0, at), Buffer.from(random.pick(VARINT_EDGES), 'hex'), frame.subarray(at + 1)]);
  },
  'bits flipped': (frame, random) => {
    for (let count = random.between(1, 6); count > 0 && frame.length > PREFIX_BYTES; count--) {
      frame[random.between(PREFIX_BYTES, frame.length - 1)]! ^= 1 << random.between(0, 7);
    }
    return frame;
  },
  'bytes removed': (frame, random) => {
    const at = random.between(Math.min(PREFIX_BYTES, frame.length), frame.length);
    return Buffer.concat([frame.subarray(0, at), frame.subarray(at + random.between(1, 8))]);
  },
  'bytes put in': (frame, random) => {
    const at = random.between(Math.min(PREFIX_BYTES, frame.length), frame.length);
    return Buffer.concat([frame.subarray(0, at), random.bytes(random.between(1, 40)), frame.subarray(at)]);
  },
  'cut off': (frame, random) => frame.subarray(0, random.between(PREFIX_BYTES, frame.length)),
  'cut off in the header': (frame, random) =>
    Buffer.concat([frame.subarray(0, random.between(4, PREFIX_BYTES)), Buffer.alloc(random.between(0, 4))]),
  'something behind it': (frame, random) => Buffer.concat([frame, random.bytes(random.between(1, 1000))]),
  'body of random bytes': (frame, random) => Buffer.concat([frame.subarray(0, PREFIX_BYTES), random.bytes(random.between(0, 300))]),
  'another version': (frame, random) => {
    if (frame.length < PREFIX_BYTES) return frame;
    frame.writeInt16BE(random.pick([-1, 0, 1, 2, 5, 9, 12, 20, 0x7fff]), 6);
    return frame;
  },
  'another key': (frame, random) => {
    if (frame.length < PREFIX_BYTES) return frame;
    frame.writeInt16BE(random.pick([-1, 4, 5, 6, 7, 38, 52, 58, 70, 71, 90, 999, 0x7fff, random.between(0, 80)]), 4);
    return frame;
  },
};

/** A valid frame with one or two things wrong, or one whose length field lies. */
export function mutate(valid: Buffer, random: SeededRandom): MutatedFrame {
  let bytes = Buffer.from(valid);
  const names = Array.from({ length: random.between(1, 2) }, () => random.pick(Object.keys(MUTATIONS)));
  for (const name of names) bytes = Buffer.from(MUTATIONS[name]!(bytes, random));
  if (bytes.length < 4) bytes = Buffer.alloc(4);
  bytes.writeInt32BE(bytes.length - 4, 0);
  const how = names.join(', ');
  if (!random.chance(0.08)) return { bytes, how, isWhole: true };
  bytes.writeInt32BE(random.pick([...INT32_EDGES, bytes.length, bytes.length - 5, 100 * 1024 * 1024]), 0);
  return { bytes, how: `${how}, length field ${bytes.readInt32BE(0)}`, isWhole: false };
}
