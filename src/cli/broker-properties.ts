import { type Security, securityOfListener } from './broker-security.ts';
import { parseListener } from './listeners.ts';

/** What a `server.properties` says, in the words of the command. */
export interface ServerProperties {
  readonly host: string | undefined;
  readonly port: number | undefined;
  readonly advertisedHost: string | undefined;
  readonly dataDir: string | undefined;
  readonly security: Security;
  /** Broker configs that are passed on by name. */
  readonly config: Readonly<Record<string, string>>;
  /** Names that have no effect here, for the user to be told. */
  readonly unused: readonly string[];
}

/**
 * Settings of Apache Kafka that mean nothing in one process without replication: its threads and buffers, the metadata
 * quorum, replica fetchers, tiered storage, plug-in classes. The broker would take them without a word.
 */
const WITHOUT_EFFECT = [
  /^(process\.roles|node\.id|broker\.id|inter\.broker\.listener\.name|metadata\.log\.dir|security\.inter\.broker\.protocol)$/,
  /^(zookeeper|controller|replica|remote|alter\.log\.dirs|replication\.quota|share|group\.share|streams|group\.streams)\./,
  /^(metadata\.(log|max)|initial\.broker\.registration|broker\.(heartbeat|session)|leader\.imbalance|auto\.leader)/,
  /^(num\.(network|io|recovery|replica)|background\.threads|socket\.(send|receive|listen)|log\.flush|log\.preallocate)/,
  /^(metric|kafka\.metrics|quota|client\.quota|confluent\.|sasl\.(kerberos|oauthbearer|login))/,
  /(purgatory|\.class\.name$|\.policy\.|max\.connection\.creation)/,
];

const SECURITY = /^(ssl\.(keystore|truststore|key|client\.auth)|sasl\.(enabled|jaas)|listener\.(name|security)\.)/;

/** Sorts the settings of a Kafka `server.properties` into what is used here and what is not. */
export function readServerProperties(properties: Readonly<Record<string, string>>): ServerProperties {
  const {
    listeners,
    'advertised.listeners': advertised,
    'controller.listener.names': controllers,
    'log.dirs': logDirs,
    'log.dir': logDir,
    ...rest
  } = properties;
  const listener = clientListener(listeners, controllers);
  const [dataDir, ...otherDirs] = (logDirs ?? logDir ?? '').split(',').map((each) => each.trim());
  const config: Record<string, string> = {};
  const unused: string[] = [];
  if (otherDirs.length > 0) unused.push('log.dirs (all but the first)');
  if (controllers !== undefined) unused.push('controller.listener.names');
  for (const [name, value] of Object.entries(rest)) {
    // Which of these count is a matter of the listener's protocol.
    if (SECURITY.test(name)) continue;
    if (WITHOUT_EFFECT.some((pattern) => pattern.test(name))) unused.push(name);
    else config[name] = value;
  }
  return {
    host: listener?.host,
    port: listener?.port,
    advertisedHost: clientListener(advertised, controllers)?.host,
    dataDir: dataDir === '' ? undefined : dataDir,
    security: listener === undefined ? {} : securityOfListener(listener.name, properties),
    config,
    unused,
  };
}

/** The first listener that is for clients. */
function clientListener(listeners: string | undefined, controllers: string | undefined) {
  const internal = new Set((controllers ?? '').split(',').map((each) => each.trim().toUpperCase()));
  const parsed = (listeners ?? '')
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '')
    .map(parseListener);
  return parsed.find(({ name }) => !internal.has(name.toUpperCase()));
}
