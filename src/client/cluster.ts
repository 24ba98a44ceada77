import { type ClusterMetadata, NO_TOPIC_ID, type NodeInfo, type PartitionInfo, partitionOf, type TopicInfo } from './metadata.ts';

interface CachedTopic {
  info: TopicInfo;
  readonly readAtMs: number;
  /** Something said that this is out of date: it is read again before it is used. */
  stale: boolean;
}

/** Topics remembered; beyond it those read longest ago are forgotten. */
const MAX_TOPICS = 10_000;

/** What is known of the cluster, as of the last answers. Asks nobody. */
export class ClusterView {
  readonly #maxAgeMs: number;
  readonly #nodes = new Map<number, NodeInfo>();
  readonly #topics = new Map<string, CachedTopic>();
  #controllerId = -1;
  #clusterId: string | null = null;

  constructor(maxAgeMs: number) {
    this.#maxAgeMs = maxAgeMs;
  }

  get clusterId(): string | null {
    return this.#clusterId;
  }

  get nodes(): NodeInfo[] {
    return [...this.#nodes.values()];
  }

  node(id: number): NodeInfo | undefined {
    return this.#nodes.get(id);
  }

  /** The next use of the node asks where it is. */
  forgetNode(id: number): void {
    this.#nodes.delete(id);
  }

  get controller(): NodeInfo | undefined {
    return this.#nodes.get(this.#controllerId);
  }

  /** The next use of the controller asks for it again. */
  forgetController(): void {
    this.#controllerId = -1;
  }

  /** Takes over the nodes of an answer and its topics. Older leader epochs than known are from a broker that lags behind. */
  update(metadata: ClusterMetadata): void {
    this.#clusterId = metadata.clusterId;
    this.#controllerId = metadata.controllerId;
    if (metadata.nodes.length > 0) {
      this.#nodes.clear();
      for (const node of metadata.nodes) this.#nodes.set(node.id, node);
    }
    const readAtMs = performance.now();
    for (const topic of metadata.topics) {
      const known = this.#topics.get(topic.name)?.info;
      this.#topics.delete(topic.name);
      this.#topics.set(topic.name, { info: known === undefined ? topic : newest(known, topic), readAtMs, stale: false });
    }
    for (const name of this.#topics.keys()) {
      if (this.#topics.size <= MAX_TOPICS) break;
      this.#topics.delete(name);
    }
  }

  /** A node that another answer than Metadata told of, such as a coordinator. */
  learnNode(node: NodeInfo): void {
    if (!this.#nodes.has(node.id)) this.#nodes.set(node.id, node);
  }

  /** The topic if it is known and not out of date. */
  topic(name: string): TopicInfo | undefined {
    const cached = this.#topics.get(name);
    if (cached === undefined || cached.stale || performance.now() - cached.readAtMs > this.#maxAgeMs) return undefined;
    return cached.info;
  }

  /** The next use of the topic asks for it again. */
  invalidate(topic: string): void {
    const cached = this.#topics.get(topic);
    if (cached !== undefined) cached.stale = true;
  }

  /** What a broker said of a partition's new leader with an error (KIP-951); false when it is no news. */
  learnLeader(topic: string, partition: number, leader: number, leaderEpoch: number): boolean {
    const cached = this.#topics.get(topic);
    const before = cached === undefined ? undefined : partitionOf(cached.info, partition);
    if (cached === undefined || before === undefined || !this.#nodes.has(leader) || leaderEpoch <= before.leaderEpoch) return false;
    const partitions = cached.info.partitions.map((one) => (one === before ? { ...one, leader, leaderEpoch, errorCode: 0 } : one));
    cached.info = { ...cached.info, partitions };
    return true;
  }
}

/** Answers may come from brokers that have not heard of the newest leader; a topic made anew starts over (KIP-320). */
function newest(known: TopicInfo, told: TopicInfo): TopicInfo {
  if (known.id !== told.id || told.id === NO_TOPIC_ID || told.errorCode !== 0) return told;
  const partitions = told.partitions.map((partition): PartitionInfo => {
    const before = partitionOf(known, partition.partition);
    return before !== undefined && before.leaderEpoch > partition.leaderEpoch ? before : partition;
  });
  return { ...told, partitions };
}
