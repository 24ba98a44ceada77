import { MillraceError } from '../../errors.ts';
import { kafkaError } from '../../protocol/index.ts';
import { AdjustableClock } from '../clock.ts';
import type { Fault, FaultStatus } from '../faults/fault.ts';
import type { PartitionLog } from '../log/index.ts';
import { requireNumber, requireText } from './arguments.ts';
import type { BrokerControls, CoordinatorType } from './controls.ts';
import type { CoordinatorMoves } from './coordinator-moves.ts';
import { corruptBatch } from './corrupt-batch.ts';
import { describeMetrics, describeState, type StateSources } from './describe-state.ts';
import type { BrokerMetrics, BrokerState } from './state.ts';

/** The ports of the nodes, opened and closed by the broker. */
export interface NodePorts {
  /** Rejects with INVALID_STATE when the node is not running. */
  stopNode(node: number): Promise<void>;
  /** Rejects with INVALID_STATE when it is, and with PORT_IN_USE. */
  startNode(node: number): Promise<void>;
}

export interface ControlDeps extends StateSources {
  readonly ports: NodePorts;
  readonly moves: CoordinatorMoves;
}

/**
 * The controls of a broker in this thread. All throw or reject with a MillraceError that names what is wrong:
 * INVALID_CONFIG for arguments that make no sense, INVALID_STATE for what is not there now.
 */
export class LocalControls implements BrokerControls {
  readonly #deps: ControlDeps;

  constructor(deps: ControlDeps) {
    this.#deps = deps;
  }

  async stopNode(node: number): Promise<void> {
    await this.#deps.ports.stopNode(node);
    await this.#deps.moves.settled();
  }

  async startNode(node: number): Promise<void> {
    await this.#deps.ports.startNode(node);
    await this.#deps.moves.settled();
  }

  pauseNode(node: number): void {
    this.#requireNode(node);
    this.#deps.faultService.pause(node);
  }

  resumeNode(node: number): void {
    this.#requireNode(node);
    this.#deps.faultService.resume(node);
  }

  async moveLeader(topicName: string, partition: number, node: number): Promise<void> {
    const { topics, nodes, moves } = this.#deps;
    const topic = topics.get(topicName);
    if (topic?.partitions[partition] === undefined || !nodes.isLive(node)) {
      throw new MillraceError(
        'INVALID_STATE',
        `Partition ${topicName}-${partition} cannot move to node ${node}: one of them is not there.`,
        { context: { topic: topicName, partition, node } },
      );
    }
    topics.moveLeader(topic, partition, node);
    await moves.settled();
  }

  async moveCoordinator(type: CoordinatorType, key: string, node: number): Promise<void> {
    requireText('key', key);
    if (type !== 'group' && type !== 'transaction') {
      throw new MillraceError('INVALID_CONFIG', `A coordinator is of type group or transaction, not '${String(type)}'.`, {
        context: { field: 'type' },
      });
    }
    const coordinator = type === 'group' ? this.#deps.groups : this.#deps.transactions;
    const { name } = await coordinator.topic.ensure();
    await this.moveLeader(name, coordinator.topic.partitionFor(key), node);
  }

  expireProducer(producerId: number): number {
    requireNumber('producerId', producerId, 0);
    let partitions = 0;
    for (const topic of this.#deps.topics.all()) {
      for (const log of topic.partitions) if (log.producers.forget(producerId)) partitions++;
    }
    return partitions;
  }

  async expireTransaction(transactionalId: string): Promise<void> {
    requireText('transactionalId', transactionalId);
    const code = await this.#deps.transactions.expire(transactionalId);
    if (code !== 0) throw refused(`The transaction of '${transactionalId}' cannot be aborted`, code, { transactionalId });
  }

  async expireMember(groupId: string, memberId: string): Promise<void> {
    requireText('groupId', groupId);
    requireText('memberId', memberId);
    const results = await this.#deps.groups.leave(groupId, [{ memberId, groupInstanceId: null, reason: 'expired on demand' }]);
    const code = typeof results === 'number' ? results : (results[0]?.errorCode ?? 0);
    if (code !== 0) throw refused(`Member '${memberId}' of group '${groupId}' cannot be taken out`, code, { groupId, memberId });
  }

  async advanceClock(byMs: number): Promise<void> {
    requireNumber('byMs', byMs, 0);
    const { clock } = this.#deps;
    if (!(clock instanceof AdjustableClock)) {
      throw new MillraceError('INVALID_STATE', 'The broker was given a clock of its own: advance that one.');
    }
    await clock.advance(byMs);
  }

  corruptBatch(topic: string, partition: number, offset: number): Promise<void> {
    return corruptBatch(this.#requirePartition(topic, partition), offset);
  }

  state(): BrokerState {
    return describeState(this.#deps);
  }

  metrics(): BrokerMetrics {
    return describeMetrics(this.#deps);
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
    const { nodes } = this.#deps;
    if (nodes.ids().includes(node)) return;
    throw new MillraceError('INVALID_STATE', `There is no node ${node}; this broker has nodes 1 to ${nodes.count}.`, { context: { node } });
  }

  #requirePartition(topic: string, partition: number): PartitionLog {
    const log = this.#deps.topics.get(topic)?.partitions[partition];
    if (log !== undefined) return log;
    throw new MillraceError('INVALID_STATE', `There is no partition ${topic}-${partition}.`, { context: { topic, partition } });
  }
}

function refused(what: string, code: number, context: Record<string, string>): MillraceError {
  const { name, message } = kafkaError(code);
  return new MillraceError('INVALID_STATE', `${what}: ${name}. ${message}`, { context: { ...context, kafkaCode: code } });
}
