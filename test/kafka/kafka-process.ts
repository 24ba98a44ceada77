/** One process of Apache Kafka with a directory of its own, to be started, stopped in order, killed and started again. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { openSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';

const START_TIMEOUT_MS = 120_000;
const STOP_TIMEOUT_MS = 30_000;
const CLUSTER_ID = 'bWlsbHJhY2UtdGVzdHMtMQ';

export interface KafkaProcessOptions {
  /** Class path with kafka_2.13 and log4j. */
  readonly classPath: string;
  /** Exists, and is its own; who made it removes it. */
  readonly directory: string;
  /** Contents of server.properties. */
  readonly config: Readonly<Record<string, string>>;
  /** More parameters of the format tool, such as `--feature transaction.version=1`. */
  readonly format?: readonly string[];
  /** In MiB. Default 512. */
  readonly heapMiB?: number;
}

export class KafkaProcess {
  readonly #java: readonly string[];
  readonly #properties: string;
  readonly #logFile: string;
  #process: ChildProcess | undefined;
  #exited: Promise<void> = Promise.resolve();
  readonly #killWithUs = (): void => void this.#process?.kill('SIGKILL');

  /** Formats the directory. Throws with what the tool said. */
  constructor({ classPath, directory, config, format = [], heapMiB = 512 }: KafkaProcessOptions) {
    this.#properties = join(directory, 'server.properties');
    this.#logFile = join(directory, 'kafka.log');
    writeFileSync(
      this.#properties,
      Object.entries(config)
        .map(([name, value]) => `${name}=${value.replaceAll('\n', '\\n')}\n`)
        .join(''),
    );
    // Without a configuration log4j says nothing, not even why the broker ended.
    const logging = join(directory, 'log4j2.properties');
    writeFileSync(logging, LOGGING);
    this.#java = ['-Xms128m', `-Xmx${heapMiB}m`, `-Dlog4j2.configurationFile=${logging}`, '-cp', classPath];
    const parameters = ['kafka.tools.StorageTool', 'format', '-t', CLUSTER_ID, '-c', this.#properties, ...format];
    const formatted = spawnSync('java', [...this.#java, ...parameters], { encoding: 'utf8' });
    if (formatted.status !== 0) throw new Error(`Apache Kafka's directory could not be formatted:\n${formatted.stdout}${formatted.stderr}`);
  }

  /** Process id, to look at what it uses; 0 when it was never started. */
  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  /** Starts it and waits until it takes connections. Throws with the end of its log. */
  async start(): Promise<void> {
    const log = openSync(this.#logFile, 'a');
    const from = statSync(this.#logFile).size;
    const child = spawn('java', [...this.#java, 'kafka.Kafka', this.#properties], { stdio: ['ignore', log, log] });
    this.#process = child;
    this.#exited = new Promise((resolve) => child.once('exit', () => resolve()));
    process.once('exit', this.#killWithUs);
    const deadline = Date.now() + START_TIMEOUT_MS;
    while (!/Kafka Server started/.test(this.#log(from))) {
      if (child.exitCode !== null || Date.now() > deadline) {
        const end = this.#log(from).split('\n').slice(-30).join('\n');
        await this.kill();
        throw new Error(`Apache Kafka did not start:\n${end}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  /** Stops it in order, or kills it when that takes too long. */
  async stop(): Promise<void> {
    this.#process?.kill('SIGTERM');
    const timer = setTimeout(this.#killWithUs, STOP_TIMEOUT_MS);
    await this.#exited;
    clearTimeout(timer);
    process.off('exit', this.#killWithUs);
  }

  /** `kill -9`. */
  async kill(): Promise<void> {
    this.#killWithUs();
    await this.#exited;
    process.off('exit', this.#killWithUs);
  }

  #log(from: number): string {
    return readFileSync(this.#logFile).subarray(from).toString();
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

/** Ports nobody listens on; all are held until all are known. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(Array.from({ length: count }, listen));
  const ports = servers.map((server) => {
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  });
  await Promise.all(servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))));
  return ports;
}

function listen(): Promise<ReturnType<typeof createServer>> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => resolve(server));
  });
}
