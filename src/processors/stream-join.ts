import type { JoinWindowTable } from '../state/join/join-window-table.ts';
import type { OuterJoinTable } from '../state/join/outer-join-table.ts';
import type { OuterRow, OuterRows } from '../state/join/outer-rows.ts';
import type { Operator } from '../topology/operators.ts';
import { FlowNode } from './flow-node.ts';
import { Field, FlowRecord } from './flow-record.ts';
import { rawText } from './join-window.ts';
import type { NodeRuntime } from './runtime.ts';

type StreamJoinSpec = Extract<Operator, { type: 'streamJoin' }>;

/**
 * One side of a stream-stream join (Kafka Streams' KStreamKStreamJoin): joins each record with those of the other side
 * whose timestamps are in its window. The result's timestamp is the later of the two, its headers are the record's.
 *
 * In left and outer joins a record without a partner waits in a store that both sides share. A partner that comes takes it
 * out; when its window has closed, its result with null for the partner is forwarded (KIP-633, KAFKA-10847). That happens
 * while a record is processed that moves the time of the join on, at most once a second by the wall clock.
 */
export class StreamJoinNode extends FlowNode {
  private readonly isLeft: boolean;
  private readonly outer: boolean;
  /** A full outer join: rows of both sides wait. */
  private readonly bothWait: boolean;
  private readonly joiner: (leftValue: unknown, rightValue: unknown, key: unknown) => unknown;
  private readonly others: JoinWindowTable<unknown, unknown>;
  private readonly waiting: OuterJoinTable<unknown> | undefined;
  /** Partners are from this much before a record of this side to that much after it. */
  private readonly beforeMs: number;
  private readonly afterMs: number;
  /** How long rows of each side wait, grace included, counted from their timestamp. */
  private readonly leftOpenMs: number;
  private readonly rightOpenMs: number;
  private readonly value = new Field(false);
  private readonly out = new FlowRecord(new Field(true), this.value);
  private readonly waitingKey = new Field(true);

  constructor(name: string, runtime: NodeRuntime, spec: StreamJoinSpec) {
    super(name, runtime);
    const { windows, side, otherStore, outerStore } = spec;
    this.isLeft = side === 'left';
    this.outer = spec.outer;
    this.bothWait = spec.outer && spec.otherOuter;
    this.joiner = spec.joiner;
    this.others = runtime.joinWindowTable(otherStore);
    this.waiting = outerStore === undefined ? undefined : runtime.outerJoinTable(outerStore);
    this.beforeMs = this.isLeft ? windows.beforeMs : windows.afterMs;
    this.afterMs = this.isLeft ? windows.afterMs : windows.beforeMs;
    this.leftOpenMs = windows.afterMs + windows.graceMs;
    this.rightOpenMs = windows.beforeMs + windows.graceMs;
  }

  protected run(record: FlowRecord): void {
    const { waiting } = this;
    const { timestamp } = record;
    if (waiting !== undefined && timestamp > waiting.time.streamTimeMs) waiting.time.streamTimeMs = timestamp;
    const hasValue = !record.valueField.isNull();
    if (record.keyField.isNull()) {
      // A record without a key has no partner for certain, and whoever asks for those without gets it (KIP-962).
      if (this.outer && hasValue) this.forwardAlone(record);
      else this.runtime.recordDropped(hasValue ? 'null-key' : 'null-value', this.name);
      return;
    }
    if (!hasValue) {
      this.runtime.recordDropped('null-value', this.name);
      return;
    }
    if (waiting !== undefined && timestamp === waiting.time.streamTimeMs) this.forwardClosed(waiting, record);
    if (!this.joinPartners(record) && this.outer) this.withoutPartner(waiting, record);
  }

  /** False when there are none. */
  private joinPartners(record: FlowRecord): boolean {
    const { others, waiting } = this;
    const { timestamp, key } = record;
    const mapKey = others.mapKeyOf(key);
    const partners = others.find(mapKey);
    if (partners === undefined) return false;
    const toMs = Math.max(0, timestamp + this.afterMs);
    let at = partners.from(Math.max(0, timestamp - this.beforeMs, others.firstLiveMs));
    if (!(at < partners.times.length && partners.times[at]! <= toMs)) return false;
    const value = record.value;
    const waitingRows = waiting === undefined || waiting.isEmpty ? undefined : waiting.find(mapKey);
    for (; at < partners.times.length; at++) {
      const partnerMs = partners.times[at]!;
      if (partnerMs > toMs) break;
      if (waitingRows !== undefined) this.stopWaiting(waitingRows, partnerMs, timestamp);
      const partner = others.read(partners.values[at]);
      this.value.set(this.isLeft ? this.joiner(value, partner, key) : this.joiner(partner, value, key));
      this.forwardResult(record, record.keyField, Math.max(timestamp, partnerMs));
    }
    return true;
  }

  /** The partner has found one. */
  private stopWaiting(rows: OuterRows<unknown>, partnerMs: number, nowMs: number): void {
    const row = rows.find(partnerMs, !this.isLeft);
    if (row !== undefined) this.waiting!.remove(row, nowMs);
  }

  private withoutPartner(waiting: OuterJoinTable<unknown> | undefined, record: FlowRecord): void {
    const { timestamp } = record;
    // Too late for a partner to come: waiting would be of no use, and the row might never be looked at again.
    if (waiting === undefined || Math.max(0, timestamp + this.afterMs) < waiting.time.streamTimeMs) {
      this.forwardAlone(record);
      return;
    }
    if (timestamp < waiting.time.minTimeMs) waiting.time.minTimeMs = timestamp;
    const serde = waiting.serdeOf(this.isLeft);
    const raw = serde.immutable === true ? null : rawText(record.valueField, serde);
    waiting.put(record.key, timestamp, this.isLeft, record.value, raw);
  }

  private forwardAlone(record: FlowRecord): void {
    const { key, value } = record;
    this.value.set(this.isLeft ? this.joiner(value, null, key) : this.joiner(null, value, key));
    this.forwardResult(record, record.keyField, record.timestamp);
  }

  /**
   * Forwards the results of rows whose window has closed, in the order of time. A row goes when the next one was forwarded,
   * so that one whose joiner throws is still there.
   */
  private forwardClosed(waiting: OuterJoinTable<unknown>, record: FlowRecord): void {
    const { time } = waiting;
    if (
      !time.mayEmit(this.isLeft ? this.leftOpenMs : this.rightOpenMs) ||
      !time.takeTurn(this.runtime.nowMs(), this.runtime.joinEmitIntervalMs)
    )
      return;
    const { streamTimeMs } = time;
    time.minTimeMs = Number.POSITIVE_INFINITY;
    let done: OuterRow<unknown> | undefined;
    let [leftIsOpen, rightIsOpen] = [false, false];
    rows: for (const row of waiting.inOrder()) {
      const open = row.timeMs + (row.isLeft ? this.leftOpenMs : this.rightOpenMs) >= streamTimeMs;
      for (let index = 0; index < row.values.length; index++) {
        time.minTimeMs = row.timeMs;
        // All that is left is open, too. Kafka Streams goes through it, so what it remembers is the last row's time.
        if (leftIsOpen && !this.bothWait) {
          time.minTimeMs = waiting.lastTimeMs;
          break rows;
        }
        if (leftIsOpen && rightIsOpen) break rows;
        if (open) {
          if (row.isLeft) leftIsOpen = true;
          else rightIsOpen = true;
          continue;
        }
        this.forwardWaiting(waiting, record, row, index);
        if (done !== undefined && done !== row) waiting.remove(done, record.timestamp);
        done = row;
      }
    }
    if (done !== undefined) waiting.remove(done, record.timestamp);
  }

  private forwardWaiting(waiting: OuterJoinTable<unknown>, record: FlowRecord, row: OuterRow<unknown>, index: number): void {
    const key = waiting.copyKey(row.list.key);
    const value = waiting.read(row, index);
    this.value.set(row.isLeft ? this.joiner(value, null, key) : this.joiner(null, value, key));
    this.waitingKey.set(key);
    this.forwardResult(record, this.waitingKey, row.timeMs);
  }

  /** What stores and sinks further down take for the current timestamp is the result's. */
  private forwardResult(record: FlowRecord, keyField: Field, timestampMs: number): void {
    const { out } = this;
    const { origin } = this.runtime;
    out.keyField = keyField;
    out.timestamp = timestampMs;
    out.headerSource = record.headerSource;
    if (timestampMs === origin.timestamp) {
      this.forward(out);
      return;
    }
    const timestampBefore = origin.timestamp;
    origin.timestamp = timestampMs;
    try {
      this.forward(out);
    } finally {
      origin.timestamp = timestampBefore;
    }
  }
}
