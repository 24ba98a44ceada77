import { isMillraceError, MillraceError } from '../errors.ts';
import { type Address, formatAddress } from './address.ts';
import type { BrokerVersions } from './api-versions.ts';
import { Connection } from './connection.ts';
import { negotiateVersions } from './handshake.ts';
import type { ResolvedClientOptions } from './options.ts';
import { authenticate } from './sasl.ts';
import { openSocket } from './socket.ts';

/** A connection on which requests may be sent. */
export interface ReadyConnection {
  readonly connection: Connection;
  readonly versions: BrokerVersions;
  /** On the clock of `performance.now`: from when on the login holds no more, with some room; Infinity without a limit. */
  readonly expiresAtMs: number;
}

/** A new login is made when this part of the old one's time has passed, so that no request meets its end. */
const LIFETIME_USED = 0.85;

/**
 * Opens a connection, asks for the API versions and logs in, all within `connectTimeoutMs`. Rejects with
 * BROKER_UNREACHABLE, AUTHENTICATION_FAILED or TIMEOUT.
 */
export async function openConnection(address: Address, options: ResolvedClientOptions): Promise<ReadyConnection> {
  const startedMs = performance.now();
  const broker = formatAddress(address);
  const socket = await openSocket(address, options.tls, options.connectTimeoutMs);
  const connection = new Connection(socket, {
    broker,
    clientId: options.clientId,
    requestTimeoutMs: options.requestTimeoutMs,
    maxResponseBytes: options.maxResponseBytes,
    sharedFrames: options.sharedFrames,
  });
  const leftMs = Math.max(1, options.connectTimeoutMs - (performance.now() - startedMs));
  const timer = setTimeout(() => connection.close(tooSlow(broker, options.connectTimeoutMs)), leftMs);
  try {
    const versions = await negotiated(connection, options);
    const lifetimeMs = options.sasl === undefined ? 0 : await authenticate(connection, versions, options.sasl);
    const expiresAtMs = lifetimeMs > 0 ? performance.now() + lifetimeMs * LIFETIME_USED : Number.POSITIVE_INFINITY;
    return { connection, versions, expiresAtMs };
  } catch (error) {
    connection.close();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** A listener that speaks TLS to a client that does not, or the other way round, shows as garbage or as a closed connection. */
async function negotiated(connection: Connection, options: ResolvedClientOptions): Promise<BrokerVersions> {
  try {
    return await negotiateVersions(connection);
  } catch (cause) {
    if (!isMillraceError(cause) || cause.code !== 'MALFORMED_FRAME') throw cause;
    throw new MillraceError(
      'BROKER_UNREACHABLE',
      `What listens at ${connection.broker} does not answer as a Kafka broker does over ${options.securityProtocol}. Check the address and security.protocol.`,
      { cause, context: { broker: connection.broker } },
    );
  }
}

function tooSlow(broker: string, timeoutMs: number): MillraceError {
  return new MillraceError('TIMEOUT', `Broker ${broker} took the connection, but did not answer within ${timeoutMs} ms.`, {
    retriable: true,
    context: { broker },
  });
}
