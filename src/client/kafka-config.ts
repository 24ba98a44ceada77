/** Client options by Kafka's names: those of the Java clients, and of librdkafka where they differ. */
import { readFileSync } from 'node:fs';
import { MillraceError } from '../errors.ts';
import { reasonOf } from './errors.ts';
import type { ClientOptions, SaslMechanism, SaslOptions, SecurityProtocol, TlsOptions } from './options.ts';

export type KafkaConfig = Readonly<Record<string, string | number | boolean>>;

/** Options whose value is a number of milliseconds or bytes. */
const NUMBERS = {
  'request.timeout.ms': 'requestTimeoutMs',
  'socket.timeout.ms': 'requestTimeoutMs',
  'default.api.timeout.ms': 'apiTimeoutMs',
  'socket.connection.setup.timeout.ms': 'connectTimeoutMs',
  'retry.backoff.ms': 'retryBackoffMs',
  'retry.backoff.max.ms': 'retryBackoffMaxMs',
  'metadata.max.age.ms': 'metadataMaxAgeMs',
  'connections.max.idle.ms': 'connectionsMaxIdleMs',
  'receive.message.max.bytes': 'maxResponseBytes',
} as const satisfies Record<string, keyof ClientOptions>;

const SECURITY_PROTOCOLS: readonly SecurityProtocol[] = ['plaintext', 'ssl', 'sasl_plaintext', 'sasl_ssl'];
const MECHANISMS: readonly SaslMechanism[] = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'];

/** Reads each option once and remembers which were read. */
class Source {
  readonly #config: KafkaConfig;
  readonly read = new Set<string>();

  constructor(config: KafkaConfig) {
    this.#config = config;
  }

  /** The value of the first of the names that is set, as text. */
  text(...names: string[]): string | undefined {
    let found: string | undefined;
    for (const name of names) {
      this.read.add(name);
      const value = this.#config[name];
      if (value !== undefined && value !== '') found ??= String(value);
    }
    return found;
  }

  /** As {@link text}, but an empty value is one. */
  raw(name: string): string | undefined {
    this.read.add(name);
    const value = this.#config[name];
    return value === undefined ? undefined : String(value);
  }

  file(name: string): string | undefined {
    const path = this.text(name);
    if (path === undefined) return undefined;
    try {
      return readFileSync(path, 'utf8');
    } catch (cause) {
      throw invalid(name, `${name} names a file that cannot be read: ${reasonOf(cause)}.`);
    }
  }
}

/**
 * Makes client options of a configuration by Kafka's names. What is no option of a connection (such as `acks`) comes back
 * in `unused`, for the caller to use or to complain about. Throws INVALID_CONFIG for a value that cannot be understood.
 */
export function clientOptionsFromKafkaConfig(config: KafkaConfig): { readonly options: ClientOptions; readonly unused: readonly string[] } {
  const source = new Source(config);
  const bootstrapServers = source.text('bootstrap.servers', 'metadata.broker.list');
  if (bootstrapServers === undefined)
    throw invalid('bootstrap.servers', 'bootstrap.servers is missing: give host:port of one or more brokers.');
  const clientId = source.text('client.id');
  const securityProtocol = securityProtocolOf(source);
  const numbers: Record<string, number> = {};
  for (const [name, ours] of Object.entries(NUMBERS)) {
    const text = source.text(name);
    if (text === undefined) continue;
    if (!/^\d+$/.test(text)) throw invalid(name, `${name} must be a whole number, not "${text}".`);
    numbers[ours] ??= Number(text);
  }
  const tls = tlsOf(source);
  const sasl = saslOf(source);
  const wantsTls = securityProtocol === 'ssl' || securityProtocol === 'sasl_ssl';
  const options: ClientOptions = {
    bootstrapServers,
    ...(clientId !== undefined && { clientId }),
    ...(securityProtocol !== undefined && { securityProtocol }),
    ...((wantsTls || (securityProtocol === undefined && tls !== undefined)) && { tls: tls ?? {} }),
    ...((securityProtocol === undefined || securityProtocol.startsWith('sasl')) && sasl !== undefined && { sasl }),
    ...numbers,
  };
  return { options, unused: Object.keys(config).filter((name) => !source.read.has(name)) };
}

function securityProtocolOf(source: Source): SecurityProtocol | undefined {
  const text = source.text('security.protocol');
  return text === undefined ? undefined : oneOf('security.protocol', text.toLowerCase(), SECURITY_PROTOCOLS);
}

function tlsOf(source: Source): TlsOptions | undefined {
  const ca =
    source.text('ssl.ca.pem', 'ssl.truststore.certificates') ?? source.file('ssl.ca.location') ?? pemStore(source, 'ssl.truststore');
  const cert =
    source.text('ssl.certificate.pem', 'ssl.keystore.certificate.chain') ??
    source.file('ssl.certificate.location') ??
    pemStore(source, 'ssl.keystore');
  const key = source.text('ssl.key.pem', 'ssl.keystore.key') ?? source.file('ssl.key.location') ?? pemStore(source, 'ssl.keystore');
  const keyPassword = source.text('ssl.key.password');
  const verifyCertificate = source.text('enable.ssl.certificate.verification') !== 'false';
  // Java switches the check of names off by an empty value, librdkafka by `none`.
  const algorithm = source.raw('ssl.endpoint.identification.algorithm');
  const tls: TlsOptions = {
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    ...(keyPassword !== undefined && { keyPassword }),
    ...(!verifyCertificate && { verifyCertificate }),
    ...((algorithm === 'none' || algorithm === '') && { verifyHostName: false }),
  };
  return Object.keys(tls).length === 0 ? undefined : tls;
}

/** Java's stores, of which only those in PEM can be read without Java. */
function pemStore(source: Source, prefix: 'ssl.truststore' | 'ssl.keystore'): string | undefined {
  const type = source.text(`${prefix}.type`);
  if (source.text(`${prefix}.location`) === undefined) return undefined;
  if (type?.toUpperCase() === 'PEM') return source.file(`${prefix}.location`);
  throw invalid(
    `${prefix}.location`,
    `${prefix}.location: only stores in PEM can be read. Set ${prefix}.type=PEM, or give ssl.ca.location, ssl.certificate.location and ssl.key.location.`,
  );
}

function saslOf(source: Source): SaslOptions | undefined {
  const mechanismText = source.text('sasl.mechanism', 'sasl.mechanisms');
  const username = source.text('sasl.username');
  const password = source.text('sasl.password');
  const jaas = source.text('sasl.jaas.config');
  if (mechanismText === undefined && username === undefined && jaas === undefined) return undefined;
  const login = username === undefined && jaas !== undefined ? parseJaas(jaas) : { username, password };
  const mechanism = oneOf('sasl.mechanism', mechanismText ?? 'PLAIN', MECHANISMS);
  if (login.username === undefined || login.password === undefined) {
    throw invalid('sasl.username', 'A SASL login needs sasl.username and sasl.password, or both in sasl.jaas.config.');
  }
  return { mechanism, username: login.username, password: login.password };
}

/** `…PlainLoginModule required username="…" password="…";`, with quotes of either kind or none and backslashes as in Java. */
function parseJaas(text: string): { readonly username: string | undefined; readonly password: string | undefined } {
  const value = (name: string): string | undefined => {
    const match = new RegExp(`(?:^|\\s)${name}\\s*=\\s*(?:"((?:[^"\\\\]|\\\\.)*)"|'((?:[^'\\\\]|\\\\.)*)'|([^\\s;"']+))`).exec(text);
    return (match?.[1] ?? match?.[2] ?? match?.[3])?.replace(/\\(.)/g, '$1');
  };
  const username = value('username');
  const password = value('password');
  if (username !== undefined && password !== undefined) return { username, password };
  throw invalid(
    'sasl.jaas.config',
    'sasl.jaas.config has no username and password. It must read: …LoginModule required username="…" password="…";',
  );
}

function oneOf<T extends string>(name: string, text: string, allowed: readonly T[]): T {
  const found = allowed.find((one) => one === text);
  if (found !== undefined) return found;
  throw invalid(name, `${name} must be one of ${allowed.join(', ')}, not "${text}".`);
}

function invalid(option: string, message: string): MillraceError {
  return new MillraceError('INVALID_CONFIG', message, { context: { option } });
}
