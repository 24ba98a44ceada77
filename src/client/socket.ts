import net from 'node:net';
import tls from 'node:tls';
import { MillraceError } from '../errors.ts';
import { type Address, formatAddress } from './address.ts';
import { connectionLost, reasonOf } from './errors.ts';
import type { TlsOptions } from './options.ts';

/** How long a connection may be silent before the system asks whether the other side is still there. */
const KEEP_ALIVE_MS = 30_000;

/** Plain sockets read into one buffer of this size again and again. */
const READ_BUFFER_BYTES = 128 * 1024;

/** Where the bytes go that a socket reads. */
export interface Receiver {
  /** Takes what it needs of the bytes before it returns: other bytes come to lie there. */
  push(chunk: Buffer): void;
  /** Memory of the receiver's own that the next bytes may be read into; undefined: they are to be pushed. */
  target(): Buffer | undefined;
  /** So many bytes were read into the last target. */
  filled(length: number): void;
}

/** A connected socket, and what it reads. */
export interface OpenedSocket {
  readonly socket: net.Socket;
  /** Says who gets the bytes that are read. Called once. */
  readonly onRead: (receiver: Receiver) => void;
}

/**
 * Opens a connection, with TLS if asked for. Rejects with BROKER_UNREACHABLE; retriable, unless it is the certificates
 * that do not fit.
 */
export function openSocket(address: Address, tlsOptions: TlsOptions | undefined, timeoutMs: number): Promise<OpenedSocket> {
  return new Promise((resolve, reject) => {
    let socket: net.Socket;
    let receiver: Receiver | undefined;
    try {
      // A fresh buffer for every read, as Node makes by itself, would cost more than everything else that is done with it.
      const onread = tlsOptions === undefined ? readInto(() => receiver) : undefined;
      socket = tlsOptions === undefined ? net.connect({ ...address, onread }) : tls.connect(tlsConnectOptions(address, tlsOptions));
    } catch (cause) {
      reject(badCredentials(cause));
      return;
    }
    const ready = tlsOptions === undefined ? 'connect' : 'secureConnect';
    const timer = setTimeout(() => fail(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
    const fail = (cause: unknown): void => {
      settle();
      socket.once('error', () => undefined); // what comes after the first error says nothing new
      socket.destroy();
      reject(unreachable(address, cause, tlsOptions !== undefined));
    };
    const failClosed = (): void => fail(new Error('the connection was closed while it was being set up'));
    const settle = (): void => {
      clearTimeout(timer);
      socket.off(ready, succeed).off('error', fail).off('close', failClosed);
    };
    const succeed = (): void => {
      settle();
      socket.setNoDelay(true);
      socket.setKeepAlive(true, KEEP_ALIVE_MS);
      resolve({
        socket,
        onRead(chosen) {
          receiver = chosen;
          if (tlsOptions !== undefined) socket.on('data', (chunk: Buffer) => chosen.push(chunk));
        },
      });
    };
    socket.once(ready, succeed).once('error', fail).once('close', failClosed);
  });
}

/** Reads straight into the receiver's memory where it offers some, else into one buffer again and again. */
function readInto(receiver: () => Receiver | undefined): net.OnReadOpts {
  const own = Buffer.allocUnsafeSlow(READ_BUFFER_BYTES);
  return {
    buffer: () => receiver()?.target() ?? own,
    callback(length, buffer) {
      if (buffer === own) receiver()?.push(own.subarray(0, length));
      else receiver()?.filled(length);
      return true;
    },
  };
}

function tlsConnectOptions(address: Address, options: TlsOptions): tls.ConnectionOptions {
  return {
    ...address,
    ...(options.ca !== undefined && { ca: asPem(options.ca) }),
    ...(options.cert !== undefined && { cert: asPem(options.cert) }),
    ...(options.key !== undefined && { key: asPem(options.key) }),
    ...(options.keyPassword !== undefined && { passphrase: options.keyPassword }),
    ...(options.verifyHostName === false && { checkServerIdentity: () => undefined }),
    rejectUnauthorized: options.verifyCertificate !== false,
    // The name by which one of many certificates is chosen; an address is no name.
    ...(net.isIP(address.host) === 0 && { servername: address.host }),
  };
}

function asPem(pem: string | Uint8Array): string | Buffer {
  return typeof pem === 'string' ? pem : Buffer.from(pem.buffer, pem.byteOffset, pem.byteLength);
}

function badCredentials(cause: unknown): MillraceError {
  return new MillraceError('INVALID_CONFIG', `The TLS settings do not work: ${reasonOf(cause)}. Check certificates, key and password.`, {
    cause,
  });
}

/** Codes of OpenSSL and Node that no repetition helps against. */
const CERTIFICATE_TROUBLE = /CERT|SELF_SIGNED|UNABLE_TO_(GET|VERIFY)|ALTNAME|SSL_ALERT|TLSV1_ALERT|SSLV3_ALERT|HANDSHAKE_FAILURE/;

function unreachable(address: Address, cause: unknown, withTls: boolean): MillraceError {
  const broker = formatAddress(address);
  const code = String((cause as { code?: unknown } | undefined)?.code ?? '');
  if (!withTls) return connectionLost(broker, `Broker ${broker} cannot be reached`, cause);
  if (CERTIFICATE_TROUBLE.test(code)) {
    return new MillraceError(
      'BROKER_UNREACHABLE',
      `Broker ${broker} and this client do not trust each other (${reasonOf(cause)}). Check ssl.ca.location, ssl.certificate.location and the host name.`,
      { cause, context: { broker } },
    );
  }
  return connectionLost(broker, `Broker ${broker} cannot be reached over TLS; check that its listener speaks TLS`, cause);
}
