/** Whether a coordinator can serve an id at a node now: loaded, not closed, its topic there, and at the right node. */

import { Code } from './codes.ts';
import type { BrokerNode, CoordinatorLogger } from './deps.ts';
import type { InternalTopic } from './internal-topic.ts';

/** Group and transactional ids are shorter than this, so that they fit a record whatever characters they have. */
export const MAX_ID_CHARACTERS = 10_000;

export class Readiness {
  readonly #topic: InternalTopic;
  readonly #nodes: () => readonly BrokerNode[];
  readonly #log: CoordinatorLogger;
  #state: 'loading' | 'active' | 'closed' = 'loading';
  /** Partitions that are being read again after they moved. */
  readonly #reloading = new Set<number>();

  constructor(topic: InternalTopic, nodes: () => readonly BrokerNode[], log: CoordinatorLogger) {
    this.#topic = topic;
    this.#nodes = nodes;
    this.#log = log;
  }

  /** False when it was closed meanwhile. */
  activate(): boolean {
    if (this.#state === 'loading') this.#state = 'active';
    return this.active;
  }

  close(): void {
    this.#state = 'closed';
  }

  /** While it is true, requests for ids of the partition are answered COORDINATOR_LOAD_IN_PROGRESS. */
  setReloading(partition: number, reloading: boolean): void {
    if (reloading) this.#reloading.add(partition);
    else this.#reloading.delete(partition);
  }

  /** Whether the id can be served now, whichever node was asked. */
  isServing(id: string): boolean {
    return this.active && (this.#reloading.size === 0 || !this.#reloading.has(this.#topic.partitionFor(id)));
  }

  get active(): boolean {
    return this.#state === 'active';
  }

  /** 0, or why nothing can be served. */
  availability(): number {
    if (this.active) return Code.NONE;
    return this.#state === 'loading' ? Code.COORDINATOR_LOAD_IN_PROGRESS : Code.COORDINATOR_NOT_AVAILABLE;
  }

  /** Makes sure of the topic. False when it cannot be created. */
  async ensureTopic(): Promise<boolean> {
    try {
      await this.#topic.ensure();
      return true;
    } catch (error) {
      this.#log.error(`Topic ${this.#topic.name} cannot be created: ${String(error)}`);
      return false;
    }
  }

  /**
   * 0 when a request for `id` that came in at `nodeId` can be served, else the error code to answer. Answers at once
   * when the topic is there; creates it on first use.
   */
  check(id: string, nodeId: number): number | Promise<number> {
    const errorCode = this.availability();
    if (errorCode !== Code.NONE) return errorCode;
    if (id.length > MAX_ID_CHARACTERS) return Code.INVALID_REQUEST;
    return this.#topic.existing() === undefined ? this.#checkAfterCreating(id, nodeId) : this.#checkNode(id, nodeId);
  }

  /** Whether clients that look for `id` are sent to `nodeId`. With one node there is nothing to be wrong about. */
  serves(id: string, nodeId: number): boolean {
    const node = this.#topic.nodeFor(id);
    return node === undefined || node === nodeId || this.#nodes().length <= 1;
  }

  /** Node to send clients of `id` to; undefined when there is none now. */
  async nodeOf(id: string): Promise<BrokerNode | undefined> {
    if (!(await this.ensureTopic())) return undefined;
    const leader = this.#topic.nodeFor(id);
    return this.#nodes().find((node) => node.id === leader);
  }

  async #checkAfterCreating(id: string, nodeId: number): Promise<number> {
    if (!(await this.ensureTopic())) return Code.COORDINATOR_NOT_AVAILABLE;
    const errorCode = this.availability();
    return errorCode === Code.NONE ? this.#checkNode(id, nodeId) : errorCode;
  }

  #checkNode(id: string, nodeId: number): number {
    if (!this.serves(id, nodeId)) return Code.NOT_COORDINATOR;
    return this.isServing(id) ? Code.NONE : Code.COORDINATOR_LOAD_IN_PROGRESS;
  }
}
