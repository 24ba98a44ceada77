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

  /**
   * Adds the next partition. `lastLeader`, who led it when the broker was stopped, goes on if it is live; else the first
   * live replica leads, the preferred leader before all.
   */
  addPartition(log: PartitionLog, replicas: readonly number[], lastLeader?: number): void {
    const stays = lastLeader !== undefined && this.#nodes.isLive(lastLeader);
    const leader = stays ? lastLeader : this.#firstLive(replicas);
    this.partitions.push(log);
    this.#replicas.push(replicas);
    this.#leaders.push(leader);
    if (lastLeader !== undefined && leader !== lastLeader) log.bumpLeaderEpoch();
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

  /** Gives a partition other nodes; the leader must be set before when it is not one of them. */
  setReplicas(partition: number, replicas: readonly number[]): void {
    this.#replicas[partition] = replicas;
  }

  /** Who leads each partition; -1: nobody. */
  leaders(): readonly number[] {
    return this.#leaders;
  }

  /** Takes the leaders of all partitions; clients of those that were replaced are told so by the new epoch. */
  setLeaders(leaders: readonly number[]): void {
    for (const [partition, leader] of leaders.entries()) {
      if (this.#leaders[partition] === leader || partition >= this.partitions.length) continue;
      this.#leaders[partition] = leader;
      if (leader >= 0) this.partitions[partition]?.bumpLeaderEpoch();
    }
  }

  /** Who should lead now that a node came or went: a live replica where the leader is not live. */
  electableLeaders(): number[] {
    return this.#leaders.map((leader, partition) => (this.#nodes.isLive(leader) ? leader : this.#firstLive(this.replicasOf(partition))));
  }

  #firstLive(replicas: readonly number[]): number {
    return replicas.find((node) => this.#nodes.isLive(node)) ?? -1;
  }
}

export function topicIdText(id: Uint8Array): string {
  return Buffer.from(id.buffer, id.byteOffset, id.byteLength).toString('base64url');
}
