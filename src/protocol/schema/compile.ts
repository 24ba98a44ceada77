/** Makes codecs of a description, once per version: what a version lacks costs nothing when it is read or written. */
import type { Codec } from './codec.ts';
import type { Field, PrimitiveKind, Shape } from './fields.ts';
import { addToPath, FrameError, malformed } from './frame-error.ts';
import { primitiveCodec, refuseNull } from './primitive-codecs.ts';
import type { WireReader } from './reader.ts';
import { includesVersion } from './version-range.ts';
import type { WireWriter } from './writer.ts';

type Struct = Record<string, unknown>;

interface NamedCodec {
  readonly name: string;
  readonly codec: Codec;
}

interface TaggedCodec extends NamedCodec {
  readonly tag: number;
}

/** What one version has of a struct, in the order of the wire. */
interface Layout {
  /** All fields, also those the version lacks. */
  readonly all: readonly NamedCodec[];
  readonly plain: readonly NamedCodec[];
  /** By rising tag. */
  readonly tagged: readonly TaggedCodec[];
  /** Fields the version lacks whose value may not be dropped. */
  readonly refused: readonly NamedCodec[];
}

/** The codec of a struct in one version. `flexible` versions have compact lengths and tagged fields (KIP-482). */
export function compileStruct(shape: Shape, version: number, flexible: boolean): Codec {
  const layout = layOut(shape, version, flexible);
  const blank = blankMaker(layout.all);
  return {
    read: structReader(layout, blank, flexible),
    write: structWriter(layout, flexible),
    blank,
    isDefault: (value) =>
      value !== null &&
      layout.all.every(({ name, codec }) => {
        const field = (value as Struct)[name];
        return field === undefined || codec.isDefault(field);
      }),
    minBytes: layout.plain.reduce((sum, { codec }) => sum + codec.minBytes, flexible ? 1 : 0),
  };
}

function layOut(shape: Shape, version: number, flexible: boolean): Layout {
  const all: NamedCodec[] = [];
  const plain: NamedCodec[] = [];
  const tagged: TaggedCodec[] = [];
  const refused: NamedCodec[] = [];
  for (const [name, field] of Object.entries(shape)) {
    const codec = compileField(field, version, flexible);
    all.push({ name, codec });
    if (!includesVersion(field.versions, version)) {
      if (!field.ignorable) refused.push({ name, codec });
    } else if (field.tag === undefined) {
      plain.push({ name, codec });
    } else {
      tagged.push({ name, codec, tag: field.tag });
    }
  }
  tagged.sort((a, b) => a.tag - b.tag);
  return { all, plain, tagged, refused };
}

function compileField(field: Field, version: number, flexible: boolean): Codec {
  const nullable = field.nullable !== undefined && includesVersion(field.nullable, version);
  if (field.kind === 'array') return arrayCodec(field, version, flexible, nullable);
  if (field.kind === 'struct') return nestedStructCodec(field, version, flexible, nullable);
  return primitiveCodec(field.kind satisfies PrimitiveKind, flexible, nullable, field.default);
}

/**
 * Makes structs with every field at its default. Copying a template gives all of them one hidden class, and decoding
 * then only overwrites.
 */
function blankMaker(fields: readonly NamedCodec[]): () => Struct {
  const template: Struct = {};
  const fresh: NamedCodec[] = [];
  for (const field of fields) {
    const value = field.codec.blank();
    template[field.name] = value;
    if (typeof value === 'object' && value !== null) fresh.push(field);
  }
  return () => {
    const struct = { ...template };
    for (const { name, codec } of fresh) struct[name] = codec.blank();
    return struct;
  };
}

function structReader(layout: Layout, blank: () => Struct, flexible: boolean): Codec['read'] {
  const names = layout.plain.map(({ name }) => name);
  const codecs = layout.plain.map(({ codec }) => codec);
  const tagged = new Map(layout.tagged.map((field) => [field.tag, field]));
  return (reader) => {
    const struct = blank();
    let index = 0;
    try {
      for (; index < codecs.length; index++) struct[names[index]!] = codecs[index]!.read(reader);
    } catch (error) {
      throw addToPath(error, names[index]!);
    }
    if (flexible) readTags(reader, struct, tagged);
    return struct;
  };
}

function readTags(reader: WireReader, struct: Struct, tagged: ReadonlyMap<number, TaggedCodec>): void {
  if (tagged.size === 0) {
    reader.skipTags();
    return;
  }
  for (let count = reader.unsignedVarint(); count > 0; count--) {
    const field = tagged.get(reader.unsignedVarint());
    const size = reader.unsignedVarint();
    const start = reader.take(size);
    if (field === undefined) continue;
    // The field is read again, with its own end, so that a wrong size cannot reach into what follows.
    const outerEnd = reader.end;
    reader.at = start;
    reader.end = start + size;
    try {
      struct[field.name] = field.codec.read(reader);
      if (reader.at !== reader.end) throw malformed(`${reader.left} bytes are left in a tagged field of ${size}`);
    } catch (error) {
      throw addToPath(error, field.name);
    }
    reader.end = outerEnd;
  }
}

function structWriter(layout: Layout, flexible: boolean): Codec['write'] {
  const { plain, tagged, refused } = layout;
  return (writer, value) => {
    const struct = value as Struct;
    for (const { name, codec } of refused) {
      const field = struct[name];
      if (field === undefined || codec.isDefault(field)) continue;
      const error = new FrameError('UNSUPPORTED_VERSION', 'this version has no such field, and it may not be dropped');
      throw addToPath(error, name);
    }
    for (const { name, codec } of plain) writeNamed(writer, name, codec, struct);
    if (flexible) writeTags(writer, struct, tagged);
  };
}

function writeNamed(writer: WireWriter, name: string, codec: Codec, struct: Struct): void {
  const field = struct[name];
  try {
    codec.write(writer, field === undefined ? codec.blank() : field);
  } catch (error) {
    throw addToPath(error, name);
  }
}

function writeTags(writer: WireWriter, struct: Struct, tagged: readonly TaggedCodec[]): void {
  if (tagged.length === 0) {
    writer.unsignedVarint(0);
    return;
  }
  const present = tagged.filter(({ name, codec }) => struct[name] !== undefined && !codec.isDefault(struct[name]));
  writer.unsignedVarint(present.length);
  for (const { name, codec, tag } of present) {
    writer.unsignedVarint(tag);
    writer.sized(() => writeNamed(writer, name, codec, struct));
  }
}

/** A struct in a field; where it may be null, a byte before it says which it is. */
function nestedStructCodec(field: Field, version: number, flexible: boolean, nullable: boolean): Codec {
  const inner = compileStruct(field.shape ?? {}, version, flexible);
  const blank = field.default === null ? () => null : inner.blank;
  const isDefault = field.default === null ? (value: unknown) => value === null : inner.isDefault;
  const mayBeNull = field.nullable !== undefined;
  if (!mayBeNull) return { ...inner, blank, isDefault };
  return {
    read: (reader) => {
      if (!nullable || reader.int8() >= 0) return inner.read(reader);
      return null;
    },
    write: (writer, value) => {
      if (value === null) {
        refuseNull(nullable);
        writer.int8(-1);
        return;
      }
      if (nullable) writer.int8(1);
      inner.write(writer, value);
    },
    blank,
    isDefault,
    minBytes: nullable ? 1 : inner.minBytes,
  };
}

function arrayCodec(field: Field, version: number, flexible: boolean, nullable: boolean): Codec {
  if (field.element === undefined) throw new TypeError('An array needs an element');
  const element = compileField(field.element, version, flexible);
  const elementBytes = Math.max(element.minBytes, 1);
  const nullByDefault = field.default === null;
  return {
    read: (reader) => {
      const length = flexible ? reader.compactLength() : reader.int32();
      if (length === -1 && nullable) return null;
      // A length that the bytes left cannot hold is refused before anything is made for it.
      if (length < 0 || length * elementBytes > reader.left) {
        throw malformed(length === -1 ? 'null where an array must be' : `an array of ${length} in ${reader.left} bytes`);
      }
      return readElements(reader, element, length);
    },
    write: (writer, value) => {
      if (value === null) {
        refuseNull(nullable);
        if (flexible) writer.unsignedVarint(0);
        else writer.int32(-1);
        return;
      }
      const items = value as readonly unknown[];
      if (flexible) writer.unsignedVarint(items.length + 1);
      else writer.int32(items.length);
      writeElements(writer, element, items);
    },
    blank: () => (nullByDefault ? null : []),
    isDefault: (value) => (nullByDefault ? value === null : Array.isArray(value) && value.length === 0),
    minBytes: flexible ? 1 : 4,
  };
}

function readElements(reader: WireReader, element: Codec, length: number): unknown[] {
  const items: unknown[] = [];
  try {
    while (items.length < length) items.push(element.read(reader));
  } catch (error) {
    throw addToPath(error, items.length);
  }
  return items;
}

function writeElements(writer: WireWriter, element: Codec, items: readonly unknown[]): void {
  let index = 0;
  try {
    for (; index < items.length; index++) element.write(writer, items[index]);
  } catch (error) {
    throw addToPath(error, index);
  }
}
