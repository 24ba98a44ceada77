/** All topics of the broker: made, changed and deleted here, remembered in the metadata log, found by name and id. */

import { randomBytes } from 'node:crypto';
import { ErrorCode, KafkaProtocolError } from '../protocol/index.ts';
import type { ConfigStore } from './configs/config-store.ts';
import { checkTopicConfig } from './configs/topic-configs.ts';
import type { LogDirectory } from './log/index.ts';
import type { BrokerLogger } from './logger.ts';
import type { MetadataLog, MetadataRecord } from './metadata-log.ts';
import type { NodeRegistry } from './nodes.ts';
import { placeReplicas } from './placement.ts';
import type { TopicRegistryApi } from './seams.ts';
import { Topic, topicIdText } from './topic.ts';
import { checkTopicName, collisionKey, INTERNAL_TOPICS } from './topic-names.ts';

/** Kafka refuses more in one request (`MAX_PARTITIONS_PER_BATCH`). */
const MAX_PARTITIONS = 10_000;

export interface CreateTopicRequest {
  readonly name: string;
  /** -1: `num.partitions`. */
  readonly partitions: number;
  /** -1: `default.replication.factor`. */
  readonly replicationFactor: number;
  readonly config: Readonly<Record<string, string>>;
  readonly internal?: boolean;
  /** Nodes of each partition, the preferred leader first; then `partitions` and `replicationFactor` are not used. */
  readonly assignments?: readonly (readonly number[])[];
}

/** A request that was found good: what would be made. */
export interface PlannedTopic {
  readonly name: string;
  readonly replicas: readonly (readonly number[])[];
  readonly config: Readonly<Record<string, string>>;
  readonly internal: boolean;
}

export type TopicChange = 'created' | 'grown' | 'deleted';

export interface TopicRegistryDeps {
  readonly directory: LogDirectory;
  readonly metadata: MetadataLog;
  readonly configs: ConfigStore;
  readonly nodes: NodeRegistry;
  readonly log: BrokerLogger;
}

export class TopicRegistry implements TopicRegistryApi {
  readonly #deps: TopicRegistryDeps;
  readonly #byName = new Map<string, Topic>();
  readonly #byId = new Map<string, Topic>();
  readonly #collisionKeys = new Map<string, string>();
  readonly #creating = new Map<string, Promise<Topic>>();
  /** Deletions whose files are not gone yet: a topic of the same name waits for them. */
  readonly #deleting = new Map<string, Promise<void>>();
  readonly #deletionListeners = new Set<(topic: Topic) => void>();
  readonly #moveListeners = new Set<(topic: Topic, partition: number) => void>();
  readonly #changeListeners = new Set<(topic: Topic, change: TopicChange) => void>();
  #closed = false;

  constructor(deps: TopicRegistryDeps) {
    this.#deps = deps;
    deps.configs.onChange((scope) => {
      if (scope === 'broker') for (const topic of this.#byName.values()) this.#applyConfig(topic);
    });
  }

  get(name: string): Topic | undefined {
    return this.#byName.get(name);
  }

  getById(id: Uint8Array): Topic | undefined {
    return this.#byId.get(topicIdText(id));
  }

  all(): IterableIterator<Topic> {
    return this.#byName.values();
  }

  /** Calls back after each deletion. */
  onDeleted(listener: (topic: Topic) => void): void {
    this.#deletionListeners.add(listener);
  }

  /** Calls back when a topic was made, has got more partitions, or can no longer be found. */
  onChanged(listener: (topic: Topic, change: TopicChange) => void): void {
    this.#changeListeners.add(listener);
  }

  /** Calls back for each partition that another node leads from now on, or nobody. */
  onLeaderMoved(listener: (topic: Topic, partition: number) => void): void {
    this.#moveListeners.add(listener);
  }

  /** Opens a topic that the metadata log has. */
  async restore(record: Extract<MetadataRecord, { type: 'topic' }>): Promise<void> {
    await this.#open(record, Buffer.from(record.id, 'base64url'), record.leaders);
  }

  /** Checks a request and makes nothing. Throws KafkaProtocolError. */
  plan(request: CreateTopicRequest): PlannedTopic {
    const { name, config, internal = INTERNAL_TOPICS.has(request.name) } = request;
    checkTopicName(name);
    if (this.#byName.has(name) || this.#creating.has(name)) {
      throw new KafkaProtocolError(ErrorCode.TOPIC_ALREADY_EXISTS, `Topic '${name}' already exists.`);
    }
    const collision = this.#collisionKeys.get(collisionKey(name));
    if (collision !== undefined) {
      throw new KafkaProtocolError(ErrorCode.INVALID_TOPIC_EXCEPTION, `Topic '${name}' collides with existing topic: ${collision}`);
    }
    const problem = checkTopicConfig(config);
    if (problem !== undefined) throw new KafkaProtocolError(ErrorCode.INVALID_CONFIG, problem);
    const { configs, nodes } = this.#deps;
    const replicas = placeReplicas(nodes, {
      partitions: request.partitions === -1 ? configs.number('num.partitions') : request.partitions,
      replicationFactor: request.replicationFactor === -1 ? configs.number('default.replication.factor') : request.replicationFactor,
      assignments: request.assignments,
      clamp: configs.static['topic.replication.clamp'] === 'true',
    });
    if (replicas.length > MAX_PARTITIONS) {
      throw new KafkaProtocolError(ErrorCode.POLICY_VIOLATION, `Excessively large number of partitions per request.`);
    }
    return { name, replicas, config, internal };
  }

  create(request: CreateTopicRequest): Promise<Topic> {
    let planned: PlannedTopic;
    try {
      if (this.#closed) throw new KafkaProtocolError(ErrorCode.BROKER_NOT_AVAILABLE, 'The broker is stopping.');
      planned = this.plan(request);
    } catch (error) {
      return Promise.reject(error instanceof Error ? error : new Error(String(error)));
    }
    const making = this.#make(planned).finally(() => this.#creating.delete(planned.name));
    this.#creating.set(planned.name, making);
    return making;
  }

  /** For auto-creation: the topic, made with the broker's defaults when it is not there. */
  ensure(name: string): Topic | Promise<Topic> {
    return this.#byName.get(name) ?? this.#creating.get(name) ?? this.create({ name, partitions: -1, replicationFactor: -1, config: {} });
  }

  async delete(name: string): Promise<void> {
    const topic = this.#require(name);
    this.#deps.metadata.append({ type: 'topic-deleted', name, id: topic.idText });
    this.#byName.delete(name);
    this.#byId.delete(topic.idText);
    this.#collisionKeys.delete(collisionKey(name));
    this.#noteChange(topic, 'deleted');
    const removing = Promise.all(topic.partitions.map((log) => this.#deps.directory.deletePartition(log))).then(() => undefined);
    this.#deleting.set(name, removing);
    await removing.finally(() => this.#deleting.delete(name));
    for (const listener of this.#deletionListeners) listener(topic);
  }

  /** The replicas that the partitions up to `total` would have. Throws KafkaProtocolError. */
  planPartitions(name: string, total: number, assignments?: readonly (readonly number[])[]): readonly (readonly number[])[] {
    const topic = this.#require(name);
    const current = topic.partitions.length;
    const invalid = (message: string): KafkaProtocolError => new KafkaProtocolError(ErrorCode.INVALID_PARTITIONS, message);
    if (total === current) throw invalid(`Topic already has ${current} partition(s).`);
    if (total < current) throw invalid(`The topic ${name} currently has ${current} partition(s); ${total} would not be an increase.`);
    if (total > MAX_PARTITIONS)
      throw new KafkaProtocolError(ErrorCode.POLICY_VIOLATION, `Topics have at most ${MAX_PARTITIONS} partitions here.`);
    if (assignments !== undefined && assignments.length !== total - current) {
      throw new KafkaProtocolError(
        ErrorCode.INVALID_REPLICA_ASSIGNMENT,
        `Attempted to add ${total - current} additional partition(s), but only ${assignments.length} assignment(s) were specified.`,
      );
    }
    return placeReplicas(this.#deps.nodes, {
      partitions: total - current,
      firstPartition: current,
      replicationFactor: Math.max(topic.replicasOf(0).length, 1),
      assignments,
      clamp: true,
    });
  }

  async addPartitions(name: string, total: number, assignments?: readonly (readonly number[])[]): Promise<Topic> {
    const added = this.planPartitions(name, total, assignments);
    const topic = this.#require(name);
    this.#deps.metadata.append({ type: 'partitions', name, replicas: [...topic.assignments(), ...added] });
    await this.#openPartitions(topic, topic.partitions.length, added);
    this.#noteChange(topic, 'grown');
    return topic;
  }

  /** Replaces a topic's own configs. Throws KafkaProtocolError INVALID_CONFIG. */
  setConfig(topic: Topic, config: Readonly<Record<string, string>>): void {
    const problem = checkTopicConfig(config);
    if (problem !== undefined) throw new KafkaProtocolError(ErrorCode.INVALID_CONFIG, problem);
    this.#deps.metadata.append({ type: 'topic-config', name: topic.name, config });
    topic.config = Object.freeze({ ...config });
    this.#applyConfig(topic);
  }

  /** After a node came or went. */
  electLeaders(): void {
    for (const topic of this.#byName.values()) this.setLeaders(topic, topic.electableLeaders());
  }

  /**
   * Gives a partition other nodes. The leader stays if it is one of them; else the first live one takes over. Throws
   * KafkaProtocolError INVALID_REPLICA_ASSIGNMENT.
   */
  reassign(topic: Topic, partition: number, replicas: readonly number[]): void {
    const { nodes, metadata } = this.#deps;
    placeReplicas(nodes, { partitions: 1, replicationFactor: replicas.length, assignments: [replicas], clamp: false });
    const leader = topic.leaderOf(partition);
    const next = replicas.includes(leader) ? leader : replicas.find((node) => nodes.isLive(node));
    if (next === undefined) {
      throw new KafkaProtocolError(
        ErrorCode.INVALID_REPLICA_ASSIGNMENT,
        `All brokers specified in the manual partition assignment for partition ${partition} are fenced or in controlled shutdown.`,
      );
    }
    metadata.append({ type: 'partitions', name: topic.name, replicas: topic.assignments().with(partition, replicas) });
    topic.setReplicas(partition, replicas);
    this.moveLeader(topic, partition, next);
  }

  /** Makes a node the leader of one partition. */
  moveLeader(topic: Topic, partition: number, node: number): void {
    this.setLeaders(topic, topic.leaders().with(partition, node));
  }

  /** Who leads each partition from now on, also after a restart. Throws DATA_DIR_UNUSABLE; then nothing has changed. */
  setLeaders(topic: Topic, leaders: readonly number[]): void {
    const moved = [...leaders.keys()].filter((partition) => leaders[partition] !== topic.leaderOf(partition));
    if (moved.length === 0) return;
    this.#deps.metadata.append({ type: 'leaders', name: topic.name, leaders });
    topic.setLeaders(leaders);
    for (const listener of this.#moveListeners) for (const partition of moved) listener(topic, partition);
  }

  /** Makes nothing any more, and waits for what is being made. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.allSettled([...this.#creating.values(), ...this.#deleting.values()]);
  }

  async #make(planned: PlannedTopic): Promise<Topic> {
    await this.#deleting.get(planned.name);
    const id = newTopicId();
    this.#deps.metadata.append({ type: 'topic', ...planned, id: topicIdText(id) });
    return this.#open(planned, id);
  }

  async #open(planned: PlannedTopic, id: Buffer, leaders?: readonly number[]): Promise<Topic> {
    const { name, config, internal, replicas } = planned;
    const topic = new Topic({ name, id, config: Object.freeze({ ...config }), internal }, this.#deps.nodes);
    await this.#openPartitions(topic, 0, replicas, leaders);
    this.#byName.set(name, topic);
    this.#byId.set(topic.idText, topic);
    this.#collisionKeys.set(collisionKey(name), name);
    this.#noteChange(topic, 'created');
    return topic;
  }

  async #openPartitions(topic: Topic, first: number, replicas: readonly (readonly number[])[], leaders?: readonly number[]): Promise<void> {
    const config = this.#logConfig(topic);
    for (let index = 0; index < replicas.length; index++) {
      const partition = { topic: topic.name, partition: first + index, topicId: topic.id, config };
      topic.addPartition(await this.#deps.directory.openPartition(partition), replicas[index] ?? [], leaders?.[first + index]);
    }
  }

  #noteChange(topic: Topic, change: TopicChange): void {
    for (const listener of this.#changeListeners) listener(topic, change);
  }

  #applyConfig(topic: Topic): void {
    const config = this.#logConfig(topic);
    for (const log of topic.partitions) log.updateConfig(config);
  }

  #logConfig(topic: Topic): Record<string, string> {
    const config = this.#deps.configs.effectiveTopicConfig(topic.config);
    const internalSegmentBytes = config['internal.segment.bytes'];
    if (internalSegmentBytes !== undefined) config['segment.bytes'] = internalSegmentBytes;
    return config;
  }

  #require(name: string): Topic {
    const topic = this.#byName.get(name);
    if (topic === undefined)
      throw new KafkaProtocolError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, 'This server does not host this topic-partition.');
    return topic;
  }
}

/** Random, and never one of the ids that Kafka keeps for itself: zero and one. Kafka also avoids a leading dash. */
function newTopicId(): Buffer {
  for (;;) {
    const id = randomBytes(16);
    // Version 4 of RFC 4122, as Java's random UUIDs.
    id[6] = (id[6]! & 0x0f) | 0x40;
    id[8] = (id[8]! & 0x3f) | 0x80;
    if (!topicIdText(id).startsWith('-')) return id;
  }
}
