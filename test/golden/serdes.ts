import { type Serde, Serdes } from '../../src/serde/index.ts';
import type { Field, SerdeName } from './scenario.ts';

const simple: Readonly<Record<string, { readonly name: string }>> = {
  string: Serdes.String(),
  long: Serdes.Long(),
  biglong: Serdes.BigLong(),
  int: Serdes.Integer(),
  short: Serdes.Short(),
  double: Serdes.Double(),
  float: Serdes.Float(),
  boolean: Serdes.Boolean(),
  uuid: Serdes.UUID(),
  bytes: Serdes.ByteArray(),
};

export function serdeOf(name: SerdeName): Serde<unknown> {
  const [kind, inner, sizeMs] = name.split(':');
  if (kind === 'windowed') return Serdes.TimeWindowedSerde(serdeOf(inner!), Number(sizeMs)) as Serde<unknown>;
  const serde = simple[name];
  if (serde === undefined) throw new Error(`No serde "${name}"`);
  return serde as Serde<unknown>;
}

/** The bytes of a field of an input record. */
export function fieldBytes(field: Field, serde: SerdeName): Uint8Array | null {
  if (field === null) return null;
  if (typeof field === 'object') return Buffer.from(field.hex, 'hex');
  return Buffer.from(serdeOf(serde).serialize(fieldValue(field, serde), ''));
}

function fieldValue(field: string | number | boolean, serde: SerdeName): unknown {
  if (serde === 'biglong') return BigInt(field);
  if (serde === 'double' || serde === 'float') return Number(field);
  return field;
}

/** Printable ASCII as it is, other bytes in hex. */
export function show(bytes: Uint8Array | null): string | null {
  if (bytes === null) return null;
  const characters = Buffer.from(bytes).toString('latin1');
  return /^(?!0x)[\x20-\x7e]*$/.test(characters) ? characters : `0x${Buffer.from(bytes).toString('hex')}`;
}
