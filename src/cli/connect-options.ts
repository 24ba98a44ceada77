import type { Command } from 'commander';
import type { KafkaClient } from '../client/index.ts';
import { isMillraceError, MillraceError } from '../errors.ts';
import { aliasOf, CONNECTION_GROUP, collectPairs, wholeNumber } from './command.ts';
import { readProperties } from './properties.ts';

const DEFAULT_BOOTSTRAP = 'localhost:9092';
const DEFAULT_PORT = 9092;

/** Settings of the user that are not of the connection: the command's own, such as `acks`, or misspelt ones. */
export type Settings = Readonly<Record<string, string>>;

/** Options of every command that talks to a cluster. */
export interface ConnectOptions {
  readonly bootstrap?: string;
  /** `-X name=value`. */
  readonly option?: Readonly<Record<string, string>>;
  readonly commandConfig?: string;
  readonly connectTimeout?: number;
  readonly verbose?: boolean;
}

/** Adds `--bootstrap`, `-X` and `--command-config`, with the spellings of Kafka's scripts and kcat. */
export function withConnection(command: Command): Command {
  command
    .option('-b, --bootstrap <host:port,...>', `brokers of the cluster (default: $MILLRACE_BOOTSTRAP or ${DEFAULT_BOOTSTRAP})`)
    .option('-X, --option <name=value>', 'client setting by its Kafka or librdkafka name, such as security.protocol=SASL_SSL', collectPairs)
    .option('--command-config <file>', 'Java properties file with client settings; -X wins over it')
    .option('--connect-timeout <ms>', 'how long to look for a broker that answers (default: 5000)', wholeNumber(1))
    .option('--verbose', 'tell on stderr about connections and retries')
    .addOption(aliasOf('--bootstrap-server <host:port,...>', 'bootstrap'))
    .addOption(aliasOf('--bootstrap-servers <host:port,...>', 'bootstrap'))
    .addOption(aliasOf('--broker-list <host:port,...>', 'bootstrap'))
    .addOption(aliasOf('--brokers <host:port,...>', 'bootstrap'))
    .addOption(aliasOf('--client-config <file>', 'commandConfig'))
    .addOption(aliasOf('--command-property <name=value>', 'option', collectPairs));
  for (const option of command.options) option.helpGroup(CONNECTION_GROUP);
  return command;
}

/** Connects, does the work, and closes the connections whatever happens. */
export async function withClient<T>(options: ConnectOptions, work: (client: KafkaClient, settings: Settings) => Promise<T>): Promise<T> {
  const { clientOptionsFromKafkaConfig, KafkaClient } = await import('../client/index.ts');
  const { bootstrap, config } = kafkaConfig(options);
  const { options: known, unused } = clientOptionsFromKafkaConfig({ ...config, 'bootstrap.servers': bootstrap });
  const client = await connected(
    KafkaClient.connect({
      clientId: 'millrace-cli',
      bootstrapTimeoutMs: options.connectTimeout ?? 5_000,
      ...known,
      ...(options.verbose === true && { onLog: (level, message) => void process.stderr.write(`${level} ${message}\n`) }),
    }),
  );
  try {
    return await work(client, Object.fromEntries(unused.map((name) => [name, config[name] ?? ''])));
  } finally {
    client.close();
  }
}

async function connected(connecting: Promise<KafkaClient>): Promise<KafkaClient> {
  try {
    return await connecting;
  } catch (error) {
    if (!isMillraceError(error) || error.code !== 'BROKER_UNREACHABLE') throw error;
    throw new MillraceError('BROKER_UNREACHABLE', `${error.message} --bootstrap host:port names another.`, { cause: error });
  }
}

/** Settings of the file, then of -X; and the brokers, which `--bootstrap` names before either. */
function kafkaConfig(options: ConnectOptions): { readonly bootstrap: string; readonly config: Record<string, string> } {
  const file = options.commandConfig === undefined ? {} : readProperties(options.commandConfig);
  const config: Record<string, string> = { ...file, ...options.option };
  const named = config['bootstrap.servers'] ?? config['metadata.broker.list'];
  delete config['bootstrap.servers'];
  delete config['metadata.broker.list'];
  const bootstrap = options.bootstrap ?? named ?? process.env['MILLRACE_BOOTSTRAP'] ?? DEFAULT_BOOTSTRAP;
  return { bootstrap: bootstrap.split(',').map(withPort).join(','), config };
}

/** kcat takes a bare host name too. */
function withPort(server: string): string {
  const text = server.trim();
  return /^[A-Za-z0-9._-]+$/.test(text) ? `${text}:${DEFAULT_PORT}` : text;
}
