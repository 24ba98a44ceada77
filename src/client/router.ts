import { MillraceError } from '../errors.ts';
import { ErrorCode, Metadata } from '../protocol/index.ts';
import { type Address, formatAddress } from './address.ts';
import { ClusterView } from './cluster.ts';
import { CoordinatorCache } from './coordinator-cache.ts';
import { connectionLost, kafkaFailure, reasonOf } from './errors.ts';
import { type ClusterMetadata, type NodeInfo, type PartitionInfo, partitionOf, type TopicInfo, toClusterMetadata } from './metadata.ts';
import type { ReadyConnection } from './open-connection.ts';
import type { ResolvedClientOptions } from './options.ts';
import type { ConnectionPool } from './pool.ts';
import type { CoordinatorType, Target } from './target.ts';

/** Metadata, coordinators and requests to no broker in particular share a connection; none of them waits long. */
export const MAIN_LANE = 'main';

export interface MetadataOptions {
  /** Let the broker create topics that are not there, if it is set to. Default false. */
  readonly allowAutoTopicCreation?: boolean;
  /** Ask what the user may do on each topic. Default false. */
  readonly includeAuthorizedOperations?: boolean;
}

/** Where a request goes: a broker's address and a connection to it. */
export interface Route {
  readonly address: Address;
  /** Undefined for a bootstrap address, whose node nobody knows yet. */
  readonly nodeId: number | undefined;
}

/** Finds the broker for a target, from what is known or by asking, and forgets what turned out wrong. */
export class Router {
  readonly view: ClusterView;
  readonly #options: ResolvedClientOptions;
  readonly #pool: ConnectionPool;
  readonly #coordinators = new CoordinatorCache();
  /** One question at a time about the same topics. */
  readonly #asking = new Map<string, Promise<ClusterMetadata>>();

  constructor(options: ResolvedClientOptions, pool: ConnectionPool) {
    this.#options = options;
    this.#pool = pool;
    this.view = new ClusterView(options.metadataMaxAgeMs);
  }

  /** A connection for the target. Rejects with what stands in the way; the caller repeats what is retriable. */
  async connect(target: Target, lane: string): Promise<ReadyConnection & Route> {
    if (target === 'any') return this.#anyBroker(lane);
    const node = await this.#node(target);
    return { ...(await this.#pool.get(node, lane)), address: node, nodeId: node.id };
  }

  /** Asks any broker, and remembers the answer. `undefined`: all topics; empty: only the brokers. */
  metadata(topics: readonly string[] | undefined, options: MetadataOptions = {}): Promise<ClusterMetadata> {
    const key = JSON.stringify([topics ?? null, options]);
    const running = this.#asking.get(key);
    if (running !== undefined) return running;
    const answer = this.#askMetadata(topics, options).finally(() => this.#asking.delete(key));
    this.#asking.set(key, answer);
    return answer;
  }

  /** A topic, asked for if it is not known or out of date. MISSING_TOPIC if there is none. */
  async topic(name: string): Promise<TopicInfo> {
    const info = this.view.topic(name) ?? (await this.metadata([name])).topics.find((topic) => topic.name === name);
    if (info?.errorCode === ErrorCode.NONE) return info;
    this.view.invalidate(name);
    const code = info?.errorCode ?? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
    const error = kafkaFailure(code, `Finding topic ${name}`, { context: { topic: name } });
    // Brokers learn of a new topic one after the other, but waiting for it is the caller's choice.
    if (code !== ErrorCode.UNKNOWN_TOPIC_OR_PARTITION) throw error;
    throw new MillraceError(
      'MISSING_TOPIC',
      `Topic ${name} does not exist on ${this.#options.bootstrapServers}. Check the name, or create the topic.`,
      {
        cause: error,
        context: { topic: name, kafkaCode: code },
      },
    );
  }

  /** A partition with the node that leads it. Rejects with a retriable error while it has no leader. */
  async leader(topic: string, partition: number): Promise<PartitionInfo & { readonly node: NodeInfo; readonly topicId: Buffer }> {
    const info = await this.topic(topic);
    const found = partitionOf(info, partition);
    if (found === undefined) {
      this.view.invalidate(topic); // it may get more
      throw new MillraceError(
        'MISSING_TOPIC',
        `Topic ${topic} has ${info.partitions.length} partitions, so none has number ${partition}.`,
        {
          context: { topic, partition },
        },
      );
    }
    const node = this.view.node(found.leader);
    if (node === undefined) {
      this.view.invalidate(topic);
      const code = found.errorCode === ErrorCode.NONE ? ErrorCode.LEADER_NOT_AVAILABLE : found.errorCode;
      throw kafkaFailure(code, `Finding the leader of ${topic}-${partition}`, { context: { topic, partition } });
    }
    return { ...found, node, topicId: info.idBytes };
  }

  /** What led to the wrong broker, or to one that does not answer, is asked for again. */
  forget(target: Target): void {
    if (target === 'any') return;
    if (target === 'controller') this.view.forgetController();
    else if ('node' in target) this.view.forgetNode(target.node);
    else if ('leader' in target) this.view.invalidate(target.leader[0]);
    else this.#coordinators.forget(...target.coordinator);
  }

  async #node(target: Exclude<Target, 'any'>): Promise<NodeInfo> {
    if (target === 'controller') return this.#controller();
    if ('leader' in target) return (await this.leader(...target.leader)).node;
    if ('coordinator' in target) return this.#coordinator(...target.coordinator);
    const node = this.view.node(target.node) ?? (await this.metadata([])).nodes.find(({ id }) => id === target.node);
    if (node !== undefined) return node;
    throw new MillraceError('BROKER_UNREACHABLE', `The cluster has no broker ${target.node} at the moment.`, {
      retriable: true,
      context: { node: target.node },
    });
  }

  async #controller(): Promise<NodeInfo> {
    if (this.view.controller === undefined) await this.metadata([]);
    const { controller } = this.view;
    if (controller !== undefined) return controller;
    throw kafkaFailure(ErrorCode.NOT_CONTROLLER, 'Finding the controller');
  }

  async #coordinator(type: CoordinatorType, key: string): Promise<NodeInfo> {
    const known = this.#coordinators.get(type, key);
    if (known !== undefined) return known;
    const node = await this.#coordinators.find(await this.#anyBroker(MAIN_LANE), type, key);
    this.view.learnNode(node);
    return node;
  }

  async #askMetadata(topics: readonly string[] | undefined, options: MetadataOptions): Promise<ClusterMetadata> {
    const { connection, versions } = await this.#anyBroker(MAIN_LANE);
    const version = versions.pick(Metadata, { minVersion: 4 });
    const response = await connection.send(Metadata, version, {
      topics: topics === undefined ? null : topics.map((name) => ({ name })),
      allowAutoTopicCreation: options.allowAutoTopicCreation ?? false,
      ...(version >= 8 && { includeTopicAuthorizedOperations: options.includeAuthorizedOperations ?? false }),
    });
    if (response.errorCode !== ErrorCode.NONE) throw kafkaFailure(response.errorCode, 'Reading the cluster metadata');
    const metadata = toClusterMetadata(response);
    this.view.update(metadata);
    return metadata;
  }

  /** An open connection if there is one, else to the first broker that can be reached; bootstrap addresses come last (KIP-899). */
  async #anyBroker(lane: string): Promise<ReadyConnection & Route> {
    const routes = this.#routes();
    const connected = routes.find(({ address }) => this.#pool.peek(address, lane) !== undefined);
    if (connected !== undefined) return { ...(await this.#pool.get(connected.address, lane)), ...connected };
    // Those that failed a moment ago are tried after the others.
    const waiting = (route: Route): number => Number(this.#pool.isBackingOff(route.address, lane));
    const failures: string[] = [];
    let last: unknown;
    for (const route of routes.toSorted((a, b) => waiting(a) - waiting(b))) {
      try {
        return { ...(await this.#pool.get(route.address, lane)), ...route };
      } catch (error) {
        if (!(error instanceof MillraceError) || !error.retriable) throw error;
        failures.push(reasonOf(error));
        last = error;
      }
    }
    if (failures.length === 1) throw last;
    throw connectionLost(this.#options.bootstrapServers, `None of ${failures.length} brokers can be reached: ${failures.join('; ')}`);
  }

  #routes(): Route[] {
    const known = this.view.nodes.map((node) => ({ address: node, nodeId: node.id }));
    const addresses = new Set(known.map(({ address }) => formatAddress(address)));
    const bootstrap = this.#options.bootstrap.filter((address) => !addresses.has(formatAddress(address)));
    return [...shuffled(known), ...shuffled(bootstrap.map((address) => ({ address, nodeId: undefined })))];
  }
}

function shuffled<T>(values: readonly T[]): T[] {
  return values
    .map((value) => ({ value, rank: Math.random() }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ value }) => value);
}
