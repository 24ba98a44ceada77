import { MillraceError } from '../errors.ts';
import type { Serde } from '../serde/serde.ts';
import type { Headers } from '../topology/operators.ts';

/** A record that the topology wrote. */
export interface OutputRecord<K, V> {
  readonly key: K | null;
  readonly value: V | null;
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
  readonly headers: Headers;
}

/** The same before it is decoded. */
export interface CapturedRecord {
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly timestamp: number;
  readonly headers: Headers;
}

/** An output topic of a {@link TopologyTestDriver}: reading takes records off the front of its queue. */
export class TestOutputTopic<K, V> {
  readonly name: string;
  private readonly keySerde: Serde<K>;
  private readonly valueSerde: Serde<V>;
  private readonly captured: CapturedRecord[];

  /** @internal Made by `driver.createOutputTopic`. */
  constructor(name: string, keySerde: Serde<K>, valueSerde: Serde<V>, captured: CapturedRecord[]) {
    this.name = name;
    this.keySerde = keySerde;
    this.valueSerde = valueSerde;
    this.captured = captured;
  }

  isEmpty(): boolean {
    return this.captured.length === 0;
  }

  /** Records that were not read yet. */
  queueSize(): number {
    return this.captured.length;
  }

  /** @throws INVALID_STATE when there is no record. */
  readRecord(): OutputRecord<K, V> {
    const captured = this.captured.shift();
    if (captured === undefined)
      throw new MillraceError('INVALID_STATE', `Output topic ${this.name} has no record to read.`, { context: { topic: this.name } });
    return this.decode(captured);
  }

  readKeyValue(): { readonly key: K | null; readonly value: V | null } {
    const { key, value } = this.readRecord();
    return { key, value };
  }

  readValue(): V | null {
    return this.readRecord().value;
  }

  readRecordsToList(): OutputRecord<K, V>[] {
    // All at once: taking them off the front one by one moves what is behind each time.
    return this.captured.splice(0).map((captured) => this.decode(captured));
  }

  readKeyValuesToList(): [key: K | null, value: V | null][] {
    return this.readRecordsToList().map(({ key, value }) => [key, value]);
  }

  readValuesToList(): (V | null)[] {
    return this.readRecordsToList().map(({ value }) => value);
  }

  /** The last value of each key wins. Keys are compared as Map keys are; a null key is an error. */
  readKeyValuesToMap(): Map<K, V | null> {
    const map = new Map<K, V | null>();
    for (const { key, value } of this.readRecordsToList()) {
      if (key === null)
        throw new MillraceError('INVALID_STATE', `Output topic ${this.name} has a record with a null key: read it as a list.`);
      map.set(key, value);
    }
    return map;
  }

  private decode({ key, value, timestamp, headers }: CapturedRecord): OutputRecord<K, V> {
    return {
      key: key === null ? null : this.keySerde.deserialize(key, this.name),
      value: value === null ? null : this.valueSerde.deserialize(value, this.name),
      timestamp,
      headers,
    };
  }
}
