import { Field } from '../processors/flow-record.ts';
import type { FieldWriter } from '../protocol/index.ts';
import { copyRange } from '../serde/copy-range.ts';
import type { Serde } from '../serde/serde.ts';

const INITIAL_SCRATCH_BYTES = 256;

/** Copies the bytes a field already has. No view of them is made: that would be an allocation per record. */
export const FieldBytes: FieldWriter<Field> = {
  serialize: (field) => field.bytes.subarray(field.start, field.start + field.length),
  writeInto(field, target, offset, room) {
    const { bytes, start, length } = field;
    if (length > room) return -1;
    copyRange(bytes, start, target, offset, length);
    return length;
  },
};

/** Serialises keys into memory that is used again and again: their hash is needed before their batch is known. */
export class KeyScratch {
  private readonly field = new Field(true);
  private buffer: Buffer = Buffer.allocUnsafeSlow(INITIAL_SCRATCH_BYTES);

  /** The result is valid until the next call. */
  serialize<K>(serde: Serde<K>, key: K, topic: string): Field {
    let length = serde.writeInto === undefined ? -1 : serde.writeInto(key, this.buffer, 0, this.buffer.length);
    if (length < 0) {
      const bytes = serde.serialize(key, topic);
      length = bytes.length;
      if (length > this.buffer.length) this.buffer = Buffer.allocUnsafeSlow(length * 2);
      this.buffer.set(bytes);
    }
    this.field.setRaw(this.buffer, 0, length, serde, topic);
    return this.field;
  }
}
