/**
 * The embedded Kafka broker.
 *
 *     import { Broker } from 'millrace/broker';
 *     const broker = await Broker.start();
 *     // any Kafka client: broker.bootstrapServers
 *     await broker.close();
 *
 * @module
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { MillraceError } from '../errors.ts';
import type { BrokerEnvironment } from './broker-core.ts';
import type { BrokerFacts } from './broker-thread.ts';
import type { ControlCall, Controller, CoordinatorType } from './control/controls.ts';
import type { BrokerMetrics, BrokerState } from './control/state.ts';
import { BrokerFaults } from './faults/broker-faults.ts';
import type { BrokerOptions, ResolvedBrokerOptions } from './options.ts';
import { resolveBrokerOptions } from './resolve-options.ts';
import type { Clock } from './seams.ts';
import { BrokerThread } from './thread-client.ts';

export type { BrokerEnvironment } from './broker-core.ts';
export type { CoordinatorType } from './control/controls.ts';
export type * from './control/state.ts';
export type { BrokerFaults, FaultHandle } from './faults/broker-faults.ts';
export type { Fault, FaultAction, FaultMoment, FaultScope, FaultStatus } from './faults/fault.ts';
export type { LogLevel } from './logger.ts';
export type { ApiMetrics } from './metrics/request-metrics.ts';
export type { BrokerOptions, StartTopic } from './options.ts';
export type { Clock, FlushPolicy } from './seams.ts';
export type {
  BrokerAuthorizationOptions,
  BrokerSaslOptions,
  BrokerSecurityOptions,
  BrokerTlsOptions,
  SaslMechanism,
  TlsClientAuth,
} from './security/options.ts';
export { MemoryNetwork, type MemoryNetworkOptions } from './server/memory-network.ts';
export type { BrokerSocket, ListenRequest, Network, NetworkListener } from './server/network.ts';

export interface BrokerStartOptions extends BrokerOptions, Omit<BrokerEnvironment, 'clock'> {
  /**
   * `manual`: time stands still but for {@link Broker.advanceClock}. Default: the machine's time, which can be advanced
   * as well.
   */
  readonly clock?: Clock | 'manual';
  /**
   * Run in a worker thread of its own, so that it neither blocks nor is blocked by the caller's. Default true. In place
   * (`false`) clock, file system, network and log can be replaced.
   */
  readonly thread?: boolean;
}

/** The broker, wherever it runs. */
interface Running {
  readonly facts: BrokerFacts;
  control(call: ControlCall): Promise<unknown>;
  close(): Promise<void>;
}

export class Broker {
  /** `host:port` of all nodes, separated by commas: what clients take as bootstrap servers. */
  readonly bootstrapServers: string;
  /** Port of the first node. */
  readonly port: number;
  /** Ports of all nodes. */
  readonly ports: readonly number[];
  readonly clusterId: string;
  /** Port of the HTTP server that steers the broker; undefined without the option `adminPort`. */
  readonly adminPort: number | undefined;
  /** Absolute path of the data directory. */
  readonly dataDir: string;
  /** Makes requests go wrong on purpose. */
  readonly faults: BrokerFaults;
  readonly #control: Controller;
  readonly #running: Running;
  readonly #removeData: () => void;
  #closing: Promise<void> | undefined;

  /**
   * Starts a broker and resolves when clients can connect. Rejects with PORT_IN_USE, DATA_DIR_UNUSABLE or
   * INVALID_CONFIG.
   */
  static async start(options: BrokerStartOptions = {}): Promise<Broker> {
    const { clock, fs, log, network, thread, ...plain } = options;
    const manualClock = clock === 'manual';
    const environment: BrokerEnvironment = {
      ...(clock && !manualClock && { clock }),
      ...(fs && { fs }),
      ...(log && { log }),
      ...(network && { network }),
    };
    const replaced = Object.keys(environment);
    if (thread === true && replaced.length > 0) {
      throw new MillraceError(
        'INVALID_CONFIG',
        `Broker options ${replaced.join(', ')} need thread: false, as functions cannot cross threads.`,
        {
          fatal: true,
        },
      );
    }
    const { dataDir, removeData } = dataDirectory(options.dataDir);
    try {
      const resolved = resolveBrokerOptions(plain, dataDir, manualClock);
      const inThread = thread ?? replaced.length === 0;
      const running = inThread ? await BrokerThread.start(resolved) : await startInPlace(resolved, environment);
      return new Broker(running, dataDir, removeData);
    } catch (error) {
      removeData();
      throw error;
    }
  }

  private constructor(running: Running, dataDir: string, removeData: () => void) {
    this.#running = running;
    // The controls say what each of them takes and gives; a call carries them through as they are.
    this.#control = ((name, ...args) => running.control({ name, args } as ControlCall)) as Controller;
    this.faults = new BrokerFaults(this.#control);
    this.#removeData = removeData;
    this.dataDir = dataDir;
    this.bootstrapServers = running.facts.bootstrapServers;
    this.ports = running.facts.ports;
    this.port = running.facts.ports[0] ?? 0;
    this.clusterId = running.facts.clusterId;
    this.adminPort = running.facts.adminPort;
  }

  /** Ends a node's connections and frees its port. What it led moves to other live replicas. Nodes count from 1. */
  stopNode(node: number): Promise<void> {
    return this.#control('stopNode', node);
  }

  /** Starts a stopped node on the port it had. */
  startNode(node: number): Promise<void> {
    return this.#control('startNode', node);
  }

  /** The node goes on taking connections and requests, and answers nothing: what a process that hangs looks like. */
  pauseNode(node: number): Promise<void> {
    return this.#control('pauseNode', node);
  }

  /** A paused node answers what has waited. */
  resumeNode(node: number): Promise<void> {
    return this.#control('resumeNode', node);
  }

  /** Makes `node` the leader of a partition. It stays so when the broker is restarted. */
  moveLeader(topic: string, partition: number, node: number): Promise<void> {
    return this.#control('moveLeader', topic, partition, node);
  }

  /**
   * Makes `node` the coordinator of a group or transactional id, and of all others that are kept in the same partition.
   * The node before it answers NOT_COORDINATOR from then on; the new one has read everything from the log again.
   */
  moveCoordinator(type: CoordinatorType, key: string, node: number): Promise<void> {
    return this.#control('moveCoordinator', type, key, node);
  }

  /**
   * Partitions forget an idempotent producer, as after `producer.id.expiration.ms` of silence; not those in which it has
   * an open transaction. Resolves with how many knew it.
   */
  expireProducer(producerId: number): Promise<number> {
    return this.#control('expireProducer', producerId);
  }

  /** Aborts an open transaction and fences its producer, as after its timeout. Rejects with INVALID_STATE without one. */
  expireTransaction(transactionalId: string): Promise<void> {
    return this.#control('expireTransaction', transactionalId);
  }

  /** Takes a member out of its group, as after its session timeout; the others share what it had. */
  expireMember(groupId: string, memberId: string): Promise<void> {
    return this.#control('expireMember', groupId, memberId);
  }

  /** Resolves when all that the broker had to do by then has been begun: sessions, timeouts, retention. */
  advanceClock(byMs: number): Promise<void> {
    return this.#control('advanceClock', byMs);
  }

  /**
   * Flips a bit in the stored batch that has the offset: clients that check its CRC must notice. What remains of the
   * damage is cut off, with all that follows, by the recovery after the next crash.
   */
  corruptBatch(topic: string, partition: number, offset: number): Promise<void> {
    return this.#control('corruptBatch', topic, partition, offset);
  }

  /** Nodes, leaders, coordinators, groups, transactions and faults, as they are now. */
  state(): Promise<BrokerState> {
    return this.#control('state');
  }

  /** Requests, bytes, latencies and connections since the start. */
  metrics(): Promise<BrokerMetrics> {
    return this.#control('metrics');
  }

  /** Stops in order: connections ended, everything written, a temporary directory removed. May be called again. */
  close(): Promise<void> {
    this.#closing ??= this.#running.close().finally(this.#removeData);
    return this.#closing;
  }
}

/** The broker's modules are loaded here and not above: with a thread only that one needs them. */
async function startInPlace(options: ResolvedBrokerOptions, environment: BrokerEnvironment): Promise<Running> {
  const [{ BrokerCore }, { factsOf, performControl }] = await Promise.all([import('./broker-core.ts'), import('./broker-thread.ts')]);
  const core = await BrokerCore.start(options, environment);
  return {
    facts: factsOf(core),
    control: (call) => performControl(core.controls, call),
    close: () => core.close(),
  };
}

/** The directory to use, and what removes it if it is a temporary one; also when the process ends without `close`. */
function dataDirectory(given: string | undefined): { readonly dataDir: string; readonly removeData: () => void } {
  if (given !== undefined) return { dataDir: resolve(given), removeData: () => undefined };
  let dataDir: string;
  try {
    dataDir = mkdtempSync(join(tmpdir(), 'millrace-broker-'));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new MillraceError(
      'DATA_DIR_UNUSABLE',
      `No temporary directory can be made in ${tmpdir()}: ${reason}. Set TMPDIR or give a dataDir.`,
      { cause },
    );
  }
  const remove = (): void => rmSync(dataDir, { recursive: true, force: true });
  process.once('exit', remove);
  return {
    dataDir,
    removeData: () => {
      process.off('exit', remove);
      remove();
    },
  };
}
