import { type Command, Option } from 'commander';
import { aliasOf, collect, collectList, collectPairs, examples, newCommand, usageError, wholeNumber } from '../command.ts';
import { collectTopicSpec, type TopicSpec } from '../topic-spec.ts';

const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;
const FLUSH_POLICIES = ['none', 'interval', 'batch'] as const;
const CLIENT_AUTHS = ['none', 'requested', 'required'] as const;

/** What the command line says; what is not given is undefined, so that a properties file can say it. */
export interface BrokerCommandOptions {
  readonly port?: number;
  readonly host?: string;
  readonly advertisedHost?: string;
  readonly nodes?: number;
  readonly data?: string;
  readonly partitions?: number;
  readonly flush?: (typeof FLUSH_POLICIES)[number];
  readonly config?: Readonly<Record<string, string>>;
  readonly properties?: string;
  readonly topic?: readonly TopicSpec[];
  readonly adminPort?: number;
  readonly adminHost?: string;
  readonly clampReplicationFactor?: boolean;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly tlsKeyPassword?: string;
  readonly tlsCa?: string;
  readonly tlsClientAuth?: (typeof CLIENT_AUTHS)[number];
  readonly saslMechanisms?: readonly string[];
  readonly user?: readonly string[];
  readonly authorize?: boolean;
  readonly superUser?: readonly string[];
  readonly logLevel: (typeof LOG_LEVELS)[number];
  readonly json?: boolean;
}

/** `millrace broker`. */
export function brokerCommand(): Command {
  const command = newCommand('broker', 'start the embedded Kafka broker and run it until Ctrl-C or SIGTERM')
    .option(
      '-p, --port <port>',
      'port of the first node, the others get the next ones; 0 takes free ones (default: 9092)',
      wholeNumber(0, 65_535),
    )
    .option('--host <address>', 'address to listen on; 0.0.0.0 lets other machines in (default: 127.0.0.1)')
    .option('--advertised-host <name>', 'host name that clients are told to connect to (default: --host)')
    .option('-n, --nodes <n>', 'virtual brokers, each with a port of its own (default: 1)', wholeNumber(1, 100))
    .option('-d, --data <dir>', 'keep topics and offsets here (default: a temporary directory that goes with the broker)')
    .option('--partitions <n>', 'partitions of new topics that ask for no number (default: 1)', wholeNumber(1))
    .addOption(
      new Option('--flush <policy>', 'when written data is on the disk: "interval" each second, "batch" before it is acknowledged').choices(
        FLUSH_POLICIES,
      ),
    )
    .option('-t, --topic <name[:partitions[:rf]]>', 'make this topic if it is not there; may be repeated', collectTopicSpec)
    .option('-c, --config <name=value>', "broker config by Kafka's name; may be repeated", collectPairs)
    .option('--properties <file>', 'a Kafka server.properties; options of the command win over it')
    .option('--clamp-replication-factor', 'make as many replicas as there are nodes when more are asked for')
    .option(
      '--admin-port <port>',
      'HTTP port that steers the broker: faults, nodes, leaders, clock; 0 takes a free one',
      wholeNumber(0, 65_535),
    )
    .option('--admin-host <address>', 'address of the admin port (default: 127.0.0.1)')
    .option('--tls-cert <file>', 'TLS: certificate in PEM')
    .option('--tls-key <file>', 'TLS: its private key in PEM')
    .option('--tls-key-password <password>', 'TLS: password of the private key')
    .option('--tls-ca <file>', "TLS: authorities of clients' certificates, in PEM")
    .addOption(new Option('--tls-client-auth <auth>', 'TLS: whether clients show a certificate').choices(CLIENT_AUTHS))
    .option('--sasl-mechanisms <list>', 'clients must log in: PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 (default with --user: all)', collectList)
    .option('--user <name:password>', 'somebody who may log in; may be repeated', collect)
    .option('--authorize', 'enforce ACLs')
    .option('--super-user <principal>', 'who may do everything, as User:admin; may be repeated, means --authorize', collect)
    .addOption(new Option('--log-level <level>', 'what is logged to stderr').choices(LOG_LEVELS).default('warn'))
    .option('--json', 'one line of JSON on stdout when clients can connect')
    .addOption(aliasOf('--data-dir <dir>', 'data'))
    .addOption(aliasOf('--override <name=value>', 'config', collectPairs))
    .argument('[properties]', "a Kafka server.properties, as Kafka's own script takes it")
    .action(async (file: string | undefined, options: BrokerCommandOptions) => {
      if (file !== undefined && options.properties !== undefined) throw usageError('Give one properties file, not two.');
      const { runBroker } = await import('../run-broker.ts');
      await runBroker(file === undefined ? options : { ...options, properties: file });
    });
  return examples(command, [
    ['millrace broker', 'on 127.0.0.1:9092, data gone when it ends'],
    ['millrace broker --data ./kafka --topic orders:4', 'data kept, and a topic of four partitions'],
    ['millrace broker --nodes 3 --port 0 --json', 'three brokers on free ports, which the JSON line names'],
    ['millrace broker --config auto.create.topics.enable=false'],
    ['millrace broker --user alice:secret --user admin:root --super-user User:admin', 'with logins and ACLs'],
  ]);
}
