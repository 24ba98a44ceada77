/**
 * One client connection: cuts frames, has them answered one at a time and in order, and stops reading while the client
 * is ahead. Kafka mutes a channel for the same reason: clients count on answers coming in the order of their requests.
 */

import type { BrokerLogger } from '../logger.ts';
import { type Frame, FrameAssembler } from './frame-assembler.ts';
import type { FramePool } from './frame-pool.ts';
import type { BrokerSocket } from './network.ts';
import type { Reader, RequestMemory } from './request-memory.ts';
import { readFrom } from './socket-reader.ts';

/** Requests of one connection that may wait in memory behind the one being served. */
const MAX_QUEUED_BYTES = 1024 * 1024;
const MAX_QUEUED_FRAMES = 1000;

/** Kafka's principal of clients that nobody has asked who they are. */
const ANONYMOUS = 'User:ANONYMOUS';

/** Something a client did that ends its connection; the message is logged. */
export class ConnectionFault extends Error {}

/** What serves a connection's requests. */
export interface FrameHandler {
  /** Called once, before the connection's first request, when the handler serves one connection only. */
  attach?(connection: Connection): void;
  /** The response in parts, or undefined when there is none to send. Rejecting closes the connection. */
  handle(frame: Buffer, connection: Connection): Promise<Buffer[] | undefined> | Buffer[] | undefined;
  /** Whether nothing is kept of this request after its response, so that its buffer can be used again. */
  isDone(frame: Buffer): boolean;
}

export interface ConnectionOptions {
  readonly socket: BrokerSocket;
  readonly id: string;
  readonly nodeId: number;
  /** `socket.request.max.bytes`. */
  readonly maxRequestBytes: number;
  readonly memory: RequestMemory;
  readonly pool: FramePool;
  readonly handler: FrameHandler;
  /** Who the client is by its certificate. Default `User:ANONYMOUS`; SASL replaces it. */
  readonly principal?: string;
  readonly log: BrokerLogger;
  readonly nowMs: () => number;
  readonly onClosed: (connection: Connection) => void;
}

export class Connection implements Reader {
  readonly id: string;
  readonly nodeId: number;
  readonly clientHost: string;
  /** Who the client is: by its certificate or by SASL, else `User:ANONYMOUS`. */
  principal: string;
  /** When bytes last came in or went out, in milliseconds of the broker's clock. */
  lastActiveMs: number;
  readonly #options: ConnectionOptions;
  readonly #socket: BrokerSocket;
  readonly #assembler: FrameAssembler;
  readonly #queue: Frame[] = [];
  #queuedBytes = 0;
  /** What the request memory has been told about. */
  #accountedBytes = 0;
  #serving = false;
  /** The socket is corked. */
  #collecting = false;
  #closed = false;
  #pausedForQueue = false;
  #pausedForMemory = false;
  readonly #closeListeners = new Set<() => void>();
  #afterResponse: (() => void) | undefined;
  /** Callbacks of responses that the socket has not written yet. */
  readonly #unwritten = new Set<() => void>();
  /** Set: the connection ends after the response in the making. */
  #closeReason: string | undefined;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#socket = options.socket;
    this.id = options.id;
    this.nodeId = options.nodeId;
    this.clientHost = options.socket.remoteAddress ?? '';
    this.principal = options.principal ?? ANONYMOUS;
    this.lastActiveMs = options.nowMs();
    this.#assembler = new FrameAssembler(options.maxRequestBytes, options.pool);
    const socket = this.#socket;
    socket.setNoDelay?.(true);
    socket.on('error', (error) => this.close(`socket error: ${error.message}`));
    socket.on('close', () => this.close('closed by the client'));
    options.handler.attach?.(this);
    readFrom(socket, (bytes) => this.#received(bytes));
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** In the middle of a request that has not wholly arrived. */
  get receiving(): boolean {
    return this.#assembler.pendingBytes > 0;
  }

  /** A request is being served, or waits to be. */
  get busy(): boolean {
    return this.#serving;
  }

  /** Calls back once when the connection is closed. Returns the canceller. */
  onClose(listener: () => void): () => void {
    this.#closeListeners.add(listener);
    return () => this.#closeListeners.delete(listener);
  }

  /**
   * Calls back once when the response in the making is with the operating system, or will never be: then its memory can
   * be used again. One per request.
   */
  afterResponse(callback: () => void): void {
    this.#afterResponse = callback;
  }

  /** Ends the connection when the response in the making is written. `reason` is logged at level debug. */
  closeAfterResponse(reason: string): void {
    this.#closeReason = reason;
  }

  /** Largest request that is taken from now on, in bytes. */
  limitRequests(maxBytes: number): void {
    this.#assembler.limitFrames(maxBytes);
  }

  /** Ends the connection at once. `reason` is logged at level debug; calling again does nothing. */
  close(reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#options.log.debug(`Connection ${this.id} of ${this.clientHost}: ${reason}`);
    // Responses that are collected still belong to the client: only what comes after them is wrong.
    if (this.#collecting) this.#socket.uncork();
    this.#socket.destroy();
    this.#queue.length = 0;
    this.#assembler.release();
    this.#options.memory.closed(this, this.#accountedBytes);
    this.#accountedBytes = 0;
    for (const listener of this.#closeListeners) listener();
    this.#closeListeners.clear();
    // A destroyed socket writes nothing more.
    for (const written of [...this.#unwritten]) this.#written(written);
    this.#options.onClosed(this);
  }

  pauseReading(): void {
    this.#pausedForMemory = true;
    this.#socket.pause();
  }

  resumeReading(): void {
    this.#pausedForMemory = false;
    if (!this.#pausedForQueue) this.#socket.resume();
  }

  #received(chunk: Buffer): void {
    if (this.#closed) return;
    this.lastActiveMs = this.#options.nowMs();
    try {
      const before = this.#queue.length;
      this.#assembler.push(chunk, this.#queue);
      for (let index = before; index < this.#queue.length; index++) this.#queuedBytes += this.#queue[index]!.bytes.length;
    } catch (error) {
      this.#fault(error);
      return;
    }
    this.#account();
    if (this.#queuedBytes > MAX_QUEUED_BYTES || this.#queue.length > MAX_QUEUED_FRAMES) {
      this.#pausedForQueue = true;
      this.#socket.pause();
    }
    if (!this.#serving && this.#queue.length > 0) void this.#serve();
  }

  async #serve(): Promise<void> {
    this.#serving = true;
    try {
      for (let frame = this.#queue.shift(); frame !== undefined && !this.#closed; frame = this.#queue.shift()) {
        const response = await this.#options.handler.handle(frame.bytes, this);
        if (this.#closed) return;
        if (response !== undefined) await this.#send(response);
        this.#responded();
        this.#served(frame);
        if (this.#closeReason !== undefined) await this.#finish(this.#closeReason);
      }
    } catch (error) {
      this.#fault(error);
    } finally {
      this.#responded();
      this.#serving = false;
    }
  }

  /** For a request without a response, or whose connection has ended. */
  #responded(): void {
    const callback = this.#afterResponse;
    this.#afterResponse = undefined;
    callback?.();
  }

  #written(callback: () => void): void {
    if (this.#unwritten.delete(callback)) callback();
  }

  /** Resolves when the client has taken enough of it that the next response may be made. */
  #send(parts: readonly Buffer[]): Promise<void> | undefined {
    const socket = this.#socket;
    const callback = this.#afterResponse;
    this.#afterResponse = undefined;
    const last = parts.length - 1;
    this.#collect();
    for (let index = 0; index < last; index++) socket.write(parts[index]!);
    if (callback === undefined) socket.write(parts[last]!);
    else {
      this.#unwritten.add(callback);
      socket.write(parts[last]!, () => this.#written(callback));
    }
    this.lastActiveMs = this.#options.nowMs();
    if (!socket.writableNeedDrain) return undefined;
    return new Promise((resolve) => {
      const done = (): void => {
        socket.off('drain', done);
        stopWaiting();
        this.lastActiveMs = this.#options.nowMs();
        resolve();
      };
      const stopWaiting = this.onClose(done);
      socket.on('drain', done);
    });
  }

  /**
   * What is written until the event loop has done what is ready goes out with one call of the operating system: the parts
   * of a response, and the responses to requests that came in together.
   */
  #collect(): void {
    if (this.#collecting) return;
    this.#collecting = true;
    this.#socket.cork();
    process.nextTick(this.#flush);
  }

  readonly #flush = (): void => {
    this.#collecting = false;
    this.#socket.uncork();
  };

  /** Closes once all that was written is with the operating system. */
  async #finish(reason: string): Promise<void> {
    await new Promise<void>((resolve) => {
      this.onClose(resolve);
      this.#socket.end(resolve);
    });
    this.close(reason);
  }

  #served({ bytes, pooled }: Frame): void {
    if (pooled !== undefined && this.#options.handler.isDone(bytes)) this.#options.pool.giveBack(pooled);
    if (this.#closed) return;
    this.#queuedBytes -= bytes.length;
    this.#account();
    if (this.#pausedForQueue && this.#queuedBytes <= MAX_QUEUED_BYTES && this.#queue.length <= MAX_QUEUED_FRAMES) {
      this.#pausedForQueue = false;
      if (!this.#pausedForMemory) this.#socket.resume();
    }
  }

  #account(): void {
    const bytes = this.#queuedBytes + this.#assembler.pendingBytes;
    const change = bytes - this.#accountedBytes;
    this.#accountedBytes = bytes;
    this.#options.memory.changed(this, change, this.receiving);
  }

  #fault(error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    if (!this.#closed) this.#options.log.warn(`Closing connection ${this.id} of ${this.clientHost}: ${reason}`);
    this.close(reason);
  }
}
