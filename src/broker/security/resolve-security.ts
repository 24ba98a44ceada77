/** Puts together what the options and Kafka's configs say about security. Options go before configs. */

import { readFileSync } from 'node:fs';
import { MillraceError } from '../../errors.ts';
import { splitList } from '../configs/definition.ts';
import {
  type BrokerSecurityOptions,
  type ResolvedAuthorization,
  type ResolvedSasl,
  type ResolvedSecurity,
  type ResolvedTls,
  SASL_MECHANISMS,
  type SaslMechanism,
  type SecurityProtocol,
  type TlsClientAuth,
} from './options.ts';

type Config = Readonly<Record<string, string>>;

const CLIENT_AUTH = ['none', 'requested', 'required'];
const PEM = '-----BEGIN';
/** Kafka's authorizers; today's, and that of the ZooKeeper days, which people still copy. */
const AUTHORIZERS = ['org.apache.kafka.metadata.authorizer.StandardAuthorizer', 'kafka.security.authorizer.AclAuthorizer'];

export interface SecurityAndConfig {
  readonly security: ResolvedSecurity;
  /** The broker's configs, with what the options say about security in Kafka's names, but no secrets. */
  readonly config: Config;
}

/** Reads the files that are named. Throws INVALID_CONFIG. */
export function resolveSecurity(options: BrokerSecurityOptions, config: Config): SecurityAndConfig {
  const tls = tlsOf(options, config);
  const sasl = saslOf(options, config);
  const authorization = authorizationOf(options, config);
  return {
    security: { protocol: protocolOf(tls, sasl), tls, sasl, authorization },
    config: { ...config, ...configsOf(options, { tls, sasl, authorization }) },
  };
}

function protocolOf(tls: ResolvedTls | undefined, sasl: ResolvedSasl | undefined): SecurityProtocol {
  if (sasl === undefined) return tls === undefined ? 'PLAINTEXT' : 'SSL';
  return tls === undefined ? 'SASL_PLAINTEXT' : 'SASL_SSL';
}

function configsOf(
  options: BrokerSecurityOptions,
  { tls, sasl, authorization }: Omit<ResolvedSecurity, 'protocol'>,
): Record<string, string> {
  const configs: Record<string, string> = {};
  if (tls !== undefined) configs['ssl.client.auth'] = tls.clientAuth;
  if (sasl !== undefined) configs['sasl.enabled.mechanisms'] = sasl.mechanisms.join(',');
  const { sessionLifetimeMs } = options.sasl ?? {};
  if (sessionLifetimeMs !== undefined) {
    if (!Number.isInteger(sessionLifetimeMs) || sessionLifetimeMs < 0)
      throw invalid('sasl.sessionLifetimeMs', `must be a whole number of milliseconds from 0 on, not ${sessionLifetimeMs}`);
    configs['connections.max.reauth.ms'] = String(sessionLifetimeMs);
  }
  if (authorization !== undefined) {
    configs['authorizer.class.name'] = AUTHORIZERS[0]!;
    configs['super.users'] = authorization.superUsers.join(';');
    configs['allow.everyone.if.no.acl.found'] = String(authorization.allowEveryoneIfNoAclFound);
  }
  return configs;
}

function tlsOf({ tls }: BrokerSecurityOptions, config: Config): ResolvedTls | undefined {
  const cert = tls?.cert ?? config['ssl.keystore.certificate.chain'];
  const key = tls?.key ?? config['ssl.keystore.key'];
  if (tls === undefined && cert === undefined && key === undefined) return undefined;
  if (cert === undefined || cert === '') throw invalid('tls.cert', 'must be the PEM of a certificate or the path of a file with one');
  if (key === undefined || key === '') throw invalid('tls.key', 'must be the PEM of a private key or the path of a file with one');
  const clientAuth = tls?.clientAuth ?? config['ssl.client.auth'] ?? 'none';
  if (!CLIENT_AUTH.includes(clientAuth)) throw invalid('tls.clientAuth', `must be one of ${CLIENT_AUTH.join(', ')}, not '${clientAuth}'`);
  const ca = tls?.ca ?? config['ssl.truststore.certificates'];
  if (clientAuth !== 'none' && ca === undefined)
    throw invalid('tls.ca', `must name the authorities of clients' certificates when tls.clientAuth is '${clientAuth}'`);
  return {
    cert: pem('tls.cert', cert),
    key: pem('tls.key', key),
    passphrase: tls?.passphrase ?? config['ssl.key.password'],
    ca: ca === undefined ? undefined : pem('tls.ca', ca),
    clientAuth: clientAuth as TlsClientAuth,
  };
}

/** PEM as it is, or read from a file. */
function pem(option: string, textOrPath: string): string {
  if (textOrPath.includes(PEM)) return textOrPath;
  let text: string;
  try {
    text = readFileSync(textOrPath, 'utf8');
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw invalid(option, `must be PEM or the path of a file with it, but that file cannot be read: ${reason}`);
  }
  if (!text.includes(PEM)) throw invalid(option, `names ${textOrPath}, which holds no PEM`);
  return text;
}

function saslOf({ sasl }: BrokerSecurityOptions, config: Config): ResolvedSasl | undefined {
  const configured = config['sasl.enabled.mechanisms'];
  if (sasl === undefined && configured === undefined) return undefined;
  const mechanisms = sasl?.mechanisms ?? (configured === undefined ? SASL_MECHANISMS : splitList(configured));
  if (mechanisms.length === 0) {
    if (sasl === undefined) return undefined;
    throw invalid('sasl.mechanisms', `must name at least one of ${SASL_MECHANISMS.join(', ')}`);
  }
  const known: readonly string[] = SASL_MECHANISMS;
  for (const mechanism of mechanisms) {
    if (!known.includes(mechanism)) throw invalid('sasl.mechanisms', `may hold ${known.join(', ')}, but not '${mechanism}'`);
  }
  const users = sasl?.users ?? {};
  checkUsers(users, mechanisms);
  return { mechanisms: [...new Set(mechanisms as readonly SaslMechanism[])], users: { ...users } };
}

function checkUsers(users: Readonly<Record<string, string>>, mechanisms: readonly string[]): void {
  const names = Object.keys(users);
  if (names.length === 0 && mechanisms.every((mechanism) => mechanism === 'PLAIN'))
    throw invalid('sasl.users', 'must name at least one user: with PLAIN alone nobody else can log in');
  for (const name of names) {
    // Neither name nor password goes into the message: either may have been put in the other's place.
    if (name === '' || name.includes('\0')) throw invalid('sasl.users', 'has a name that is empty or holds a NUL');
    const password = users[name];
    if (typeof password !== 'string' || password === '' || password.includes('\0'))
      throw invalid('sasl.users', 'has a password that is empty, no text, or holds a NUL');
  }
}

function authorizationOf({ authorization }: BrokerSecurityOptions, config: Config): ResolvedAuthorization | undefined {
  const className = config['authorizer.class.name'] ?? '';
  if (authorization === undefined && className === '') return undefined;
  if (authorization === undefined && !AUTHORIZERS.includes(className))
    throw invalid(`config['authorizer.class.name']`, `may be ${AUTHORIZERS.join(' or ')}, not ${className}: there are no plug-ins`);
  const superUsers = authorization?.superUsers ?? splitUsers(config['super.users'] ?? '');
  for (const user of superUsers) {
    if (!/^[^:]+:./.test(user)) throw invalid('authorization.superUsers', `must hold principals such as User:admin, not '${user}'`);
  }
  const everyone = authorization?.allowEveryoneIfNoAclFound ?? config['allow.everyone.if.no.acl.found']?.toLowerCase() === 'true';
  return { superUsers: [...superUsers], allowEveryoneIfNoAclFound: everyone };
}

/** `super.users` is separated by semicolons, as names of certificates hold commas. */
function splitUsers(value: string): string[] {
  return value
    .split(';')
    .map((user) => user.trim())
    .filter((user) => user !== '');
}

function invalid(option: string, problem: string): MillraceError {
  return new MillraceError('INVALID_CONFIG', `Broker option ${option} ${problem}.`, { fatal: true, context: { option } });
}
