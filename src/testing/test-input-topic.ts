import { MillraceError } from '../errors.ts';
import type { Serde } from '../serde/serde.ts';
import type { Headers } from '../topology/operators.ts';

export interface TestInputTopicOptions {
  /** Timestamp of the first record that is given none, in ms. Default: the driver's wall clock. */
  readonly startTimestampMs?: number;
  /** Added after each record without a timestamp of its own. Default 0. */
  readonly autoAdvanceMs?: number;
}

/** A record to pipe in. Kafka Streams' `TestRecord`. */
export interface InputRecord<K, V> {
  readonly key?: K | null;
  readonly value: V | null;
  /** Milliseconds since the epoch. Default: the topic's own time, which then advances. */
  readonly timestamp?: number;
  readonly headers?: Headers;
}

/** Takes one serialised record to its end. */
export type PipeRecord = (
  topic: string,
  timestamp: number,
  key: Uint8Array | null,
  value: Uint8Array | null,
  headers: Headers | undefined,
) => void;

/** An input topic of a {@link TopologyTestDriver}; every record is processed and committed before a call returns. */
export class TestInputTopic<K, V> {
  readonly name: string;
  private readonly keySerde: Serde<K>;
  private readonly valueSerde: Serde<V>;
  private readonly pipe: PipeRecord;
  private readonly autoAdvanceMs: number;
  private currentTimeMs: number;

  /** @internal Made by `driver.createInputTopic`. */
  constructor(name: string, keySerde: Serde<K>, valueSerde: Serde<V>, pipe: PipeRecord, startTimestampMs: number, autoAdvanceMs: number) {
    this.name = name;
    this.keySerde = keySerde;
    this.valueSerde = valueSerde;
    this.pipe = pipe;
    this.currentTimeMs = startTimestampMs;
    this.autoAdvanceMs = autoAdvanceMs;
  }

  /** Moves the time of records without a timestamp forward. */
  advanceTime(byMs: number): void {
    if (!(byMs >= 0))
      throw new MillraceError('INVALID_TIMESTAMP', `Topic ${this.name} cannot advance its time by ${byMs} ms: it only goes forward.`);
    this.currentTimeMs += byMs;
  }

  /** One record. Whatever the topology throws comes out here. */
  pipeInput(key: K | null, value: V | null, timestampMs?: number, headers?: Headers): void {
    const timestamp = timestampMs ?? this.takeTime();
    const keyBytes = key === null ? null : Buffer.from(this.keySerde.serialize(key, this.name));
    const valueBytes = value === null ? null : Buffer.from(this.valueSerde.serialize(value, this.name));
    this.pipe(this.name, timestamp, keyBytes, valueBytes, headers);
  }

  /** A record without a key. */
  pipeValue(value: V | null, timestampMs?: number): void {
    this.pipeInput(null, value, timestampMs);
  }

  pipeRecord(record: InputRecord<K, V>): void {
    this.pipeInput(record.key ?? null, record.value, record.timestamp, record.headers);
  }

  pipeRecordList(records: Iterable<InputRecord<K, V>>): void {
    for (const record of records) this.pipeRecord(record);
  }

  /** The topic's own time, or `startTimestampMs` and `advanceMs` more for each record. */
  pipeKeyValueList(pairs: Iterable<readonly [K | null, V | null]>, startTimestampMs?: number, advanceMs = 0): void {
    let timestamp = startTimestampMs;
    for (const [key, value] of pairs) {
      this.pipeInput(key, value, timestamp);
      if (timestamp !== undefined) timestamp += advanceMs;
    }
  }

  pipeValueList(values: Iterable<V | null>, startTimestampMs?: number, advanceMs = 0): void {
    this.pipeKeyValueList(
      [...values].map((value) => [null, value] as const),
      startTimestampMs,
      advanceMs,
    );
  }

  private takeTime(): number {
    const now = this.currentTimeMs;
    this.currentTimeMs += this.autoAdvanceMs;
    return now;
  }
}
