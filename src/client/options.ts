/** What a client is made with, and the defaults. Durations in milliseconds; Kafka's name of each option in brackets. */
import { MillraceError } from '../errors.ts';
import { type Address, parseAddresses } from './address.ts';
import type { SharedFrames } from './shared-frames.ts';

export type SecurityProtocol = 'plaintext' | 'ssl' | 'sasl_plaintext' | 'sasl_ssl';
export type SaslMechanism = 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512';

/** Certificates in PEM, as text or bytes; files are read by {@link clientOptionsFromKafkaConfig}. */
export interface TlsOptions {
  /** Certificates of the authorities that may sign the broker's. Default: those Node ships. [ssl.ca.location] */
  readonly ca?: string | Uint8Array;
  /** The client's own certificate, where brokers ask for one. [ssl.certificate.location] */
  readonly cert?: string | Uint8Array;
  /** [ssl.key.location] */
  readonly key?: string | Uint8Array;
  /** [ssl.key.password] */
  readonly keyPassword?: string;
  /** Check that the certificate is made for the broker's host name. Default true. [ssl.endpoint.identification.algorithm] */
  readonly verifyHostName?: boolean;
  /** Check the broker's certificate at all. Default true; false only for tests. [enable.ssl.certificate.verification] */
  readonly verifyCertificate?: boolean;
}

export interface SaslOptions {
  readonly mechanism: SaslMechanism;
  readonly username: string;
  readonly password: string;
}

export interface ClientOptions {
  /** `host:port` of one or more brokers, separated by commas. [bootstrap.servers] */
  readonly bootstrapServers: string;
  /** Told to the broker with every request, for its logs and quotas. Default `millrace`. [client.id] */
  readonly clientId?: string;
  /** Default: what `tls` and `sasl` imply. [security.protocol] */
  readonly securityProtocol?: SecurityProtocol;
  readonly tls?: TlsOptions;
  readonly sasl?: SaslOptions;
  /** How long one request may wait for its answer; the connection is given up after that. Default 30000. [request.timeout.ms] */
  readonly requestTimeoutMs?: number;
  /** How long one request is tried again, in all. Default 60000. [default.api.timeout.ms] */
  readonly apiTimeoutMs?: number;
  /** How long one connection may take to be set up, TLS and login included. Default 10000. [socket.connection.setup.timeout.ms] */
  readonly connectTimeoutMs?: number;
  /** How long `KafkaClient.connect` looks for a broker that answers. Default 10000. */
  readonly bootstrapTimeoutMs?: number;
  /** Wait before the first repetition; doubles with each. Default 50. [retry.backoff.ms] */
  readonly retryBackoffMs?: number;
  /** No wait is longer. Default 1000. [retry.backoff.max.ms] */
  readonly retryBackoffMaxMs?: number;
  /** Metadata older than this is read again before it is used. Default 300000. [metadata.max.age.ms] */
  readonly metadataMaxAgeMs?: number;
  /** Connections without use are closed after this. Default 540000. [connections.max.idle.ms] */
  readonly connectionsMaxIdleMs?: number;
  /** Longest answer taken, in bytes. Default 100 MiB, which is also what Kafka's brokers take. [receive.message.max.bytes] */
  readonly maxResponseBytes?: number;
  /** Where large answers go, for those who give the memory back when they are done. Default: memory of their own. */
  readonly sharedFrames?: SharedFrames;
  /** Told what is worth a log line: brokers lost, retries. Default: nothing. */
  readonly onLog?: (level: 'debug' | 'info' | 'warn' | 'error', message: string) => void;
}

/** With everything decided. */
export interface ResolvedClientOptions {
  readonly bootstrap: readonly Address[];
  readonly bootstrapServers: string;
  readonly clientId: string;
  readonly securityProtocol: SecurityProtocol;
  /** Undefined: plain TCP. */
  readonly tls: TlsOptions | undefined;
  /** Undefined: no login. */
  readonly sasl: SaslOptions | undefined;
  readonly requestTimeoutMs: number;
  readonly apiTimeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly bootstrapTimeoutMs: number;
  readonly retryBackoffMs: number;
  readonly retryBackoffMaxMs: number;
  readonly metadataMaxAgeMs: number;
  readonly connectionsMaxIdleMs: number;
  readonly maxResponseBytes: number;
  readonly sharedFrames: SharedFrames | undefined;
  readonly onLog: NonNullable<ClientOptions['onLog']>;
}

/** Timers hold no more than 31 bits; a longer one would fire at once. */
const MAX_TIMER_MS = 2_147_483_647;

/** Fills in the defaults. Throws INVALID_CONFIG naming the option. */
export function resolveClientOptions(options: ClientOptions): ResolvedClientOptions {
  const securityProtocol = securityProtocolOf(options);
  const { tls, sasl } = checkedSecurity(options, securityProtocol);
  const retryBackoffMs = duration('retryBackoffMs', options.retryBackoffMs, 50);
  return {
    bootstrap: parseAddresses(options.bootstrapServers),
    bootstrapServers: options.bootstrapServers,
    clientId: options.clientId ?? 'millrace',
    securityProtocol,
    tls,
    sasl,
    requestTimeoutMs: duration('requestTimeoutMs', options.requestTimeoutMs, 30_000, 1),
    apiTimeoutMs: duration('apiTimeoutMs', options.apiTimeoutMs, 60_000, 1),
    connectTimeoutMs: duration('connectTimeoutMs', options.connectTimeoutMs, 10_000, 1),
    bootstrapTimeoutMs: duration('bootstrapTimeoutMs', options.bootstrapTimeoutMs, 10_000, 1),
    retryBackoffMs,
    retryBackoffMaxMs: Math.max(retryBackoffMs, duration('retryBackoffMaxMs', options.retryBackoffMaxMs, 1000)),
    metadataMaxAgeMs: duration('metadataMaxAgeMs', options.metadataMaxAgeMs, 300_000),
    connectionsMaxIdleMs: duration('connectionsMaxIdleMs', options.connectionsMaxIdleMs, 540_000, 1),
    maxResponseBytes: duration('maxResponseBytes', options.maxResponseBytes, 100 * 1024 * 1024, 1),
    sharedFrames: options.sharedFrames,
    onLog: options.onLog ?? (() => undefined),
  };
}

function securityProtocolOf(options: ClientOptions): SecurityProtocol {
  if (options.securityProtocol !== undefined) return options.securityProtocol;
  if (options.sasl !== undefined) return options.tls === undefined ? 'sasl_plaintext' : 'sasl_ssl';
  return options.tls === undefined ? 'plaintext' : 'ssl';
}

function checkedSecurity(
  options: ClientOptions,
  protocol: SecurityProtocol,
): { readonly tls: TlsOptions | undefined; readonly sasl: SaslOptions | undefined } {
  const wantsSasl = protocol === 'sasl_plaintext' || protocol === 'sasl_ssl';
  const wantsTls = protocol === 'ssl' || protocol === 'sasl_ssl';
  if (wantsSasl && options.sasl === undefined) {
    throw invalid('sasl', `security.protocol ${protocol} needs sasl.mechanism, sasl.username and sasl.password.`);
  }
  if (!wantsSasl && options.sasl !== undefined) {
    throw invalid('securityProtocol', `With a SASL login security.protocol must be sasl_plaintext or sasl_ssl, not ${protocol}.`);
  }
  if (!wantsTls && options.tls !== undefined) {
    throw invalid('securityProtocol', `With TLS settings security.protocol must be ssl or sasl_ssl, not ${protocol}.`);
  }
  return { tls: wantsTls ? (options.tls ?? {}) : undefined, sasl: options.sasl };
}

function duration(name: string, value: number | undefined, fallback: number, min = 0): number {
  if (value === undefined) return fallback;
  if (Number.isSafeInteger(value) && value >= min && value <= MAX_TIMER_MS) return value;
  throw invalid(name, `${name} must be a whole number from ${min} to ${MAX_TIMER_MS}, not ${value}.`);
}

function invalid(option: string, message: string): MillraceError {
  return new MillraceError('INVALID_CONFIG', message, { context: { option } });
}
