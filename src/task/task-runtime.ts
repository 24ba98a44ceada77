import { MillraceError } from '../errors.ts';
import { type DropReason, type NodeRuntime, nothingDropped, type UpdateOrigin } from '../processors/runtime.ts';
import { TaskFailure } from '../processors/signals.ts';
import type { StateStore } from '../state/index.ts';
import type { JoinWindowTable } from '../state/join/join-window-table.ts';
import type { OuterJoinTable } from '../state/join/outer-join-table.ts';
import type { KeyValueTable } from '../state/key-value-table.ts';
import type { WindowTable } from '../state/window-table.ts';
import type { Cancellable, PunctuationType } from '../topology/processor-api.ts';
import type { ErrorHandling } from './error-handling.ts';
import { firstDueMs, Punctuation, Punctuations } from './punctuations.ts';
import type { TaskOrigin } from './record-origin.ts';
import type { TaskCounters, TaskLog } from './services.ts';

/** Kafka Streams' default of an internal setting, `__emit.interval.ms.kstreams.outer.join.spurious.results.fix__`. */
const DEFAULT_JOIN_EMIT_INTERVAL_MS = 1_000;

/** What a runtime is made of; tasks and global stores differ in it. */
export interface RuntimeParts {
  readonly applicationId: string;
  readonly taskId: string;
  readonly appConfig: Readonly<Record<string, unknown>>;
  readonly origin: TaskOrigin;
  readonly errors: ErrorHandling;
  readonly counters: TaskCounters;
  readonly log: TaskLog;
  /** A store of the task, or a global one. */
  readonly findStore: (name: string) => StateStore | undefined;
  readonly onCommitRequested: () => void;
  readonly nowMs: () => number;
  /** See {@link NodeRuntime.mayContinue}. */
  readonly mayContinue: boolean;
  /** See {@link NodeRuntime.joinEmitIntervalMs}. Default 1 s. */
  readonly joinEmitIntervalMs?: number | undefined;
}

/** What operators see of their task. */
export class TaskRuntime implements NodeRuntime {
  readonly applicationId: string;
  readonly taskId: string;
  readonly appConfig: Readonly<Record<string, unknown>>;
  readonly origin: TaskOrigin;
  readonly mayContinue: boolean;
  readonly joinEmitIntervalMs: number;
  readonly streamPunctuations = new Punctuations();
  readonly wallClockPunctuations = new Punctuations();
  /** Counted per reason since the task was made. */
  readonly dropped: Record<DropReason, number> = nothingDropped();
  streamTimeMs = -1;
  /** An update that a cache forwarded outside of this task's own calls ended it; its next call throws this. */
  pendingFailure: unknown = undefined;
  private readonly parts: RuntimeParts;

  constructor(parts: RuntimeParts) {
    this.applicationId = parts.applicationId;
    this.taskId = parts.taskId;
    this.appConfig = parts.appConfig;
    this.origin = parts.origin;
    this.mayContinue = parts.mayContinue;
    this.joinEmitIntervalMs = parts.joinEmitIntervalMs ?? DEFAULT_JOIN_EMIT_INTERVAL_MS;
    this.parts = parts;
  }

  nowMs(): number {
    return this.parts.nowMs();
  }

  getStore(name: string): unknown {
    return this.store(name).view;
  }

  keyValueTable(name: string): KeyValueTable<unknown, unknown> {
    const store = this.store(name);
    if (store.kind === 'keyValue' || store.kind === 'timestampedKeyValue') return store.table;
    throw this.wrongKind(name, store.kind, 'key-value');
  }

  windowTable(name: string): WindowTable<unknown, unknown> {
    const store = this.store(name);
    if (store.kind === 'window' || store.kind === 'timestampedWindow') return store.table;
    throw this.wrongKind(name, store.kind, 'window');
  }

  joinWindowTable(name: string): JoinWindowTable<unknown, unknown> {
    const store = this.store(name);
    if (store.kind === 'joinWindow') return store.table;
    throw this.wrongKind(name, store.kind, 'join window');
  }

  outerJoinTable(name: string): OuterJoinTable<unknown> {
    const store = this.store(name);
    if (store.kind === 'outerJoin') return store.table;
    throw this.wrongKind(name, store.kind, 'outer join');
  }

  processingFailed(error: unknown, node: string): void {
    this.parts.errors.processingFailed(error, node);
    this.recordDropped('processing', node);
  }

  recordDropped(reason: DropReason, node: string): void {
    this.parts.counters.recordsDropped++;
    const count = ++this.dropped[reason];
    // The 1st, 10th, 100th …: enough to be noticed, too few to be a flood.
    if (Number.isInteger(Math.log10(count))) {
      const { topic, partition, offset } = this.origin;
      this.parts.log(
        'warn',
        `Node "${node}" of task ${this.taskId} dropped record ${topic}-${partition}@${offset} (${reason}); ${count} so far.`,
        { node, reason, count },
      );
    }
  }

  enterUpdate(update: UpdateOrigin): void {
    this.origin.setUpdate(update);
  }

  /** A full cache may forward this task's updates in the middle of another task's work, which must not suffer from them. */
  guardFlush(work: () => void): void {
    if (this.pendingFailure !== undefined) return;
    try {
      work();
    } catch (error) {
      this.pendingFailure = error;
    }
  }

  requestCommit(): void {
    this.parts.onCommitRequested();
  }

  schedule(node: string, intervalMs: number, type: PunctuationType, punctuator: (timestampMs: number) => void): Cancellable {
    const punctuation = new Punctuation(node, intervalMs, firstDueMs(type, intervalMs, this.nowMs()), punctuator);
    (type === 'stream-time' ? this.streamPunctuations : this.wallClockPunctuations).add(punctuation);
    return punctuation;
  }

  /** Calls a punctuator; what it throws goes to the processing handler, as in Kafka Streams. */
  punctuate(punctuation: Punctuation, nowMs: number): void {
    this.origin.setNone(nowMs);
    try {
      punctuation.callback(nowMs);
    } catch (error) {
      this.processingFailed(error, punctuation.node);
    }
  }

  private store(name: string): StateStore {
    const store = this.parts.findStore(name);
    if (store !== undefined) return store;
    throw new MillraceError('INVALID_TOPOLOGY', `Task ${this.taskId} has no store "${name}".`, {
      context: { store: name, taskId: this.taskId },
    });
  }

  private wrongKind(name: string, kind: string, needed: string): MillraceError {
    return new MillraceError('INVALID_TOPOLOGY', `Store "${name}" is of kind ${kind}, but a ${needed} store is needed.`, {
      context: { store: name },
    });
  }
}

/** The error behind what ended a task. */
export function causeOfFailure(error: unknown): unknown {
  return error instanceof TaskFailure ? error.error : error;
}
