/**
 * The virtual nodes of one broker process. They share the logs; each has its own port and leads its own partitions, so
 * that clients meet several brokers. Ids count from 1, as in Kafka's own container image.
 */

export interface NodeInfo {
  readonly id: number;
  /** Advertised host. */
  readonly host: string;
  readonly port: number;
}

export class NodeRegistry {
  readonly count: number;
  readonly #racks: readonly (string | null)[];
  readonly #alive = new Map<number, NodeInfo>();
  /** As they were last, stopped ones included. */
  readonly #known = new Map<number, NodeInfo>();
  /** Rises when another node becomes the controller. */
  controllerEpoch = 1;

  /** `racks`: by node; a node without one has none. */
  constructor(count: number, racks: readonly (string | null)[] = []) {
    this.count = count;
    this.#racks = racks;
  }

  /** All node ids, stopped ones included. */
  ids(): number[] {
    return Array.from({ length: this.count }, (_, index) => index + 1);
  }

  rackOf(id: number): string | null {
    return this.#racks[id - 1] ?? null;
  }

  /** Nodes that accept connections, by id. */
  live(): NodeInfo[] {
    return [...this.#alive.values()].sort((a, b) => a.id - b.id);
  }

  /** Nodes that are stopped but known; what Kafka calls fenced. */
  stopped(): NodeInfo[] {
    return [...this.#known.values()].filter(({ id }) => !this.isLive(id)).sort((a, b) => a.id - b.id);
  }

  get(id: number): NodeInfo | undefined {
    return this.#alive.get(id);
  }

  isLive(id: number): boolean {
    return this.#alive.has(id);
  }

  /** The node that clients are told is the controller: the live one with the smallest id, -1 without any. */
  controllerId(): number {
    return this.live()[0]?.id ?? -1;
  }

  setLive(node: NodeInfo): void {
    this.#known.set(node.id, node);
    this.#change(() => this.#alive.set(node.id, node));
  }

  setStopped(id: number): void {
    this.#change(() => this.#alive.delete(id));
  }

  #change(change: () => void): void {
    const before = this.controllerId();
    change();
    if (before >= 0 && this.controllerId() !== before) this.controllerEpoch++;
  }
}
