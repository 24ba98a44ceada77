import type { PartitionLog } from './log/index.ts';
import type { NodeRegistry } from './nodes.ts';
import type { TopicState } from './seams.ts';

export interface TopicDescription {
  readonly name: string;
  /** 16 bytes. */
  readonly id: Buffer;
  readonly config: Readonly<Record<string, string>>;
  readonly internal: boolean;
}

/** A topic: its logs, which nodes have its partitions, and who leads them now. */
export class Topic implements TopicState {
  readonly name: string;
  readonly id: Buffer;
  /** The id as 22 characters, as tools show it; the key of lookups by id. */
  readonly idText: string;
  readonly internal: boolean;
  readonly partitions: PartitionLog[] = [];
  config: Readonly<Record<string, string>>;
  readonly #nodes: NodeRegistry;
  readonly #replicas: (readonly number[])[] = [];
  /** -1: no live replica. */
  readonly #leaders: number[] = [];

  constructor(description: TopicDescription, nodes: NodeRegistry) {
    this.name = description.name;
    this.id = description.id;
    this.idText = topicIdText(description.id);
    this.internal = description.internal;
    this.config = description.config;
    this.#nodes = nodes;
  }

  /** Adds the next partition. Its preferred leader leads when it is live, else the first live replica. */
  addPartition(log: PartitionLog, replicas: readonly number[]): void {
    this.partitions.push(log);
    this.#replicas.push(replicas);
    this.#leaders.push(this.#firstLive(replicas));
  }

  /** -1 for a partition without a live replica, or one that does not exist. */
  leaderOf(partition: number): number {
    return this.#leaders[partition] ?? -1;
  }

  replicasOf(partition: number): readonly number[] {
    return this.#replicas[partition] ?? [];
  }

  /** The live ones of the replicas: they share one log, so a live replica is in sync. */
  inSyncReplicasOf(partition: number): number[] {
    return this.replicasOf(partition).filter((node) => this.#nodes.isLive(node));
  }

  assignments(): readonly (readonly number[])[] {
    return this.#replicas;
  }

  /** Makes a node the leader; clients of the old one are told so by the new epoch. False when it already leads. */
  moveLeader(partition: number, node: number): boolean {
    if (this.#leaders[partition] === node) return false;
    this.#leaders[partition] = node;
    if (node >= 0) this.partitions[partition]?.bumpLeaderEpoch();
    return true;
  }

  /** After a node came or went: partitions without a live leader get one where a replica lives. */
  electLeaders(): void {
    for (let partition = 0; partition < this.partitions.length; partition++) {
      if (!this.#nodes.isLive(this.leaderOf(partition))) this.moveLeader(partition, this.#firstLive(this.replicasOf(partition)));
    }
  }

  #firstLive(replicas: readonly number[]): number {
    return replicas.find((node) => this.#nodes.isLive(node)) ?? -1;
  }
}

export function topicIdText(id: Uint8Array): string {
  return Buffer.from(id.buffer, id.byteOffset, id.byteLength).toString('base64url');
}
