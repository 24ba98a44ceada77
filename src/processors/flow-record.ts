import type { Serde } from '../serde/serde.ts';
import type { Headers } from '../topology/operators.ts';
import { DeserializationFailure } from './signals.ts';

const NO_BYTES: Buffer = Buffer.alloc(0);

/** No headers: one shared, immutable list. */
export const NO_HEADERS: Headers = [];

/** Encoded nulls are short: JSON writes `null`, msgpack one byte. Longer bytes need no decoding to know. */
const LONGEST_ENCODED_NULL = 4;

/**
 * One key or value on its way through a task: bytes, a value, or both. Bytes are decoded on first access, and stay, so
 * that a sink with the same serde copies them. One instance is reused for record after record; operators share it by
 * reference, so a key is decoded once however many operators read it.
 */
export class Field {
  decoded = true;
  value: unknown = null;
  /** Where the bytes are; meaningful while `serde` is set. Valid until the field is set again. */
  bytes: Buffer = NO_BYTES;
  start = 0;
  length = 0;
  /** The serde that the bytes belong to; undefined: there are no bytes. */
  serde: Serde<unknown> | undefined = undefined;
  topic = '';
  readonly isKey: boolean;

  constructor(isKey: boolean) {
    this.isKey = isKey;
  }

  /** A value without bytes. `undefined` counts as null, as a user function without `return` gives it. */
  set(value: unknown): void {
    this.value = value ?? null;
    this.decoded = true;
    this.serde = undefined;
  }

  /** Bytes without a value; `length` -1 is null. The bytes must stay unchanged until the field is set again. */
  setRaw(bytes: Buffer, start: number, length: number, serde: Serde<unknown>, topic: string): void {
    if (length < 0) {
      this.set(null);
      return;
    }
    this.bytes = bytes;
    this.start = start;
    this.length = length;
    this.serde = serde;
    this.topic = topic;
    this.decoded = false;
  }

  /** The value. Throws {@link DeserializationFailure}, which drops the whole record. */
  get(): unknown {
    return this.decoded ? this.value : this.decode();
  }

  /** Null or a tombstone. Decodes only what is short enough to be an encoded null. */
  isNull(): boolean {
    if (!this.decoded && this.length <= LONGEST_ENCODED_NULL && this.serde?.immutable !== true) this.decode();
    return this.decoded && this.value === null;
  }

  /** Takes a value that somebody else has found for these bytes; it must be immutable. They stay. */
  adopt(value: unknown): void {
    this.value = value;
    this.decoded = true;
  }

  /** The bytes as they are; null where there is no value or the bytes were never known. */
  rawBytes(): Uint8Array | null {
    return this.serde === undefined ? null : this.bytes.subarray(this.start, this.start + this.length);
  }

  private decode(): unknown {
    const serde = this.serde!;
    try {
      const { bytes, start, topic } = this;
      const end = start + this.length;
      const value =
        serde.deserializeRange === undefined
          ? serde.deserialize(bytes.subarray(start, end), topic)
          : serde.deserializeRange(bytes, start, end, topic);
      this.value = value ?? null;
    } catch (cause) {
      throw new DeserializationFailure(cause, this.isKey, serde.name);
    }
    this.decoded = true;
    return this.value;
  }
}

/** The field that is always null. */
export const NULL_FIELD: Field = new Field(false);

/** Where headers come from: the input record decodes them on demand. */
export interface HeaderSource {
  headers(): Headers;
}

/** Key, value and headers of an input record, in one piece of a batch: what a `RecordCursor` stands on. */
export interface RawFields {
  readonly buffer: Buffer;
  readonly fieldsStart: number;
  readonly end: number;
  readonly headerCount: number;
}

/** A record without headers of its own. */
export const WITHOUT_HEADERS: HeaderSource = { headers: () => NO_HEADERS };

/** Headers that are known already. */
export class FixedHeaders implements HeaderSource {
  private readonly list: Headers;

  constructor(list: Headers) {
    this.list = list;
  }

  headers(): Headers {
    return this.list;
  }
}

/**
 * The one record shape that flows through operators. Processing is synchronous and depth first, so every operator
 * has one output record of its own and uses it again and again; whoever keeps something must copy it out.
 *
 * Streams use `key` and `value`. Updates of tables also carry `oldValue` where a node asked for it (Kafka Streams'
 * `Change`); `value` null is then a deletion.
 */
export class FlowRecord {
  keyField: Field;
  valueField: Field;
  oldField: Field = NULL_FIELD;
  /** Milliseconds since the epoch. */
  timestamp = 0;
  headerSource: HeaderSource = WITHOUT_HEADERS;
  /** Set in input records only: their key, value and headers as they lie in the batch. */
  fields: RawFields | undefined = undefined;

  constructor(keyField: Field, valueField: Field) {
    this.keyField = keyField;
    this.valueField = valueField;
  }

  get key(): unknown {
    return this.keyField.get();
  }

  get value(): unknown {
    return this.valueField.get();
  }

  get oldValue(): unknown {
    return this.oldField.get();
  }

  get headers(): Headers {
    return this.headerSource.headers();
  }

  /** Takes over timestamp and headers of the record that caused this one. */
  inherit(from: FlowRecord): void {
    this.timestamp = from.timestamp;
    this.headerSource = from.headerSource;
  }
}
