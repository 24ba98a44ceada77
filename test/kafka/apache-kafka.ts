/** An Apache Kafka of the test's own: one KRaft node on loopback with its data in a temporary directory. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { COMMON_CONFIG } from './common-config.ts';

const START_TIMEOUT_MS = 120_000;
const STOP_TIMEOUT_MS = 30_000;
const HEAP = '-Xmx512m';

export interface ApacheKafkaOptions {
  /** Class path with kafka_2.13 and log4j. */
  readonly classPath: string;
  /** Broker configs more, by name. */
  readonly config?: Readonly<Record<string, string>>;
  /** Leave the data directory behind. */
  readonly keep?: boolean;
}

export class ApacheKafka {
  readonly bootstrapServers: string;
  readonly port: number;
  readonly directory: string;
  readonly #process: ChildProcess;
  readonly #exited: Promise<void>;
  readonly #keep: boolean;
  readonly #killWithUs = (): void => void this.#process.kill('SIGKILL');

  /** Formats a directory, starts the broker and waits until it takes connections. Throws with the end of its log. */
  static async start(options: ApacheKafkaOptions): Promise<ApacheKafka> {
    const directory = mkdtempSync(join(tmpdir(), 'millrace-kafka-'));
    const [port, controllerPort] = await freePorts();
    const properties = join(directory, 'server.properties');
    const entries = Object.entries({ ...nodeConfig(port, controllerPort, directory), ...COMMON_CONFIG, ...options.config });
    writeFileSync(properties, entries.map(([name, value]) => `${name}=${value}\n`).join(''));
    // Without a configuration log4j says nothing, not even why the broker ended.
    writeFileSync(join(directory, 'log4j2.properties'), LOGGING);
    const java = ['-Xms128m', HEAP, `-Dlog4j2.configurationFile=${join(directory, 'log4j2.properties')}`, '-cp', options.classPath];
    const format = ['kafka.tools.StorageTool', 'format', '-t', 'bWlsbHJhY2UtdGVzdHMtMQ', '-c', properties];
    const formatted = spawnSync('java', [...java, ...format], { encoding: 'utf8' });
    if (formatted.status !== 0) throw new Error(`Apache Kafka's directory could not be formatted:\n${formatted.stdout}${formatted.stderr}`);
    const log = openSync(join(directory, 'kafka.log'), 'a');
    const child = spawn('java', [...java, 'kafka.Kafka', properties], { stdio: ['ignore', log, log] });
    const kafka = new ApacheKafka(child, port, directory, options.keep ?? false);
    await kafka.#listening();
    return kafka;
  }

  private constructor(child: ChildProcess, port: number, directory: string, keep: boolean) {
    this.#process = child;
    this.port = port;
    this.bootstrapServers = `127.0.0.1:${port}`;
    this.directory = directory;
    this.#keep = keep;
    this.#exited = new Promise((resolve) => child.once('exit', () => resolve()));
    process.once('exit', this.#killWithUs);
  }

  /** Process id, to look at what it uses. */
  get pid(): number {
    return this.#process.pid ?? 0;
  }

  /** Stops it in order, or kills it when that takes too long; removes its data unless it was told to keep it. */
  async close(): Promise<void> {
    this.#process.kill('SIGTERM');
    const timer = setTimeout(this.#killWithUs, STOP_TIMEOUT_MS);
    await this.#exited;
    clearTimeout(timer);
    process.off('exit', this.#killWithUs);
    if (!this.#keep) rmSync(this.directory, { recursive: true, force: true });
  }

  async #listening(): Promise<void> {
    const deadline = Date.now() + START_TIMEOUT_MS;
    while (!/Kafka Server started/.test(this.#log())) {
      if (this.#process.exitCode !== null || Date.now() > deadline) {
        const log = this.#log().split('\n').slice(-30).join('\n');
        await this.close();
        throw new Error(`Apache Kafka did not start:\n${log}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  #log(): string {
    return readFileSync(join(this.directory, 'kafka.log'), 'utf8');
  }
}

const LOGGING = `rootLogger.level = INFO
rootLogger.appenderRefs = stdout
rootLogger.appenderRef.stdout.ref = STDOUT
appender.console.type = Console
appender.console.name = STDOUT
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = [%d] %p %m (%c)%n
`;

function nodeConfig(port: number, controllerPort: number, directory: string): Record<string, string> {
  return {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}`,
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'PLAINTEXT',
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'log.dirs': join(directory, 'data'),
    'share.coordinator.state.topic.replication.factor': '1',
    'share.coordinator.state.topic.min.isr': '1',
  };
}

/** Two ports nobody listens on; both are held until both are known. */
async function freePorts(): Promise<[number, number]> {
  const servers = await Promise.all([listen(), listen()]);
  const ports = servers.map((server) => {
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  });
  await Promise.all(servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))));
  return [ports[0] ?? 0, ports[1] ?? 0];
}

function listen(): Promise<ReturnType<typeof createServer>> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => resolve(server));
  });
}
