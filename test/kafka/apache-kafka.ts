/** An Apache Kafka of the test's own: one KRaft node on loopback with its data in a temporary directory. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { COMMON_CONFIG } from './common-config.ts';
import { freePorts, KafkaProcess } from './kafka-process.ts';

export interface ApacheKafkaOptions {
  /** Class path with kafka_2.13 and log4j. */
  readonly classPath: string;
  /** Broker configs more, by name. */
  readonly config?: Readonly<Record<string, string>>;
  /** More parameters of the format tool, such as `--feature transaction.version=1`. */
  readonly format?: readonly string[];
  /** Clients come by this protocol; the broker's talk with itself stays on a listener of its own. Default: PLAINTEXT for all. */
  readonly clientProtocol?: 'SASL_SSL';
  /** Leave the data directory behind. */
  readonly keep?: boolean;
}

export class ApacheKafka {
  readonly bootstrapServers: string;
  readonly port: number;
  readonly directory: string;
  readonly #process: KafkaProcess;
  readonly #keep: boolean;

  /** Formats a directory, starts the broker and waits until it takes connections. Throws with the end of its log. */
  static async start(options: ApacheKafkaOptions): Promise<ApacheKafka> {
    const { classPath, format, keep = false } = options;
    const directory = mkdtempSync(join(tmpdir(), 'millrace-kafka-'));
    try {
      const [port = 0, controllerPort = 0, internalPort = 0] = await freePorts(3);
      const listeners =
        options.clientProtocol === undefined ? plainListeners(port, controllerPort) : securedListeners(port, controllerPort, internalPort);
      const config = { ...nodeConfig(controllerPort, directory), ...listeners, ...COMMON_CONFIG, ...options.config };
      const kafka = new ApacheKafka(new KafkaProcess({ classPath, directory, config, ...(format && { format }) }), port, directory, keep);
      await kafka.#process.start();
      return kafka;
    } catch (error) {
      if (!keep) rmSync(directory, { recursive: true, force: true });
      throw error;
    }
  }

  private constructor(kafkaProcess: KafkaProcess, port: number, directory: string, keep: boolean) {
    this.#process = kafkaProcess;
    this.port = port;
    this.bootstrapServers = `127.0.0.1:${port}`;
    this.directory = directory;
    this.#keep = keep;
  }

  /** Process id, to look at what it uses. */
  get pid(): number {
    return this.#process.pid;
  }

  /** Stops it in order, or kills it when that takes too long; removes its data unless it was told to keep it. */
  async close(): Promise<void> {
    await this.#process.stop();
    if (!this.#keep) rmSync(this.directory, { recursive: true, force: true });
  }
}

function nodeConfig(controllerPort: number, directory: string): Record<string, string> {
  return {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    'controller.listener.names': 'CONTROLLER',
    'log.dirs': join(directory, 'data'),
    'share.coordinator.state.topic.replication.factor': '1',
    'share.coordinator.state.topic.min.isr': '1',
  };
}

function plainListeners(port: number, controllerPort: number): Record<string, string> {
  return {
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}`,
    'inter.broker.listener.name': 'PLAINTEXT',
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
  };
}

/** Brokers send transaction markers to themselves, too, for which they would need a login. */
function securedListeners(port: number, controllerPort: number, internalPort: number): Record<string, string> {
  return {
    listeners: `CLIENT://127.0.0.1:${port},INTERNAL://127.0.0.1:${internalPort},CONTROLLER://127.0.0.1:${controllerPort}`,
    'advertised.listeners': `CLIENT://127.0.0.1:${port},INTERNAL://127.0.0.1:${internalPort}`,
    'inter.broker.listener.name': 'INTERNAL',
    'listener.security.protocol.map': 'CLIENT:SASL_SSL,INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT',
  };
}
