/** TLS on a port: the handshake with its limits, and who the client is by its certificate. */

import { createSecureContext, createServer, type Server, type TLSSocket, type TlsOptions } from 'node:tls';
import { MillraceError } from '../../../errors.ts';
import type { ResolvedTls } from '../options.ts';
import { subjectName } from './distinguished-name.ts';
import { type PrincipalMapper, principalMapper } from './principal-rules.ts';

/** A client that has not finished its handshake by then is closed. */
const HANDSHAKE_TIMEOUT_MS = 30_000;
/** As Kafka's `ssl.enabled.protocols`. */
const MIN_VERSION = 'TLSv1.2';

export class TlsListener {
  readonly #options: TlsOptions;
  readonly #clientAuth: ResolvedTls['clientAuth'];
  readonly #mapper: PrincipalMapper;

  /** `rules`: `ssl.principal.mapping.rules`. Throws INVALID_CONFIG when certificate, key or rules cannot be used. */
  constructor(tls: ResolvedTls, rules: string) {
    const { cert, key, ca, passphrase, clientAuth } = tls;
    this.#clientAuth = clientAuth;
    this.#mapper = principalMapper(rules);
    const requestCert = clientAuth !== 'none';
    this.#options = {
      ...checked({ cert, key, ...(ca !== undefined && { ca }), ...(passphrase !== undefined && { passphrase }) }),
      minVersion: MIN_VERSION,
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
      requestCert,
      rejectUnauthorized: clientAuth === 'required',
      noDelay: true,
    };
  }

  createServer(onSecureConnection: (socket: TLSSocket) => void): Server {
    return createServer(this.#options, onSecureConnection);
  }

  /**
   * `User:` and the subject of the client's certificate, as `ssl.principal.mapping.rules` has it; `User:ANONYMOUS` of a
   * client without one. Undefined: the client must not get in.
   */
  principalOf(socket: TLSSocket): string | undefined {
    if (this.#clientAuth === 'none') return 'User:ANONYMOUS';
    const certificate = socket.getPeerX509Certificate();
    if (certificate === undefined) return this.#clientAuth === 'requested' ? 'User:ANONYMOUS' : undefined;
    if (!socket.authorized) return undefined;
    const name = this.#nameOf(certificate.raw);
    return name === undefined ? undefined : `User:${name}`;
  }

  #nameOf(certificate: Buffer): string | undefined {
    try {
      return this.#mapper(subjectName(certificate));
    } catch (error) {
      // What OpenSSL has accepted and cannot be read here must not let anybody in, nor end the broker.
      if (error instanceof RangeError) return undefined;
      throw error;
    }
  }
}

/** OpenSSL tells what is wrong with certificates and keys only when a context is made of them. */
function checked(options: TlsOptions): TlsOptions {
  try {
    createSecureContext(options);
    return options;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new MillraceError(
      'INVALID_CONFIG',
      `Broker option tls cannot be used: ${reason}. Certificate and key must be PEM, belong together, and the passphrase must fit.`,
      { cause, fatal: true, context: { option: 'tls' } },
    );
  }
}
