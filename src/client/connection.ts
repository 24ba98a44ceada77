import type { Socket } from 'node:net';
import { MillraceError } from '../errors.ts';
import {
  type Api,
  decodeResponseHeader,
  encodeRequestFrame,
  peekCorrelationId,
  type RequestInput,
  type ResponseOf,
} from '../protocol/index.ts';
import { decodeAnswer } from './decode-answer.ts';
import { connectionLost } from './errors.ts';
import { FrameAssembler } from './frame-assembler.ts';
import type { SharedFrames } from './shared-frames.ts';
import type { OpenedSocket } from './socket.ts';

export interface ConnectionOptions {
  /** How the broker is called in messages: `host:port`, or `2 (host:port)`. */
  readonly broker: string;
  readonly clientId: string;
  readonly requestTimeoutMs: number;
  readonly maxResponseBytes: number;
  /** Where large answers go; undefined: memory of their own. */
  readonly sharedFrames: SharedFrames | undefined;
}

/** Requests that wait for their answers on one connection; the next ones wait here. */
const MAX_IN_FLIGHT = 64;
/** Requests waiting to be sent; beyond it the caller is told. */
const MAX_WAITING = 10_000;
const MAX_CORRELATION_ID = 0x7fffffff;

interface Exchange {
  readonly api: Api;
  readonly version: number;
  readonly body: RequestInput<Api>;
  readonly timeoutMs: number;
  correlationId: number;
  /** On the clock of `performance.now`, from when it was sent. */
  deadlineMs: number;
  readonly resolve: (response: ResponseOf<Api>) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * One socket to one broker: requests go out at once and are answered in their order (the broker promises that). A request
 * that waits too long ends the connection, as no later one could be answered before it; whatever ends it rejects
 * everything that waits, with a retriable BROKER_UNREACHABLE or TIMEOUT.
 */
export class Connection {
  readonly broker: string;
  readonly #socket: Socket;
  readonly #options: ConnectionOptions;
  readonly #assembler: FrameAssembler;
  readonly #inFlight: Exchange[] = [];
  readonly #waiting: Exchange[] = [];
  #nextCorrelationId = 0;
  #answers = 0;
  #lastUsedMs = performance.now();
  #throttledUntilMs = 0;
  #timer: NodeJS.Timeout | undefined;
  #timerAtMs = Number.POSITIVE_INFINITY;
  #ended: Error | undefined;
  #onEnd: (() => void) | undefined;

  constructor({ socket, onRead }: OpenedSocket, options: ConnectionOptions) {
    this.broker = options.broker;
    this.#socket = socket;
    this.#options = options;
    this.#assembler = new FrameAssembler(options.maxResponseBytes, (frame) => this.#settle(frame), options.sharedFrames);
    onRead({
      push: (chunk) => this.#receive(() => this.#assembler.push(chunk)),
      target: () => (this.#ended === undefined ? this.#assembler.target() : undefined),
      filled: (length) => this.#receive(() => this.#assembler.filled(length)),
    });
    socket.on('error', (cause) => this.#end(connectionLost(this.broker, `The connection to broker ${this.broker} was lost`, cause)));
    socket.on('close', () => this.#end(connectionLost(this.broker, `Broker ${this.broker} closed the connection${this.#hint()}`)));
  }

  get isOpen(): boolean {
    return this.#ended === undefined;
  }

  /** Requests that were not answered yet, those not sent included. */
  get pending(): number {
    return this.#inFlight.length + this.#waiting.length;
  }

  /** Milliseconds since anything was sent or received; 0 while answers are awaited. */
  get idleMs(): number {
    return this.pending > 0 ? 0 : performance.now() - this.#lastUsedMs;
  }

  /** Calls once when the connection has ended; at once if it has already. */
  onEnd(callback: () => void): void {
    if (this.#ended !== undefined) callback();
    else this.#onEnd = callback;
  }

  /**
   * Sends a request in the given version and resolves with its answer, whose byte fields are views of the frame.
   * `timeoutMs` counts from when it is sent; default `requestTimeoutMs`.
   */
  send<A extends Api>(api: A, version: number, body: RequestInput<A>, timeoutMs = this.#options.requestTimeoutMs): Promise<ResponseOf<A>> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) return reject(this.#ended);
      if (this.#waiting.length >= MAX_WAITING) return reject(this.#tooMany(api));
      const exchange: Exchange = {
        api,
        version,
        body: body as RequestInput<Api>,
        timeoutMs,
        correlationId: 0,
        deadlineMs: 0,
        resolve: resolve as (response: ResponseOf<Api>) => void,
        reject,
      };
      this.#waiting.push(exchange);
      this.#pump();
    });
  }

  /** Sends a request that has no answer (Produce with acks 0); resolves when the system has taken it. */
  sendUnanswered<A extends Api>(api: A, version: number, body: RequestInput<A>): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) return reject(this.#ended);
      const frame = encodeRequestFrame(api, version, { correlationId: this.#takeCorrelationId(), clientId: this.#options.clientId }, body);
      this.#write(frame, (error) => {
        if (error === undefined || error === null) resolve();
        else reject(connectionLost(this.broker, `The connection to broker ${this.broker} was lost`, error));
      });
    });
  }

  /** Ends the connection; whatever waits is rejected with `reason`. May be called again. */
  close(reason: Error = connectionLost(this.broker, `The connection to broker ${this.broker} was closed here`)): void {
    this.#end(reason);
  }

  /** Sends what may be sent now. */
  #pump(): void {
    const now = performance.now();
    if (now < this.#throttledUntilMs) return this.#arm(this.#throttledUntilMs);
    while (this.#waiting.length > 0 && this.#inFlight.length < MAX_IN_FLIGHT && this.#ended === undefined) {
      this.#transmit(this.#waiting.shift()!, now);
    }
  }

  #transmit(exchange: Exchange, now: number): void {
    exchange.correlationId = this.#takeCorrelationId();
    exchange.deadlineMs = now + exchange.timeoutMs;
    let frame: Buffer[];
    try {
      const { correlationId } = exchange;
      frame = encodeRequestFrame(exchange.api, exchange.version, { correlationId, clientId: this.#options.clientId }, exchange.body);
    } catch (error) {
      exchange.reject(error);
      return;
    }
    this.#inFlight.push(exchange);
    this.#arm(exchange.deadlineMs);
    this.#write(frame);
  }

  #write(frame: Buffer[], callback?: (error?: Error | null) => void): void {
    this.#lastUsedMs = performance.now();
    const socket = this.#socket;
    if (frame.length === 1) {
      socket.write(frame[0]!, callback);
      return;
    }
    socket.cork();
    for (let index = 0; index < frame.length - 1; index++) socket.write(frame[index]!);
    socket.write(frame[frame.length - 1]!, callback);
    socket.uncork();
  }

  #receive(take: () => void): void {
    if (this.#ended !== undefined) return;
    this.#lastUsedMs = performance.now();
    try {
      take();
    } catch (error) {
      this.#end(error instanceof Error ? error : new Error(String(error)));
    }
    this.#pump();
  }

  #settle(frame: Buffer): void {
    const exchange = this.#inFlight[0];
    const correlationId = peekCorrelationId(frame);
    if (exchange === undefined || exchange.correlationId !== correlationId) throw this.#outOfOrder(correlationId, exchange);
    this.#inFlight.shift();
    this.#answers++;
    try {
      const { bodyOffset } = decodeResponseHeader(exchange.api, exchange.version, frame);
      const response = decodeAnswer(exchange.api, exchange.version, frame, bodyOffset);
      this.#noteThrottle(response);
      exchange.resolve(response);
    } catch (error) {
      exchange.reject(error);
      throw error; // what follows cannot be trusted
    }
  }

  /** A listener that asks for a login, or for TLS, ends a connection that does neither, without a word. */
  #hint(): string {
    return this.#answers <= 1 ? ' before it had answered more than its versions; check security.protocol' : '';
  }

  /** A broker that says so wants no request for a while (KIP-219). */
  #noteThrottle(response: ResponseOf<Api>): void {
    const throttleMs = (response as { throttleTimeMs?: unknown }).throttleTimeMs;
    if (typeof throttleMs === 'number' && throttleMs > 0) this.#throttledUntilMs = performance.now() + throttleMs;
  }

  #outOfOrder(correlationId: number, expected: Exchange | undefined): MillraceError {
    const wanted = expected === undefined ? 'none was awaited' : `${expected.api.name} ${expected.correlationId} was awaited`;
    return new MillraceError(
      'MALFORMED_FRAME',
      `Broker ${this.broker} answered request ${correlationId}, but ${wanted}. Check that the address is that of a Kafka broker.`,
      { context: { broker: this.broker } },
    );
  }

  #tooMany(api: Api): MillraceError {
    return new MillraceError(
      'QUEUE_FULL',
      `${MAX_WAITING} requests wait for broker ${this.broker}; ${api.name} was not queued. Send less at once.`,
      { retriable: true, context: { broker: this.broker, api: api.name } },
    );
  }

  #takeCorrelationId(): number {
    const id = this.#nextCorrelationId;
    this.#nextCorrelationId = id === MAX_CORRELATION_ID ? 0 : id + 1;
    return id;
  }

  /** One timer for all that waits: it is set to the earliest moment and looks at everything. */
  #arm(atMs: number): void {
    if (atMs >= this.#timerAtMs) return;
    clearTimeout(this.#timer);
    this.#timerAtMs = atMs;
    this.#timer = setTimeout(() => this.#onTimer(), Math.max(1, Math.ceil(atMs - performance.now())));
  }

  #onTimer(): void {
    this.#timerAtMs = Number.POSITIVE_INFINITY;
    const now = performance.now();
    const late = this.#inFlight.find(({ deadlineMs }) => deadlineMs <= now);
    if (late !== undefined) {
      const message = `Broker ${this.broker} gave no answer to ${late.api.name} within ${late.timeoutMs} ms.`;
      this.#end(new MillraceError('TIMEOUT', message, { retriable: true, context: { broker: this.broker, api: late.api.name } }));
      return;
    }
    this.#pump();
    for (const { deadlineMs } of this.#inFlight) this.#arm(deadlineMs);
  }

  #end(reason: Error): void {
    if (this.#ended !== undefined) return;
    this.#ended = reason;
    clearTimeout(this.#timer);
    this.#socket.destroy();
    for (const exchange of this.#inFlight.splice(0)) exchange.reject(reason);
    for (const exchange of this.#waiting.splice(0)) exchange.reject(reason);
    this.#onEnd?.();
  }
}
