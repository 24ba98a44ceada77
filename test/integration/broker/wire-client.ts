import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import {
  type Api,
  decodeResponse,
  decodeResponseHeader,
  encodeRequestFrame,
  FrameSplitter,
  joinParts,
  peekCorrelationId,
  RecordBatchBuilder,
  type RequestInput,
  type ResponseOf,
} from '../../../src/protocol/index.ts';

interface Waiting {
  readonly resolve: (frame: Buffer) => void;
  readonly reject: (error: Error) => void;
}

/** One connection that speaks the protocol and hides nothing of it. */
export class WireClient {
  readonly socket: Duplex;
  /** Resolves when the broker or we have ended the connection. */
  readonly closed: Promise<void>;
  /** Correlation ids in the order in which they came back. */
  readonly answered: number[] = [];
  readonly #waiting = new Map<number, Waiting>();
  #nextCorrelationId = 1;

  static async connect(port: number, host = '127.0.0.1'): Promise<WireClient> {
    const socket = connect({ port, host, noDelay: true });
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    return new WireClient(socket);
  }

  /** Over a connection that is there already, of whatever kind. */
  static over(socket: Duplex): WireClient {
    return new WireClient(socket);
  }

  private constructor(socket: Duplex) {
    this.socket = socket;
    const splitter = new FrameSplitter();
    socket.on('data', (chunk: Buffer) => {
      for (const frame of splitter.push(chunk)) this.#received(frame);
    });
    socket.on('error', () => {});
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        for (const { reject } of this.#waiting.values()) reject(new Error('connection closed'));
        resolve();
      });
    });
  }

  /** Rejects with 'connection closed' when the broker ends the connection instead of answering. */
  async send<A extends Api>(api: A, version: number, body: RequestInput<A>): Promise<ResponseOf<A>> {
    const frame = await this.sendRaw(this.frame(api, version, body));
    const { bodyOffset } = decodeResponseHeader(api, version, frame);
    return decodeResponse(api, version, frame, bodyOffset);
  }

  /** A request with its length, and the correlation id of the next answer. */
  frame<A extends Api>(api: A, version: number, body: RequestInput<A>): Buffer {
    return joinParts(encodeRequestFrame(api, version, { correlationId: this.#nextCorrelationId, clientId: 'wire-client' }, body));
  }

  /** Sends bytes and waits for the answer with the next correlation id, without its length. */
  sendRaw(bytes: Buffer): Promise<Buffer> {
    const correlationId = this.#nextCorrelationId++;
    if (this.socket.destroyed) return Promise.reject(new Error('connection closed'));
    this.socket.write(bytes);
    return new Promise((resolve, reject) => this.#waiting.set(correlationId, { resolve, reject }));
  }

  close(): Promise<void> {
    this.socket.destroy();
    return this.closed;
  }

  #received(frame: Buffer): void {
    const correlationId = peekCorrelationId(frame);
    this.answered.push(correlationId);
    this.#waiting.get(correlationId)?.resolve(frame);
    this.#waiting.delete(correlationId);
  }
}

/** One batch with these values, timestamps from 1 on. */
export function batchOf(values: readonly string[], options?: Parameters<RecordBatchBuilder['build']>[0]): Buffer {
  const builder = new RecordBatchBuilder();
  for (const [index, value] of values.entries()) builder.append(index + 1, Buffer.from(`k${index}`), Buffer.from(value));
  return builder.build(options);
}
