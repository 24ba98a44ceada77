import pc from 'picocolors';
import { Broker, type BrokerStartOptions } from '../broker/index.ts';
import { isMillraceError, MillraceError } from '../errors.ts';
import { readServerProperties, type ServerProperties } from './broker-properties.ts';
import { securityOptions } from './broker-security.ts';
import type { BrokerCommandOptions } from './commands/broker.ts';
import { readProperties } from './properties.ts';
import { StopSignal } from './stop-signal.ts';
import { terminalLog } from './terminal-log.ts';

const DEFAULT_PORT = 9092;

/** Starts the broker in this thread, tells where it is, and closes it in order after a signal. */
export async function runBroker(options: BrokerCommandOptions): Promise<void> {
  const stop = new StopSignal({ doing: 'closing the broker', exitCode: 0 });
  try {
    const file = options.properties === undefined ? undefined : readServerProperties(readProperties(options.properties));
    if (file !== undefined && file.unused.length > 0) {
      process.stderr.write(`${pc.yellow('note')} not used of ${options.properties}: ${file.unused.join(', ')}\n`);
    }
    const startOptions = startOptionsOf(options, file);
    const broker = await start(startOptions);
    announce(broker, startOptions, options.json === true);
    await stop.promise;
    await broker.close();
  } finally {
    stop.release();
  }
}

/** Adds what to do on the command line. */
async function start(options: BrokerStartOptions): Promise<Broker> {
  try {
    return await Broker.start(options);
  } catch (error) {
    if (!isMillraceError(error) || error.code !== 'PORT_IN_USE') throw error;
    throw new MillraceError('PORT_IN_USE', `${error.message} On the command line: --port, where 0 takes any free port.`, { cause: error });
  }
}

/** The options of the command, then those of the properties file, then the defaults. */
function startOptionsOf(options: BrokerCommandOptions, file: ServerProperties | undefined): BrokerStartOptions {
  const host = options.host ?? file?.host;
  const advertisedHost = options.advertisedHost ?? file?.advertisedHost;
  const dataDir = options.data ?? file?.dataDir;
  return {
    thread: false,
    port: options.port ?? file?.port ?? DEFAULT_PORT,
    ...(host !== undefined && { host }),
    ...(advertisedHost !== undefined && { advertisedHost }),
    ...(options.nodes !== undefined && { nodes: options.nodes }),
    ...(dataDir !== undefined && { dataDir }),
    ...(options.partitions !== undefined && { defaultPartitions: options.partitions }),
    ...(options.flush !== undefined && { flushPolicy: options.flush }),
    ...(options.adminPort !== undefined && { adminPort: options.adminPort }),
    ...(options.adminHost !== undefined && { adminHost: options.adminHost }),
    ...(options.clampReplicationFactor === true && { clampReplicationFactor: true }),
    ...file?.security,
    ...securityOptions(options),
    config: { ...file?.config, ...options.config },
    topics: (options.topic ?? []).map(({ name, partitions, replicationFactor }) => ({
      name,
      ...(partitions !== -1 && { partitions }),
      ...(replicationFactor !== -1 && { replicationFactor }),
    })),
    logLevel: options.logLevel,
    ...(process.stderr.isTTY && { log: terminalLog(options.logLevel) }),
  };
}

function announce(broker: Broker, options: BrokerStartOptions, json: boolean): void {
  const temporary = options.dataDir === undefined;
  if (json) {
    const { bootstrapServers, ports, dataDir, clusterId, adminPort = null } = broker;
    process.stdout.write(`${JSON.stringify({ bootstrapServers, ports, clusterId, dataDir, temporary, adminPort, pid: process.pid })}\n`);
    return;
  }
  const nodes = broker.ports.length === 1 ? '' : ` (${broker.ports.length} nodes)`;
  const data = temporary ? 'temporary, gone when the broker ends; --data DIR keeps it' : broker.dataDir;
  const admin = broker.adminPort === undefined ? '' : `${pc.dim('admin')} http://${options.adminHost ?? '127.0.0.1'}:${broker.adminPort}\n`;
  process.stdout.write(
    `Kafka broker at ${pc.bold(broker.bootstrapServers)}${nodes}\n${pc.dim('data')}  ${data}\n${admin}${pc.dim('stop')}  Ctrl-C\n`,
  );
}
