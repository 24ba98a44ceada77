import { MillraceError } from '../../errors.ts';
import type { Fault, FaultStatus } from '../faults/fault.ts';
import type { FaultService } from '../faults/fault-service.ts';
import type { NodeRegistry } from '../nodes.ts';
import type { TopicRegistry } from '../topics.ts';
import type { BrokerControls } from './controls.ts';

/** The ports of the nodes, opened and closed by the broker. */
export interface NodePorts {
  /** Rejects with INVALID_STATE when the node is not running. */
  stopNode(node: number): Promise<void>;
  /** Rejects with INVALID_STATE when it is, and with PORT_IN_USE. */
  startNode(node: number): Promise<void>;
}

export interface ControlDeps {
  readonly ports: NodePorts;
  readonly nodes: NodeRegistry;
  readonly topics: TopicRegistry;
  readonly faultService: FaultService;
}

/** The controls of a broker in this thread. All throw or reject with a MillraceError that names what is wrong. */
export class LocalControls implements BrokerControls {
  readonly #deps: ControlDeps;

  constructor(deps: ControlDeps) {
    this.#deps = deps;
  }

  stopNode(node: number): Promise<void> {
    return this.#deps.ports.stopNode(node);
  }

  startNode(node: number): Promise<void> {
    return this.#deps.ports.startNode(node);
  }

  pauseNode(node: number): void {
    this.#requireNode(node);
    this.#deps.faultService.pause(node);
  }

  resumeNode(node: number): void {
    this.#requireNode(node);
    this.#deps.faultService.resume(node);
  }

  moveLeader(topicName: string, partition: number, node: number): void {
    const { topics, nodes } = this.#deps;
    const topic = topics.get(topicName);
    if (topic?.partitions[partition] === undefined || !nodes.isLive(node)) {
      throw new MillraceError(
        'INVALID_STATE',
        `Partition ${topicName}-${partition} cannot move to node ${node}: one of them is not there.`,
        { context: { topic: topicName, partition, node } },
      );
    }
    topics.moveLeader(topic, partition, node);
  }

  addFault(fault: Fault): number {
    return this.#deps.faultService.faults.add(fault);
  }

  fault(id: number): FaultStatus {
    return this.#deps.faultService.faults.get(id).status;
  }

  waitForFault(id: number, hits: number): Promise<void> {
    return this.#deps.faultService.faults.get(id).untilHits(hits);
  }

  removeFault(id: number): boolean {
    return this.#deps.faultService.faults.remove(id);
  }

  clearFaults(): void {
    this.#deps.faultService.faults.clear();
  }

  faults(): FaultStatus[] {
    return this.#deps.faultService.faults.list();
  }

  #requireNode(node: number): void {
    if (this.#deps.nodes.ids().includes(node)) return;
    throw new MillraceError('INVALID_STATE', `There is no node ${node}; this broker has nodes 1 to ${this.#deps.nodes.count}.`, {
      context: { node },
    });
  }
}
