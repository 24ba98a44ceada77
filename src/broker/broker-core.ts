/** The broker itself, on the thread it was made on: puts the parts together, starts and stops them in order. */

import { MillraceError } from '../errors.ts';
import { type Api, apiByKey } from '../protocol/index.ts';
import type { AdminServer } from './admin/admin-server.ts';
import { AdjustableClock } from './clock.ts';
import { clusterIdOf } from './cluster-identity.ts';
import { BROKER_CONFIGS } from './configs/broker-configs.ts';
import { ConfigStore } from './configs/config-store.ts';
import { LocalControls } from './control/broker-controls.ts';
import type { BrokerControls } from './control/controls.ts';
import { CoordinatorMoves } from './control/coordinator-moves.ts';
import type { CoordinatorDeps } from './coordinator/index.ts';
import { Dispatcher, type ServedApi } from './dispatcher.ts';
import { FaultService } from './faults/fault-service.ts';
import { GroupCoordinator } from './group/coordinator.ts';
import { groupHandlers } from './group/handlers.ts';
import type { HandlerDeps } from './handlers/deps.ts';
import { brokerHandlers } from './handlers/index.ts';
import { LogDirectory, type LogFileSystem, nodeFileSystem } from './log/index.ts';
import { LogCleaningSchedule } from './log-cleaning-schedule.ts';
import { type BrokerLogger, stderrLogger } from './logger.ts';
import { MetadataLog } from './metadata-log.ts';
import { MeteredHandler } from './metrics/metered-handler.ts';
import { RequestMetrics } from './metrics/request-metrics.ts';
import { NodeRegistry } from './nodes.ts';
import type { ResolvedBrokerOptions } from './options.ts';
import { ProducerIdBlocks } from './producer-id-blocks.ts';
import { ClientQuotas } from './quotas/client-quotas.ts';
import { restore } from './restore.ts';
import type { Clock } from './seams.ts';
import { Operation } from './security/acl/constants.ts';
import { BrokerSecurity } from './security/broker-security.ts';
import type { FrameHandler } from './server/connection.ts';
import { FramePool } from './server/frame-pool.ts';
import { type Network, tcpNetwork } from './server/network.ts';
import { NodeServer } from './server/node-server.ts';
import { RequestMemory } from './server/request-memory.ts';
import { ResponseMemory } from './server/response-memory.ts';
import { createStartTopics } from './start-topics.ts';
import { TopicRegistry } from './topics.ts';
import { TransactionCoordinator } from './txn/coordinator.ts';
import { transactionHandlers } from './txn/handlers.ts';

/** Fetched records in memory for clients that are slow to take them; `fetch.response.memory.bytes` sets another limit. */
const RESPONSE_MEMORY_BYTES = 256 * 1024 * 1024;

/** What tests replace. */
export interface BrokerEnvironment {
  readonly clock?: Clock;
  readonly fs?: LogFileSystem;
  readonly log?: BrokerLogger;
  /** Where connections come from. Cannot be replaced for a broker with TLS, nor for the admin port. */
  readonly network?: Network;
}

interface Parts {
  readonly network: Network;
  readonly options: ResolvedBrokerOptions;
  readonly clock: Clock;
  readonly log: BrokerLogger;
  readonly configs: ConfigStore;
  readonly directory: LogDirectory;
  readonly metadata: MetadataLog;
  readonly nodes: NodeRegistry;
  readonly topics: TopicRegistry;
  readonly groups: GroupCoordinator;
  readonly transactions: TransactionCoordinator;
  readonly faultService: FaultService;
  readonly quotas: ClientQuotas;
  readonly security: BrokerSecurity;
  readonly producerIdBlocks: ProducerIdBlocks;
}

export class BrokerCore {
  readonly clusterId: string;
  readonly topics: TopicRegistry;
  readonly nodes: NodeRegistry;
  /** What can be done to the broker from outside of the protocol. */
  readonly controls: BrokerControls;
  readonly #parts: Parts;
  readonly #handlerFor: () => FrameHandler;
  readonly #requestMemory: RequestMemory;
  readonly #framePool = new FramePool();
  readonly #servers = new Map<number, NodeServer>();
  /** Ports of nodes, so that a stopped one comes back where clients look for it. */
  readonly #lastPorts = new Map<number, number>();
  readonly #cleaning: LogCleaningSchedule;
  #admin: AdminServer | undefined;
  #closing: Promise<void> | undefined;

  /** Rejects with DATA_DIR_UNUSABLE, PORT_IN_USE or INVALID_CONFIG; then nothing is left open. */
  static async start(options: ResolvedBrokerOptions, environment: BrokerEnvironment = {}): Promise<BrokerCore> {
    const parts = open(options, environment);
    try {
      const fs = environment.fs ?? nodeFileSystem;
      const clusterId = clusterIdOf(fs, options.dataDir);
      await restore({ ...parts, fs });
      await parts.security.start();
      await parts.groups.load();
      await parts.transactions.load();
      await createStartTopics(parts.topics, options.topics);
      const core = new BrokerCore(parts, clusterId);
      await core.#listen();
      return core;
    } catch (error) {
      await shutDown(parts);
      throw error;
    }
  }

  private constructor(parts: Parts, clusterId: string) {
    this.#parts = parts;
    this.clusterId = clusterId;
    this.topics = parts.topics;
    this.nodes = parts.nodes;
    this.#requestMemory = new RequestMemory(requestMemoryLimit(parts.configs));
    const dispatcher = new Dispatcher(servedApis(parts, clusterId), parts.log, parts.faultService);
    const metrics = new RequestMetrics();
    const handlerFor = parts.security.handlerFor(dispatcher);
    this.#handlerFor = () => new MeteredHandler(handlerFor(), metrics);
    this.#cleaning = new LogCleaningSchedule(parts);
    this.controls = new LocalControls({
      ...parts,
      clusterId,
      ports: this,
      moves: new CoordinatorMoves(parts),
      metrics,
      host: parts.options.advertisedHost,
      connectionsOf: (node) => this.#servers.get(node)?.connectionCount ?? 0,
      portOf: (node) => this.#lastPorts.get(node) ?? 0,
    });
  }

  /** Undefined when there is no admin port. */
  get adminPort(): number | undefined {
    return this.#admin?.port;
  }

  /** Ports by node, in the order of their ids. */
  get ports(): number[] {
    return this.nodes.live().map((node) => node.port);
  }

  get bootstrapServers(): string {
    return this.nodes
      .live()
      .map(({ host, port }) => `${host}:${port}`)
      .join(',');
  }

  /** Ends a node's connections and frees its port; what it led is led by another live replica, if there is one. */
  async stopNode(id: number): Promise<void> {
    const server = this.#servers.get(id);
    if (server === undefined || this.#closing !== undefined)
      throw new MillraceError('INVALID_STATE', `Node ${id} is not running.`, { context: { node: id } });
    this.#servers.delete(id);
    this.nodes.setStopped(id);
    this.topics.electLeaders();
    await server.close();
  }

  /** Starts a stopped node on the port it had. */
  async startNode(id: number): Promise<void> {
    if (this.#closing !== undefined || this.#servers.has(id) || id < 1 || id > this.nodes.count) {
      throw new MillraceError('INVALID_STATE', `Node ${id} cannot be started: there is no such stopped node.`, { context: { node: id } });
    }
    await this.#listenNode(id, this.#lastPorts.get(id) ?? 0);
    this.topics.electLeaders();
  }

  /** Ends all connections, writes and closes everything. Calling again waits for the first call. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#cleaning.stop();
    await this.#admin?.close();
    this.#parts.faultService.close();
    this.#parts.groups.close();
    this.#parts.transactions.close();
    await Promise.all([...this.#servers.values()].map((server) => server.close()));
    await shutDown(this.#parts);
  }

  async #listen(): Promise<void> {
    try {
      let index = 0;
      for (const id of this.nodes.ids()) await this.#listenNode(id, this.#parts.options.ports[index++] ?? 0);
      await this.#listenAdmin();
    } catch (error) {
      this.#cleaning.stop();
      await Promise.all([...this.#servers.values()].map((server) => server.close()));
      throw error;
    }
  }

  async #listenAdmin(): Promise<void> {
    const { adminHost: host, adminPort: port } = this.#parts.options;
    if (port === undefined) return;
    // Loaded only here: brokers without an admin port start faster.
    const { AdminServer } = await import('./admin/admin-server.ts');
    this.#admin = await AdminServer.listen({ host, port, controls: this.controls, log: this.#parts.log });
  }

  async #listenNode(id: number, port: number): Promise<void> {
    const { configs, options, clock, log } = this.#parts;
    const server = await NodeServer.listen({
      nodeId: id,
      host: options.host,
      port,
      maxRequestBytes: configs.number('socket.request.max.bytes'),
      maxConnections: configs.number('max.connections'),
      maxIdleMs: configs.number('connections.max.idle.ms'),
      memory: this.#requestMemory,
      pool: this.#framePool,
      handlerFor: this.#handlerFor,
      tls: this.#parts.security.tls,
      network: this.#parts.network,
      clock,
      log,
    });
    this.#servers.set(id, server);
    this.#lastPorts.set(id, server.port);
    this.nodes.setLive({ id, host: options.advertisedHost, port: server.port });
  }
}

/** Opens the data directory and makes the parts; nothing is read yet. Throws DATA_DIR_UNUSABLE or INVALID_CONFIG. */
function open(options: ResolvedBrokerOptions, environment: BrokerEnvironment): Parts {
  const {
    clock = new AdjustableClock({ standsStill: options.manualClock }),
    fs = nodeFileSystem,
    log = stderrLogger(options.logLevel),
    network = tcpNetwork,
  } = environment;
  const configs = new ConfigStore(options.config);
  for (const name of configs.unknownNames()) log.warn(`Broker config ${name} is not known and has no effect.`);
  const directory = LogDirectory.open({
    path: options.dataDir,
    clock,
    fs,
    flushPolicy: options.flushPolicy,
    producerIdExpirationMs: configs.number('producer.id.expiration.ms'),
    onEvent: ({ level, message }) => log[level](message),
  });
  const metadata = new MetadataLog(fs, options.dataDir, options.flushPolicy !== 'none');
  const nodes = new NodeRegistry(options.ports.length, options.racks);
  // Live from the start, so that partitions get leaders when topics are opened; the ports are known later.
  for (const id of nodes.ids()) nodes.setLive({ id, host: options.advertisedHost, port: 0 });
  const topics = new TopicRegistry({ directory, metadata, configs, nodes, log });
  const groupConfig = (groupId: string) => configs.dynamic('group', groupId);
  const coordination: CoordinatorDeps = { topics, clock, config: configs.asLiveRecord(), nodes: () => nodes.live(), groupConfig, log };
  const groups = new GroupCoordinator(coordination);
  const producerIdBlocks = new ProducerIdBlocks(metadata);
  const transactions = new TransactionCoordinator({ ...coordination, groups, producerIdBlocks });
  topics.onChanged((topic, change) => groups.onTopicChanged(topic.name, change));
  topics.onDeleted((topic) => {
    groups
      .onTopicDeleted(topic.name)
      .catch((error: unknown) => log.error(`Offsets of deleted topic ${topic.name} are still there: ${String(error)}`));
  });
  const quotas = new ClientQuotas({ configs, metadata, clock });
  const faultService = new FaultService(clock, (id) => topics.getById(id)?.name, quotas);
  configs.onChange((scope) => {
    if (scope === 'quota') faultService.update();
  });
  const security = new BrokerSecurity({
    options: options.security,
    configs,
    clock,
    log,
    append: (record) => metadata.append(record),
  });
  return {
    network,
    options,
    clock,
    log,
    configs,
    directory,
    metadata,
    nodes,
    topics,
    groups,
    transactions,
    faultService,
    quotas,
    security,
    producerIdBlocks,
  };
}

/** Negative is no limit in Kafka; here it means the default, for memory must have a bound. One request always fits. */
function requestMemoryLimit(configs: ConfigStore): number {
  const set = configs.number('queued.max.request.bytes');
  const limit = set >= 0 ? set : Number(BROKER_CONFIGS.get('queued.max.request.bytes')?.defaultValue);
  return Math.max(limit, configs.number('socket.request.max.bytes'));
}

function servedApis(parts: Parts, clusterId: string): ReadonlyMap<number, ServedApi> {
  const { groups, transactions, topics, options, configs, metadata, nodes, clock, log, quotas, security } = parts;
  const served = new Map<number, ServedApi>();
  const deps: HandlerDeps = {
    clusterId,
    dataDirectory: options.dataDir,
    topics,
    configs,
    metadata,
    nodes,
    clock,
    log,
    transactions,
    quotas,
    responseMemory: new ResponseMemory(Number(configs.static['fetch.response.memory.bytes'] ?? RESPONSE_MEMORY_BYTES)),
    protocol: security.protocol,
    access: security.access,
    served: () => served.values(),
  };
  const maps = [
    brokerHandlers(deps),
    groupHandlers({
      groups,
      transactions,
      topics,
      mayDescribe: (context, topic) => security.access?.topic(context, Operation.DESCRIBE, topic) ?? true,
    }),
    transactionHandlers(transactions),
    security.handlers(),
  ];
  const guard = security.guards(topics);
  for (const [key, handle] of maps.flatMap((map) => [...map]).sort(([a], [b]) => a - b)) {
    const api: Api | undefined = apiByKey(key);
    if (api !== undefined) served.set(key, { api, versions: api.versions, handle: guard(key, handle) });
  }
  return served;
}

async function shutDown({ topics, metadata, directory, groups, transactions }: Parts): Promise<void> {
  groups.close();
  transactions.close();
  await topics.close();
  await directory.close();
  metadata.close();
}
