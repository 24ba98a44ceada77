import type { CachedUpdate } from '../state/cached-update.ts';
import type { Entry } from '../state/entry.ts';
import type { WriteBackStore } from '../state/write-back-store.ts';
import { Field, FlowRecord } from './flow-record.ts';
import type { NodeRuntime } from './runtime.ts';

/**
 * How a node that owns a store sends its updates on: at once, or, where the store is cached, when the cache lets go of
 * them. Kafka Streams' TimestampedTupleForwarder and cache flush listener.
 *
 * Live objects stay in the store: of values that could be changed later, only the bytes go downstream.
 */
export class TableOutput {
  private readonly name: string;
  private readonly runtime: NodeRuntime;
  private readonly store: WriteBackStore<unknown, unknown>;
  private readonly sendOldValues: boolean;
  private readonly send: (record: FlowRecord) => void;
  private readonly keyOf: (update: CachedUpdate<unknown, unknown>) => unknown;
  private readonly key = new Field(true);
  private readonly value = new Field(false);
  private readonly old = new Field(false);
  private readonly out = new FlowRecord(this.key, this.value);

  /** @param keyOf the key to forward for a cached update; default: the row's key. */
  constructor(
    name: string,
    runtime: NodeRuntime,
    store: WriteBackStore<unknown, unknown>,
    sendOldValues: boolean,
    send: (record: FlowRecord) => void,
    keyOf: (update: CachedUpdate<unknown, unknown>) => unknown = (update) => store.copyKey(update.key),
  ) {
    this.name = name;
    this.runtime = runtime;
    this.store = store;
    this.sendOldValues = sendOldValues;
    this.send = send;
    this.keyOf = keyOf;
    store.sendOldValues = sendOldValues;
    if (sendOldValues) this.out.oldField = this.old;
    if (store.cached) store.flushListener = (update) => this.flush(update);
  }

  /** Before an uncached write: remembers the value that it replaces, as far as anybody wants it; of a new row `initial()`. */
  rememberOld(entry: Entry<unknown, unknown>, initial?: () => unknown): void {
    if (!this.sendOldValues || this.store.cached) return;
    if (entry.value === null && initial !== undefined) this.old.set(initial());
    else if (this.store.immutableValues) this.old.set(this.store.read(entry));
    else this.setBytes(this.old, this.store.valueBytes(entry));
  }

  /** After a write: forwards it, unless the cache does so later. */
  forwardWritten(cause: FlowRecord, keyField: Field, entry: Entry<unknown, unknown>, timestampMs: number): void {
    if (this.store.cached) return;
    const { out } = this;
    const { origin } = this.runtime;
    out.keyField = keyField;
    if (this.store.immutableValues) this.value.set(this.store.read(entry));
    else this.setBytes(this.value, this.store.valueBytes(entry));
    out.timestamp = timestampMs;
    out.headerSource = cause.headerSource;
    const timestampBefore = origin.timestamp;
    origin.timestamp = timestampMs;
    try {
      this.send(out);
    } finally {
      origin.timestamp = timestampBefore;
    }
  }

  private flush(update: CachedUpdate<unknown, unknown>): void {
    this.runtime.guardFlush(() => {
      this.runtime.enterUpdate(update);
      try {
        this.prepare(update);
      } catch (error) {
        this.runtime.processingFailed(error, this.name);
        return;
      }
      this.send(this.out);
    });
  }

  private prepare(update: CachedUpdate<unknown, unknown>): void {
    const { out, store } = this;
    this.key.set(this.keyOf(update));
    out.keyField = this.key;
    if (store.immutableValues) {
      this.value.set(update.value);
      this.old.set(update.oldValue);
    } else {
      this.setBytes(this.value, update.valueBytes());
      this.setBytes(this.old, update.oldBytes);
    }
    out.timestamp = update.timestampMs;
    out.headerSource = this.runtime.origin;
  }

  private setBytes(field: Field, bytes: Buffer | null): void {
    if (bytes === null) field.set(null);
    else field.setRaw(bytes, 0, bytes.length, this.store.spec.valueSerde, this.store.name);
  }
}
