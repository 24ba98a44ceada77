/** Where connections come from: TCP, or whatever a test puts in its place. */

import { type AddressInfo, createServer, type Server } from 'node:net';
import type { Duplex } from 'node:stream';
import { listenError } from './listen-error.ts';

/** One connection of a client. */
export type BrokerSocket = Duplex & {
  readonly remoteAddress?: string | undefined;
  setNoDelay?(noDelay: boolean): unknown;
};

export interface ListenRequest {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly onConnection: (socket: BrokerSocket) => void;
  /** Something that keeps clients from connecting, while those who are connected are served on. */
  readonly onError: (error: Error) => void;
}

export interface NetworkListener {
  readonly port: number;
  /** Resolves when the port is free; connections must be ended before. */
  close(): Promise<void>;
}

export interface Network {
  /** Rejects with PORT_IN_USE, or INVALID_CONFIG when the host cannot be listened on. */
  listen(request: ListenRequest): Promise<NetworkListener>;
}

const BACKLOG = 511;

/** The real one. */
export const tcpNetwork: Network = {
  listen: (request) => listenWith(createServer({ noDelay: true }, request.onConnection), request),
};

/** Opens the port of a server that knows what to do with its connections. */
export async function listenWith(server: Server, { host, port, onError }: Omit<ListenRequest, 'onConnection'>): Promise<NetworkListener> {
  await new Promise<void>((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException): void => reject(listenError(error, host, port));
    server.once('error', failed);
    server.listen({ host, port, backlog: BACKLOG }, () => {
      server.off('error', failed);
      server.on('error', onError);
      resolve();
    });
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
