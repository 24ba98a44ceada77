import type { ChangelogSink, ChangelogWriter, ValueWriter } from './store-context.ts';

/** Serialises key and value side by side into one buffer and hands views of it to a callback. */
export class CallbackWriter implements ChangelogWriter {
  private readonly sink: ChangelogSink;
  private buffer: Buffer = Buffer.allocUnsafeSlow(4096);

  constructor(sink: ChangelogSink) {
    this.sink = sink;
  }

  appendWith<K, V>(timestamp: number, keySerde: ValueWriter<K>, key: K, valueSerde: ValueWriter<V>, value: V | null, topic: string): void {
    const keyEnd = this.write(keySerde, key, 0, topic);
    const valueEnd = value === null ? -1 : this.write(valueSerde, value, keyEnd, topic);
    const valueBytes = valueEnd === -1 ? null : this.buffer.subarray(keyEnd, valueEnd);
    this.sink(this.buffer.subarray(0, keyEnd), valueBytes, timestamp);
  }

  /** Returns where the bytes end. */
  private write<T>(serde: ValueWriter<T>, value: T, start: number, topic: string): number {
    if (serde.writeInto !== undefined) {
      const size = serde.writeInto(value, this.buffer, start, this.buffer.length - start);
      if (size >= 0) return start + size;
    }
    const bytes = serde.serialize(value, topic);
    if (start + bytes.length > this.buffer.length) {
      const larger = Buffer.allocUnsafeSlow((start + bytes.length) * 2);
      this.buffer.copy(larger, 0, 0, start);
      this.buffer = larger;
    }
    this.buffer.set(bytes, start);
    return start + bytes.length;
  }
}
