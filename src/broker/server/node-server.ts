/** One virtual node's port. */

import type { Server, Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { BrokerLogger } from '../logger.ts';
import type { Clock } from '../seams.ts';
import type { TlsListener } from '../security/tls/tls-listener.ts';
import { Connection, type FrameHandler } from './connection.ts';
import type { FramePool } from './frame-pool.ts';
import { type BrokerSocket, listenWith, type Network, type NetworkListener } from './network.ts';
import type { RequestMemory } from './request-memory.ts';

/** How often connections are looked at for being idle or stuck. */
const SWEEP_INTERVAL_MS = 5000;
/** A request that stays incomplete for so long without a byte coming in holds memory for nothing. */
const STALLED_REQUEST_MS = 30_000;

export interface NodeServerOptions {
  readonly nodeId: number;
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly maxRequestBytes: number;
  /** `max.connections` of this node. */
  readonly maxConnections: number;
  /** `connections.max.idle.ms`. */
  readonly maxIdleMs: number;
  readonly memory: RequestMemory;
  readonly pool: FramePool;
  /** What serves a connection: one for all of them, or one for each where clients log in. */
  readonly handlerFor: () => FrameHandler;
  /** Absent: connections are not encrypted. */
  readonly tls?: TlsListener | undefined;
  /** Where connections that are not encrypted come from. */
  readonly network: Network;
  readonly clock: Clock;
  readonly log: BrokerLogger;
}

export class NodeServer {
  readonly #options: NodeServerOptions;
  #listener: NetworkListener | undefined;
  readonly #connections = new Set<Connection>();
  /** With TLS: the sockets below, which are there before a handshake is over. */
  readonly #sockets = new Set<Socket>();
  #nextConnection = 0;
  #cancelSweep: () => void = () => undefined;

  private constructor(options: NodeServerOptions) {
    this.#options = options;
  }

  /** Rejects with PORT_IN_USE, or INVALID_CONFIG when the host cannot be listened on. */
  static async listen(options: NodeServerOptions): Promise<NodeServer> {
    const server = new NodeServer(options);
    await server.#listen();
    return server;
  }

  get port(): number {
    return this.#listener?.port ?? 0;
  }

  get connectionCount(): number {
    return this.#connections.size;
  }

  /** Frees the port and ends all connections. */
  async close(): Promise<void> {
    this.#cancelSweep();
    const closed = this.#listener?.close();
    for (const connection of [...this.#connections]) connection.close('the broker is stopping');
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  async #listen(): Promise<void> {
    const { host, port, nodeId, log, tls, network } = this.#options;
    // Running out of file descriptors must not end the process: those who are connected are served on.
    const onError = (error: Error): void => log.error(`Node ${nodeId} cannot accept connections: ${error.message}`);
    const onConnection = (socket: BrokerSocket): void => {
      if (this.#hasRoomFor(socket)) this.#accept(socket);
    };
    this.#listener =
      tls === undefined
        ? await network.listen({ host, port, onConnection, onError })
        : await listenWith(this.#createTlsServer(tls), { host, port, onError });
    this.#sweepLater();
  }

  #createTlsServer(tls: TlsListener): Server {
    const { nodeId, log } = this.#options;
    const server = tls.createServer((socket) => this.#secured(socket, tls));
    server.on('tlsClientError', (error, socket) => {
      log.warn(
        `Node ${nodeId} closes a connection of ${socket.remoteAddress ?? 'a client that has gone'}: its TLS handshake failed: ${error.message}`,
      );
      socket.destroy();
    });
    server.on('connection', (socket: Socket) => {
      if (!this.#hasRoomFor(socket)) return;
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    return server;
  }

  /** When it has not, the connection is closed. */
  #hasRoomFor(socket: BrokerSocket): boolean {
    const { nodeId, maxConnections, log } = this.#options;
    const open = Math.max(this.#connections.size, this.#sockets.size);
    if (open < maxConnections) return true;
    log.warn(`Node ${nodeId} refuses a connection of ${socket.remoteAddress}: ${maxConnections} are open, the limit of max.connections.`);
    socket.destroy();
    return false;
  }

  #secured(socket: TLSSocket, tls: TlsListener): void {
    const principal = tls.principalOf(socket);
    if (principal === undefined) {
      this.#options.log.warn(
        `Node ${this.#options.nodeId} closes a connection of ${socket.remoteAddress}: its certificate is not accepted.`,
      );
      socket.destroy();
      return;
    }
    this.#accept(socket, principal);
  }

  #accept(socket: BrokerSocket, principal?: string): void {
    const connection = new Connection({
      ...this.#options,
      ...(principal !== undefined && { principal }),
      handler: this.#options.handlerFor(),
      socket,
      id: `${this.#options.nodeId}-${this.#nextConnection++}`,
      nowMs: () => this.#options.clock.nowMs(),
      onClosed: (closed) => this.#connections.delete(closed),
    });
    this.#connections.add(connection);
  }

  #sweepLater(): void {
    this.#cancelSweep = this.#options.clock.after(SWEEP_INTERVAL_MS, () => {
      this.#sweep();
      this.#sweepLater();
    });
  }

  #sweep(): void {
    const { clock, maxIdleMs } = this.#options;
    const nowMs = clock.nowMs();
    for (const connection of [...this.#connections]) {
      const idleMs = nowMs - connection.lastActiveMs;
      if (connection.receiving && !connection.busy && idleMs > STALLED_REQUEST_MS) {
        connection.close(`nothing of an incomplete request came for ${idleMs} ms`);
      } else if (!connection.busy && maxIdleMs > 0 && idleMs > maxIdleMs) {
        connection.close(`idle for ${idleMs} ms`);
      }
    }
  }
}
