import type { LogLevel } from './logger.ts';
import type { FlushPolicy } from './seams.ts';
import type { BrokerSecurityOptions, ResolvedSecurity } from './security/options.ts';

/** A topic that a broker has from its start. */
export interface StartTopic {
  readonly name: string;
  /** Default: the broker's `num.partitions`. */
  readonly partitions?: number;
  /** Default: the broker's `default.replication.factor`. */
  readonly replicationFactor?: number;
  /** Topic configs by Kafka's names. */
  readonly config?: Readonly<Record<string, string>>;
}

/** What a broker is started with. All of it crosses to the broker's thread, so it is plain data. */
export interface BrokerOptions extends BrokerSecurityOptions {
  /** Port of the first node; 0, the default, takes any free one. The others get the next ones, or any free ones. */
  readonly port?: number;
  /** A port for each node instead. */
  readonly ports?: readonly number[];
  /**
   * Port of an HTTP server that steers the broker: faults, nodes, leaders, coordinators, clock, state; see
   * docs/operating/faults.md. 0 takes any free one. Default: there is none.
   */
  readonly adminPort?: number;
  /** Address of the admin port. Default 127.0.0.1. Whoever reaches it can do everything with the broker. */
  readonly adminHost?: string;
  /** Address to listen on. Default 127.0.0.1, which only this machine reaches. */
  readonly host?: string;
  /** Host name that clients are told to connect to. Default: `host`, or this machine's name when that is all addresses. */
  readonly advertisedHost?: string;
  /** Where topics and offsets are kept. Default: a temporary directory that goes when the broker is closed. */
  readonly dataDir?: string;
  /** Virtual brokers, each with a port of its own. Default 1. */
  readonly nodes?: number;
  /** Rack of each node, which clients are told. Default: `broker.rack` of the config, for all of them. */
  readonly racks?: readonly string[];
  /**
   * More replicas than nodes are asked for: make as many as there are nodes instead of refusing. Default false, as in
   * Kafka. For suites that want three replicas of everything.
   */
  readonly clampReplicationFactor?: boolean;
  /** Partitions of topics that are made without a number (`num.partitions`). Default 1, as in Kafka. */
  readonly defaultPartitions?: number;
  /**
   * When an acknowledged write is on the disk. `none`: when the OS likes; `interval`: each second; `batch`: before it is
   * acknowledged. A killed process loses nothing with any of them, a power cut only with the first two. Default: `none`
   * for a temporary directory, else `interval`.
   */
  readonly flushPolicy?: FlushPolicy;
  /** Broker configs by Kafka's names, with values as text. */
  readonly config?: Readonly<Record<string, string>>;
  /** Topics to make before the first client connects. One that the data directory has already stays as it is. */
  readonly topics?: readonly StartTopic[];
  /** What is logged to stderr. Default `warn`. */
  readonly logLevel?: LogLevel;
}

/** With everything decided. */
export interface ResolvedBrokerOptions {
  readonly ports: readonly number[];
  readonly host: string;
  readonly advertisedHost: string;
  /** Undefined: there is none. */
  readonly adminPort: number | undefined;
  readonly adminHost: string;
  /** By node. */
  readonly racks: readonly (string | null)[];
  readonly dataDir: string;
  readonly flushPolicy: FlushPolicy;
  readonly config: Readonly<Record<string, string>>;
  readonly topics: readonly StartTopic[];
  readonly logLevel: LogLevel;
  /** Time stands still until it is advanced by hand. */
  readonly manualClock: boolean;
  readonly security: ResolvedSecurity;
}
