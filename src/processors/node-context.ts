import { MillraceError } from '../errors.ts';
import type { Headers } from '../topology/operators.ts';
import type { Cancellable, ForwardRecord, ProcessorContext, PunctuationType, RecordMetadata } from '../topology/processor-api.ts';
import type { NodeRuntime } from './runtime.ts';

/** The node behind a context: it does the forwarding. */
export interface Emitter {
  emit(key: unknown, value: unknown, timestamp: number | undefined, headers: Headers | undefined, childName: string | undefined): void;
}

/** What a user's processor sees of its task. */
export class NodeContext implements ProcessorContext {
  private readonly node: string;
  private readonly runtime: NodeRuntime;
  private readonly stores: ReadonlySet<string>;
  private readonly emitter: Emitter;

  constructor(node: string, runtime: NodeRuntime, stores: readonly string[], emitter: Emitter) {
    this.node = node;
    this.runtime = runtime;
    this.stores = new Set(stores);
    this.emitter = emitter;
  }

  get applicationId(): string {
    return this.runtime.applicationId;
  }

  get taskId(): string {
    return this.runtime.taskId;
  }

  get appConfig(): Readonly<Record<string, unknown>> {
    return this.runtime.appConfig;
  }

  recordMetadata(): RecordMetadata | undefined {
    const { topic, partition, offset } = this.runtime.origin;
    return offset < 0 ? undefined : { topic, partition, offset };
  }

  getStateStore<S>(name: string): S {
    if (!this.stores.has(name)) {
      throw new MillraceError(
        'INVALID_TOPOLOGY',
        `Processor "${this.node}" has no access to store "${name}": connect it (addStateStore or the supplier's stores). It may use: ${[...this.stores].join(', ') || 'none'}.`,
        { context: { node: this.node, store: name } },
      );
    }
    return this.runtime.getStore(name) as S;
  }

  forward(record: ForwardRecord<unknown, unknown>, childName?: string): void {
    this.emitter.emit(record.key, record.value, record.timestamp, record.headers, childName);
  }

  schedule(intervalMs: number, type: PunctuationType, punctuator: (timestampMs: number) => void): Cancellable {
    if (!Number.isSafeInteger(intervalMs) || intervalMs < 1) {
      throw new MillraceError(
        'INVALID_TOPOLOGY',
        `Processor "${this.node}" schedules a punctuation every ${intervalMs} ms: the interval must be a whole number of at least 1.`,
        {
          context: { node: this.node },
        },
      );
    }
    return this.runtime.schedule(this.node, intervalMs, type, punctuator);
  }

  commit(): void {
    this.runtime.requestCommit();
  }

  currentStreamTimeMs(): number {
    return this.runtime.streamTimeMs;
  }

  currentSystemTimeMs(): number {
    return this.runtime.nowMs();
  }
}
