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
  readonly #alive = new Map<number, NodeInfo>();
  /** Rises when another node becomes the controller. */
  controllerEpoch = 1;

  constructor(count: number) {
    this.count = count;
  }

  /** All node ids, stopped ones included. */
  ids(): number[] {
    return Array.from({ length: this.count }, (_, index) => index + 1);
  }

  /** Nodes that accept connections, by id. */
  live(): NodeInfo[] {
    return [...this.#alive.values()].sort((a, b) => a.id - b.id);
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
