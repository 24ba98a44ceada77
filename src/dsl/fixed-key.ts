import type { StoreSpec } from '../state/store-spec.ts';
import type { Headers } from '../topology/operators.ts';
import type { Processor, ProcessorContext, ProcessorRecord, ProcessorSupplier } from '../topology/processor-api.ts';

/** A record whose key cannot be changed: only the engine makes new ones. Kafka Streams' `FixedKeyRecord`. */
export class FixedKeyRecord<K, V> {
  readonly key: K;
  readonly value: V;
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
  readonly headers: Headers;
  /** Makes the type nominal: an object literal with another key is not a FixedKeyRecord. */
  declare protected readonly madeByEngine: true;

  /** @internal */
  constructor(key: K, value: V, timestamp: number, headers: Headers) {
    this.key = key;
    this.value = value;
    this.timestamp = timestamp;
    this.headers = headers;
  }

  withValue<VR>(value: VR): FixedKeyRecord<K, VR> {
    return new FixedKeyRecord(this.key, value, this.timestamp, this.headers);
  }

  withTimestamp(timestamp: number): FixedKeyRecord<K, V> {
    return new FixedKeyRecord(this.key, this.value, timestamp, this.headers);
  }

  withHeaders(headers: Headers): FixedKeyRecord<K, V> {
    return new FixedKeyRecord(this.key, this.value, this.timestamp, headers);
  }
}

/** As `ProcessorContext`, but forwards only records made from those it was given. */
export interface FixedKeyProcessorContext<K, VOut> extends Omit<ProcessorContext<K, VOut>, 'forward'> {
  forward(record: FixedKeyRecord<K, VOut>, childName?: string): void;
}

/** A processor that cannot change keys; see `KStream.processValues`. */
export interface FixedKeyProcessor<K = any, VIn = any, VOut = any> {
  init?(context: FixedKeyProcessorContext<K, VOut>): void;
  process(record: FixedKeyRecord<K, VIn>): void;
  close?(): void;
}

export interface FixedKeyProcessorSupplier<K = any, VIn = any, VOut = any> {
  (): FixedKeyProcessor<K, VIn, VOut>;
  readonly stores?: readonly StoreSpec<any, any>[];
}

/** The same processor for the engine, which knows one kind only. */
export function withFixedKey<K, VIn, VOut>(supplier: FixedKeyProcessorSupplier<K, VIn, VOut>): ProcessorSupplier<K, VIn, K, VOut> {
  if (typeof supplier !== 'function') return supplier;
  const adapted = (): Processor<K, VIn, K, VOut> => new FixedKeyAdapter(supplier());
  return supplier.stores === undefined ? adapted : Object.assign(adapted, { stores: supplier.stores });
}

class FixedKeyAdapter<K, VIn, VOut> implements Processor<K, VIn, K, VOut> {
  readonly #processor: FixedKeyProcessor<K, VIn, VOut>;

  constructor(processor: FixedKeyProcessor<K, VIn, VOut>) {
    this.#processor = processor;
  }

  init(context: ProcessorContext<K, VOut>): void {
    this.#processor.init?.(context);
  }

  process(record: ProcessorRecord<K, VIn>): void {
    this.#processor.process(new FixedKeyRecord(record.key, record.value, record.timestamp, record.headers));
  }

  close(): void {
    this.#processor.close?.();
  }
}
