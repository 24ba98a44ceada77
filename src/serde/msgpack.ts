import { Packr, RESET_BUFFER_MODE, REUSE_BUFFER_MODE } from 'msgpackr';
import { MillraceError } from '../errors.ts';
import { copyRange } from './copy-range.ts';
import type { Serde } from './serde.ts';
import { deserializationFailed, serializationFailed } from './serde-errors.ts';

/** Ids 0x40 to 0x5f stand for declared records; the other half of the range stays free for inline ones. */
const MAX_RECORDS = 32;
const IN_PLACE = REUSE_BUFFER_MODE | RESET_BUFFER_MODE;

/**
 * msgpackr makes a DataView for every buffer it has not seen before, which costs as much as decoding a small value. So
 * most values are copied into one that it knows.
 */
const INPUT_BYTES = 4096;
const input: Buffer = Buffer.allocUnsafeSlow(INPUT_BYTES);

export interface MsgpackOptions {
  /**
   * Shapes of the objects that are written most, each as its property names in the order in which the objects have
   * them. Such an object takes one byte instead of its property names, and is written and read several times faster.
   * All writers and readers of a topic must declare the same list: it is part of the format. It may grow at its end
   * (readers first), and never change otherwise. Objects of other shapes may still be written. At most 32.
   */
  readonly records?: readonly (readonly string[])[];
}

/** What Packr's pack() returns in REUSE_BUFFER_MODE: its own buffer, and where the bytes are. */
interface PackedInPlace extends Buffer {
  start: number;
  end: number;
}

/**
 * MessagePack by msgpackr. Dates, Maps (with `records`), Sets, bigints and Uint8Arrays survive the round trip.
 *
 * Without `records` the bytes are plain MessagePack that any implementation reads. With it, declared shapes use
 * msgpackr's record extension. The list is frozen: nothing is ever learnt from the data, so what one process wrote,
 * every other with the same declaration reads.
 */
export function msgpack<T = unknown>(options: MsgpackOptions = {}): Serde<T> {
  const records = options.records ?? [];
  checkRecords(records);
  const name = records.length === 0 ? 'msgpack' : `msgpack(${records.map((keys) => keys.join(',')).join('|')})`;
  const packr = makePackr(records);

  const fail = (value: unknown, topic: string, cause: unknown): MillraceError =>
    serializationFailed(name, topic, 'a value that MessagePack can write', value, cause);

  const unpack = (data: Uint8Array, start: number, end: number, topic: string): T => {
    const length = end - start;
    try {
      if (length > INPUT_BYTES) return packr.unpack(data.subarray(start, end));
      copyRange(data, start, input, 0, length);
      return packr.unpack(input, length);
    } catch (error) {
      const own = data.subarray(start, end);
      throw deserializationFailed(name, topic, error instanceof Error ? error.message : String(error), own, error);
    }
  };

  return {
    name,
    serialize(value, topic) {
      if (value === undefined || typeof value === 'function') throw fail(value, topic, undefined);
      try {
        return packr.pack(value);
      } catch (error) {
        throw fail(value, topic, error);
      }
    },
    deserialize(data, topic) {
      return unpack(data, 0, data.length, topic);
    },
    deserializeRange: unpack,
    writeInto(value, target, offset, room) {
      if (value === undefined || typeof value === 'function') throw fail(value, '', undefined);
      let packed: PackedInPlace;
      try {
        packed = packr.pack(value, IN_PLACE) as PackedInPlace;
      } catch (error) {
        throw fail(value, '', error);
      }
      const size = packed.end - packed.start;
      if (size > room) return -1;
      copyRange(packed, packed.start, target, offset, size);
      return size;
    },
  };
}

function makePackr(records: readonly (readonly string[])[]): Packr {
  // copyBuffers: decoded bytes must not be views of a batch that is recycled.
  if (records.length === 0) return new Packr({ useRecords: false, moreTypes: true, copyBuffers: true });
  return new Packr({
    // msgpackr marks up the arrays it is given, so it gets its own. With as many shared structures allowed as there
    // are declared, none is ever added: other shapes are described inside the message that has them.
    structures: records.map((keys) => [...keys]),
    maxSharedStructures: records.length,
    moreTypes: true,
    copyBuffers: true,
  });
}

function checkRecords(records: readonly (readonly string[])[]): void {
  if (records.length > MAX_RECORDS) {
    throw new MillraceError(
      'INVALID_CONFIG',
      `msgpack() takes at most ${MAX_RECORDS} records but got ${records.length}. Declare only the most frequent shapes.`,
    );
  }
  const seen = new Set<string>();
  for (const keys of records) {
    const shape = JSON.stringify(keys);
    if (keys.length === 0 || new Set(keys).size !== keys.length || seen.has(shape)) {
      throw new MillraceError(
        'INVALID_CONFIG',
        `msgpack() got the record ${shape}, which is empty, repeats a name, or is declared twice. Remove it.`,
      );
    }
    seen.add(shape);
  }
}
