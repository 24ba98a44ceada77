import { MillraceError } from '../errors.ts';
import type { Headers } from '../topology/operators.ts';
import type { Processor, ProcessorRecord, ProcessorSupplier } from '../topology/processor-api.ts';
import { FlowNode } from './flow-node.ts';
import { Field, FixedHeaders, FlowRecord, type HeaderSource } from './flow-record.ts';
import { NodeContext } from './node-context.ts';
import type { NodeRuntime } from './runtime.ts';

/** What a user's processor gets: a record of its own, which it may keep. */
class InputRecord implements ProcessorRecord {
  readonly key: unknown;
  readonly value: unknown;
  readonly timestamp: number;
  readonly headers: Headers;

  constructor(record: FlowRecord) {
    this.key = record.key;
    this.value = record.value;
    this.timestamp = record.timestamp;
    this.headers = record.headers;
  }
}

/** A user's own Processor. */
export class CustomNode extends FlowNode {
  private readonly processor: Processor;
  private readonly context: NodeContext;
  private readonly key = new Field(true);
  private readonly value = new Field(false);
  private readonly out = new FlowRecord(this.key, this.value);
  private readonly childIndex = new Map<string, FlowNode>();
  /** The record being processed; undefined in punctuators and during init. */
  private current: FlowRecord | undefined = undefined;

  constructor(
    name: string,
    runtime: NodeRuntime,
    supplier: ProcessorSupplier<unknown, unknown, unknown, unknown>,
    stores: readonly string[],
  ) {
    super(name, runtime);
    this.processor = supplier();
    this.context = new NodeContext(name, runtime, stores, this);
  }

  override connect(children: readonly FlowNode[], spec?: object): void {
    super.connect(children, spec);
    for (const child of children) this.childIndex.set(child.name, child);
  }

  override init(): void {
    this.processor.init?.(this.context);
  }

  override close(): void {
    this.processor.close?.();
  }

  protected run(record: FlowRecord): void {
    this.current = record;
    try {
      this.processor.process(new InputRecord(record));
    } finally {
      this.current = undefined;
    }
  }

  /** Forwards what the user made; what he left out comes from the record being processed. */
  emit(key: unknown, value: unknown, timestamp: number | undefined, headers: Headers | undefined, childName: string | undefined): void {
    const { out, current, runtime } = this;
    this.key.set(key);
    this.value.set(value);
    out.timestamp = checkTimestamp(timestamp ?? current?.timestamp ?? runtime.origin.timestamp, this.name);
    out.headerSource = this.headersOf(headers);
    const { origin } = runtime;
    if (out.timestamp === origin.timestamp && headers === undefined) {
      this.send(out, childName);
      return;
    }
    const { timestamp: timestampBefore, knownHeaders: headersBefore } = origin;
    origin.timestamp = out.timestamp;
    if (headers !== undefined) origin.knownHeaders = headers;
    try {
      this.send(out, childName);
    } finally {
      origin.timestamp = timestampBefore;
      origin.knownHeaders = headersBefore;
    }
  }

  private send(record: FlowRecord, childName: string | undefined): void {
    if (childName === undefined) this.forward(record);
    else this.child(childName).process(record);
  }

  private headersOf(headers: Headers | undefined): HeaderSource {
    if (headers !== undefined) return new FixedHeaders(headers);
    return this.current?.headerSource ?? this.runtime.origin;
  }

  private child(name: string): FlowNode {
    const child = this.childIndex.get(name);
    if (child !== undefined) return child;
    throw new MillraceError(
      'INVALID_TOPOLOGY',
      `Processor "${this.name}" forwards to "${name}", which is not a child of it. Its children: ${[...this.childIndex.keys()].join(', ') || 'none'}.`,
      {
        context: { node: this.name, child: name },
      },
    );
  }
}

function checkTimestamp(timestamp: number, node: string): number {
  if (Number.isSafeInteger(timestamp) && timestamp >= 0) return timestamp;
  throw new MillraceError(
    'INVALID_TIMESTAMP',
    `Processor "${node}" forwards a record with timestamp ${timestamp}: it must be a whole number of ms, not negative.`,
    {
      context: { node, timestamp },
    },
  );
}
