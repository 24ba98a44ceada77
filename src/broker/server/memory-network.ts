/** A network within one thread: no sockets, nothing that is not the same in every run, and it can be slow or cut. */

import { Duplex } from 'node:stream';
import { MillraceError } from '../../errors.ts';
import type { Clock } from '../seams.ts';
import type { ListenRequest, Network, NetworkListener } from './network.ts';

const FIRST_FREE_PORT = 49_152;

export interface MemoryNetworkOptions {
  /** What the latency is measured with. Needed for one above 0. */
  readonly clock?: Clock;
  /** How long bytes are on their way, in milliseconds. Default 0: until the next turn of the event loop. */
  readonly latencyMs?: number;
}

/** Give it to a broker as `network`, and its ports to {@link connect}. */
export class MemoryNetwork implements Network {
  /** For what is sent from now on. */
  latencyMs: number;
  readonly #clock: Clock | undefined;
  readonly #listeners = new Map<number, ListenRequest>();
  readonly #sockets = new Set<MemorySocket>();
  #nextPort = FIRST_FREE_PORT;

  constructor(options: MemoryNetworkOptions = {}) {
    this.#clock = options.clock;
    this.latencyMs = options.latencyMs ?? 0;
    if (this.latencyMs > 0 && options.clock === undefined)
      throw new MillraceError('INVALID_CONFIG', 'A memory network with a latency needs a clock.');
  }

  listen(request: ListenRequest): Promise<NetworkListener> {
    const port = request.port === 0 ? this.#nextPort++ : request.port;
    if (this.#listeners.has(port)) return Promise.reject(new MillraceError('PORT_IN_USE', `Port ${port} of the memory network is in use.`));
    this.#listeners.set(port, request);
    const close = (): Promise<void> => {
      this.#listeners.delete(port);
      return Promise.resolve();
    };
    return Promise.resolve({ port, close });
  }

  /** The client's end of a new connection. Throws BROKER_UNREACHABLE when nobody listens at the port. */
  connect(port: number): Duplex {
    const listener = this.#listeners.get(port);
    if (listener === undefined) throw new MillraceError('BROKER_UNREACHABLE', `Nobody listens at port ${port} of the memory network.`);
    const [client, server] = this.#pair();
    listener.onConnection(server);
    return client;
  }

  /** Ends all connections without a word; what is on its way is lost. New ones can be made. */
  cut(): void {
    for (const socket of [...this.#sockets]) socket.destroy();
  }

  #pair(): readonly [MemorySocket, MemorySocket] {
    const later = (callback: () => void): void => {
      if (this.latencyMs > 0 && this.#clock !== undefined) this.#clock.after(this.latencyMs, callback);
      else setImmediate(callback);
    };
    const sockets = [new MemorySocket(later), new MemorySocket(later)] as const;
    sockets[0].peer = sockets[1];
    sockets[1].peer = sockets[0];
    for (const socket of sockets) {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    }
    return sockets;
  }
}

/** One end of a connection. */
class MemorySocket extends Duplex {
  readonly remoteAddress = '127.0.0.1';
  peer: MemorySocket | undefined;
  readonly #later: (callback: () => void) => void;
  /** The other end's writes that wait until this one reads again. */
  readonly #waiting: (() => void)[] = [];

  constructor(later: (callback: () => void) => void) {
    super({ allowHalfOpen: false });
    this.#later = later;
  }

  override _read(): void {
    for (const written of this.#waiting.splice(0)) written();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, written: (error?: Error | null) => void): void {
    // The writer may use its memory again when it is told that it has been written.
    this.#send(Buffer.from(chunk), written);
  }

  override _writev(chunks: { readonly chunk: Buffer }[], written: (error?: Error | null) => void): void {
    this.#send(Buffer.concat(chunks.map(({ chunk }) => chunk)), written);
  }

  override _final(finished: (error?: Error | null) => void): void {
    this.#later(() => {
      if (this.peer?.destroyed === false) this.peer.push(null);
      finished();
    });
  }

  override _destroy(error: Error | null, destroyed: (error?: Error | null) => void): void {
    for (const written of this.#waiting.splice(0)) written();
    this.#later(() => this.peer?.destroy());
    destroyed(error);
  }

  #send(bytes: Buffer, written: (error?: Error | null) => void): void {
    this.#later(() => {
      const peer = this.peer;
      if (peer === undefined || peer.destroyed || this.destroyed) written();
      else if (peer.push(bytes)) written();
      else peer.#waiting.push(written);
    });
  }
}
