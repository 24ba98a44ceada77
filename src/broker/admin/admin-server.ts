import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import type { BrokerControls } from '../control/controls.ts';
import type { BrokerLogger } from '../logger.ts';
import { listenError } from '../server/listen-error.ts';
import { adminRoutes } from './routes.ts';

export interface AdminServerOptions {
  /** Default in the broker: 127.0.0.1. Whoever reaches the port can do everything with the broker. */
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly controls: BrokerControls;
  readonly log: BrokerLogger;
}

/** The broker's controls over HTTP with JSON bodies. */
export class AdminServer {
  readonly #server: ReturnType<typeof createAdaptorServer>;

  /** Rejects with PORT_IN_USE, or INVALID_CONFIG when the host cannot be listened on. */
  static async listen({ host, port, controls, log }: AdminServerOptions): Promise<AdminServer> {
    const server = createAdaptorServer({ fetch: adminRoutes(controls, log).fetch, overrideGlobalObjects: false });
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) => reject(listenError(error, host, port)));
      server.listen({ host, port }, () => {
        server.removeAllListeners('error');
        server.on('error', (error: Error) => log.error(`The admin port cannot accept connections: ${error.message}`));
        resolve();
      });
    });
    return new AdminServer(server);
  }

  private constructor(server: ReturnType<typeof createAdaptorServer>) {
    this.#server = server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Ends requests under way as well. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    if ('closeAllConnections' in this.#server) this.#server.closeAllConnections();
    await closed;
  }
}
