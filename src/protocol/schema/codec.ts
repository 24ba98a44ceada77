import type { WireReader } from './reader.ts';
import type { WireWriter } from './writer.ts';

/**
 * Reads and writes one kind of value in one version. `unknown` because a schema's codecs stand in one list; the types
 * that callers see are inferred from the schema.
 */
export interface Codec {
  read(reader: WireReader): unknown;
  write(writer: WireWriter, value: unknown): void;
  /** A fresh default. */
  blank(): unknown;
  /** True where the value can be left out of tagged fields and of versions without the field. */
  isDefault(value: unknown): boolean;
  /** Fewest bytes a value takes on the wire; bounds the length of arrays. */
  readonly minBytes: number;
}
