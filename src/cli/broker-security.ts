import { readFileSync } from 'node:fs';
import type { BrokerOptions } from '../broker/index.ts';
import { MillraceError } from '../errors.ts';
import { usageError } from './command.ts';
import type { BrokerCommandOptions } from './commands/broker.ts';

/** The part of the broker's options that is about who may connect and what they may do. */
export type Security = Pick<BrokerOptions, 'tls' | 'sasl' | 'authorization'>;
type SaslMechanisms = NonNullable<NonNullable<BrokerOptions['sasl']>['mechanisms']>;
type Properties = Readonly<Record<string, string>>;

/** TLS, logins and ACLs as the options of the command say. */
export function securityOptions(options: BrokerCommandOptions): Security {
  const { tlsCert, tlsKey, tlsKeyPassword, tlsCa, tlsClientAuth, saslMechanisms, user, superUser } = options;
  if ((tlsCert === undefined) !== (tlsKey === undefined)) throw usageError('TLS needs both --tls-cert and --tls-key.');
  if (tlsCert === undefined && (tlsCa ?? tlsClientAuth) !== undefined)
    throw usageError('--tls-ca and --tls-client-auth need --tls-cert and --tls-key.');
  const users = Object.fromEntries((user ?? []).map(userOf));
  return {
    ...(tlsCert !== undefined &&
      tlsKey !== undefined && {
        tls: {
          cert: tlsCert,
          key: tlsKey,
          ...(tlsKeyPassword !== undefined && { passphrase: tlsKeyPassword }),
          ...(tlsCa !== undefined && { ca: tlsCa }),
          ...(tlsClientAuth !== undefined && { clientAuth: tlsClientAuth }),
        },
      }),
    ...((saslMechanisms ?? user) !== undefined && {
      // The broker checks the names, and says which there are.
      sasl: { users, ...(saslMechanisms !== undefined && { mechanisms: saslMechanisms as SaslMechanisms }) },
    }),
    ...((options.authorize === true || superUser !== undefined) && { authorization: { superUsers: superUser ?? [] } }),
  };
}

function userOf(text: string): [string, string] {
  const at = text.search(/[:=]/);
  if (at < 1) throw usageError('--user must look like name:password.');
  return [text.slice(0, at), text.slice(at + 1)];
}

/** What a `server.properties` says of the security of a listener, whose protocol its name or Kafka's map tells. */
export function securityOfListener(name: string, properties: Properties): Security {
  const protocol = protocolOf(name, properties);
  return {
    ...(protocol.endsWith('SSL') && { tls: tlsOf(name, properties) }),
    ...(protocol.startsWith('SASL') && { sasl: saslOf(name, properties) }),
  };
}

function protocolOf(name: string, properties: Properties): string {
  for (const pair of (properties['listener.security.protocol.map'] ?? '').split(',')) {
    const [listener = '', protocol = ''] = pair.trim().split(':');
    if (listener.toUpperCase() === name.toUpperCase()) return protocol.trim().toUpperCase();
  }
  return name.toUpperCase();
}

/** A setting of the listener, or else of the broker. */
function listenerSetting(listener: string, name: string, properties: Properties): string | undefined {
  return properties[`listener.name.${listener.toLowerCase()}.${name}`] ?? properties[name];
}

function tlsOf(listener: string, properties: Properties): NonNullable<Security['tls']> {
  const setting = (name: string): string | undefined => listenerSetting(listener, name, properties);
  const store = pemStore('ssl.keystore', setting);
  const cert = setting('ssl.keystore.certificate.chain') ?? store;
  const key = setting('ssl.keystore.key') ?? store;
  if (cert === undefined || key === undefined)
    throw invalid(`Listener ${listener} needs a certificate: set ssl.keystore.type=PEM and ssl.keystore.location.`);
  const ca = setting('ssl.truststore.certificates') ?? pemStore('ssl.truststore', setting);
  const passphrase = setting('ssl.key.password');
  const clientAuth = setting('ssl.client.auth') as 'none' | 'requested' | 'required' | undefined;
  return {
    cert,
    key,
    ...(ca !== undefined && { ca }),
    ...(passphrase !== undefined && { passphrase }),
    ...(clientAuth !== undefined && { clientAuth }),
  };
}

function pemStore(prefix: 'ssl.keystore' | 'ssl.truststore', setting: (name: string) => string | undefined): string | undefined {
  const path = setting(`${prefix}.location`);
  if (path === undefined) return undefined;
  if (setting(`${prefix}.type`)?.toUpperCase() !== 'PEM')
    throw invalid(`${prefix}.location names a Java key store, which only Java reads. Make a PEM file of it and set ${prefix}.type=PEM.`);
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw invalid(`${prefix}.location cannot be read: ${(cause as Error).message}.`);
  }
}

function saslOf(listener: string, properties: Properties): NonNullable<Security['sasl']> {
  const mechanisms = listenerSetting(listener, 'sasl.enabled.mechanisms', properties)
    ?.split(',')
    .map((each) => each.trim());
  const prefix = `listener.name.${listener.toLowerCase()}.`;
  const jaas = Object.entries(properties)
    .filter(([name]) => name === 'sasl.jaas.config' || (name.startsWith(prefix) && name.endsWith('.sasl.jaas.config')))
    .map(([, value]) => value);
  // As in Kafka's PlainLoginModule: user_alice="her password".
  const users = Object.fromEntries(
    jaas.flatMap((text) => [...text.matchAll(/\buser_([^\s=]+)\s*=\s*"([^"]*)"/g)].map(([, user = '', password = '']) => [user, password])),
  );
  return { users, ...(mechanisms !== undefined && { mechanisms: mechanisms as unknown as SaslMechanisms }) };
}

function invalid(message: string): MillraceError {
  return new MillraceError('INVALID_CONFIG', message, { fatal: true });
}
