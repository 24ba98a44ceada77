import { connect, type Socket } from 'node:net';
import { FrameSplitter } from '../../src/protocol/index.ts';

/** No request of a scenario may take longer. */
const ANSWER_TIMEOUT_MS = 15_000;

interface Waiting {
  readonly resolve: (frame: Buffer | null) => void;
}

/** A connection that sends frames and gives back the answers in their order, as bytes. */
export class FrameSocket {
  readonly #socket: Socket;
  readonly #waiting: Waiting[] = [];
  #closed = false;

  /** Rejects when nobody listens. */
  static open(port: number): Promise<FrameSocket> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    return new Promise((resolve, reject) => {
      socket.once('error', reject);
      socket.once('connect', () => resolve(new FrameSocket(socket)));
    });
  }

  private constructor(socket: Socket) {
    this.#socket = socket;
    const splitter = new FrameSplitter();
    socket.on('data', (chunk: Buffer) => {
      for (const frame of splitter.push(chunk)) this.#waiting.shift()?.resolve(Buffer.from(frame));
    });
    socket.on('error', () => {});
    socket.once('close', () => {
      this.#closed = true;
      for (const { resolve } of this.#waiting.splice(0)) resolve(null);
    });
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  /** The answer without its length; null when the broker closes the connection instead. */
  send(frame: Buffer): Promise<Buffer | null> {
    if (this.#closed) return Promise.resolve(null);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`No answer in ${ANSWER_TIMEOUT_MS} ms to ${frame.toString('hex', 0, 200)}`)),
        ANSWER_TIMEOUT_MS,
      );
      const answered = (answer: Buffer | null): void => {
        clearTimeout(timer);
        resolve(answer);
      };
      this.#waiting.push({ resolve: answered });
      this.#socket.write(frame);
    });
  }

  /** Sends what gets no answer. */
  sendUnanswered(frame: Buffer): void {
    this.#socket.write(frame);
  }

  close(): void {
    this.#socket.destroy();
  }
}
