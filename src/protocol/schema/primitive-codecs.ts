import type { Codec } from './codec.ts';
import type { PrimitiveKind } from './fields.ts';
import { FrameError, malformed } from './frame-error.ts';
import type { WireReader } from './reader.ts';
import type { WireWriter } from './writer.ts';

const MAX_INT16 = 0x7fff;
const UUID_BYTES = 16;

/** How one primitive kind is read and written in one version; null is dealt with here for those that have it. */
interface PrimitiveIo {
  read(reader: WireReader): unknown;
  write(writer: WireWriter, value: unknown): void;
  readonly zero: unknown;
  readonly minBytes: number;
}

const FIXED: Partial<Record<PrimitiveKind, PrimitiveIo>> = {
  bool: { read: (r) => r.bool(), write: (w, v) => w.bool(v as boolean), zero: false, minBytes: 1 },
  int8: { read: (r) => r.int8(), write: (w, v) => w.int8(v as number), zero: 0, minBytes: 1 },
  int16: { read: (r) => r.int16(), write: (w, v) => w.int16(v as number), zero: 0, minBytes: 2 },
  uint16: { read: (r) => r.uint16(), write: (w, v) => w.int16(v as number), zero: 0, minBytes: 2 },
  int32: { read: (r) => r.int32(), write: (w, v) => w.int32(v as number), zero: 0, minBytes: 4 },
  uint32: { read: (r) => r.uint32(), write: (w, v) => w.int32(v as number), zero: 0, minBytes: 4 },
  int64: { read: (r) => r.int64(), write: (w, v) => w.int64(v as number), zero: 0, minBytes: 8 },
  float64: { read: (r) => r.float64(), write: (w, v) => w.float64(v as number), zero: 0, minBytes: 8 },
  uuid: { read: (r) => r.slice(UUID_BYTES), write: writeUuid, zero: undefined, minBytes: UUID_BYTES },
};

function writeUuid(writer: WireWriter, value: unknown): void {
  const bytes = value as Uint8Array;
  if (bytes.length !== UUID_BYTES) throw malformed(`a uuid of ${bytes.length} bytes`);
  writer.raw(bytes);
}

function stringIo(flexible: boolean, nullable: boolean): PrimitiveIo {
  return {
    read: (reader) => {
      const length = flexible ? reader.compactLength() : reader.int16();
      if (length >= 0) return length === 0 ? '' : reader.utf8(length);
      if (length === -1 && nullable) return null;
      throw malformed(length === -1 ? 'null where a string must be' : `a string of ${length} bytes`);
    },
    write: (writer, value) => {
      if (value === null) {
        refuseNull(nullable);
        if (flexible) writer.unsignedVarint(0);
        else writer.int16(-1);
        return;
      }
      const text = value as string;
      const length = Buffer.byteLength(text);
      if (length > MAX_INT16) throw malformed(`a string of ${length} bytes, ${MAX_INT16} is the limit`);
      if (flexible) writer.unsignedVarint(length + 1);
      else writer.int16(length);
      writer.utf8(text, length);
    },
    zero: '',
    minBytes: flexible ? 1 : 2,
  };
}

function bytesIo(flexible: boolean, nullable: boolean, byReference: boolean): PrimitiveIo {
  return {
    read: (reader) => {
      const length = flexible ? reader.compactLength() : reader.int32();
      if (length >= 0) return reader.slice(length);
      if (length === -1 && nullable) return null;
      throw malformed(length === -1 ? 'null where bytes must be' : `a byte field of ${length} bytes`);
    },
    write: (writer, value) => {
      if (value === null) {
        refuseNull(nullable);
        if (flexible) writer.unsignedVarint(0);
        else writer.int32(-1);
        return;
      }
      const bytes = value as Uint8Array;
      if (flexible) writer.unsignedVarint(bytes.length + 1);
      else writer.int32(bytes.length);
      if (byReference) writer.reference(bytes);
      else writer.raw(bytes);
    },
    zero: undefined,
    minBytes: flexible ? 1 : 4,
  };
}

/** Throws where a version has no way to say null. */
export function refuseNull(nullable: boolean): void {
  if (!nullable) throw new FrameError('UNSUPPORTED_VERSION', 'null cannot be sent in this version');
}

function ioOf(kind: PrimitiveKind, flexible: boolean, nullable: boolean): PrimitiveIo {
  const fixed = FIXED[kind];
  if (fixed !== undefined) return fixed;
  return kind === 'string' ? stringIo(flexible, nullable) : bytesIo(flexible, nullable, kind === 'records');
}

/** The codec of a primitive; `given` is the schema's default, undefined = the kind's zero. */
export function primitiveCodec(kind: PrimitiveKind, flexible: boolean, nullable: boolean, given: unknown): Codec {
  const io = ioOf(kind, flexible, nullable);
  const isBytes = kind === 'uuid' || kind === 'bytes' || kind === 'records';
  if (isBytes && given !== null) return { ...io, ...bytesDefault(kind === 'uuid' ? UUID_BYTES : 0) };
  const fallback = given === undefined ? io.zero : given;
  return { ...io, blank: () => fallback, isDefault: (value) => value === fallback };
}

function bytesDefault(length: number): Pick<Codec, 'blank' | 'isDefault'> {
  return {
    blank: () => Buffer.alloc(length),
    isDefault: (value) => value instanceof Uint8Array && value.length === length && value.every((byte) => byte === 0),
  };
}
