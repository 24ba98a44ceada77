/**
 * What can be done to a running broker from outside of the protocol. Arguments and results are plain data: the calls
 * cross to the broker's thread, and the admin port makes them too.
 */

import type { Fault, FaultStatus } from '../faults/fault.ts';
import type { BrokerMetrics, BrokerState } from './state.ts';

/** What has a coordinator: a consumer group by its id, or a transactional id. */
export type CoordinatorType = 'group' | 'transaction';

export interface BrokerControls {
  /** Ends a node's connections and frees its port; what it led is led by another live replica, if there is one. */
  stopNode(node: number): Promise<void>;
  /** Starts a stopped node on the port it had. */
  startNode(node: number): Promise<void>;
  /** The node goes on taking connections and requests, and answers nothing. */
  pauseNode(node: number): void;
  /** The node answers what has waited. */
  resumeNode(node: number): void;
  /** Makes a live node the leader of a partition. It need not be one of its replicas: all nodes share one log. */
  moveLeader(topic: string, partition: number, node: number): Promise<void>;
  /** Makes a live node the coordinator of what is kept in the same partition as the key; resolves when it serves. */
  moveCoordinator(type: CoordinatorType, key: string, node: number): Promise<void>;
  /** Partitions forget an idempotent producer as after `producer.id.expiration.ms`. Returns how many knew it. */
  expireProducer(producerId: number): number;
  /** Aborts an open transaction and fences its producer, as after its timeout. */
  expireTransaction(transactionalId: string): Promise<void>;
  /** Takes a member out of its group, as after its session timeout. */
  expireMember(groupId: string, memberId: string): Promise<void>;
  /** Resolves when what was due by then has been done. */
  advanceClock(byMs: number): Promise<void>;
  /** Flips a bit in a stored batch. */
  corruptBatch(topic: string, partition: number, offset: number): Promise<void>;
  state(): BrokerState;
  metrics(): BrokerMetrics;
  /** Returns the fault's id. */
  addFault(fault: Fault): number;
  fault(id: number): FaultStatus;
  /** Resolves when the fault has hit so many requests in all. */
  waitForFault(id: number, hits: number): Promise<void>;
  /** False when it is gone already. */
  removeFault(id: number): boolean;
  clearFaults(): void;
  faults(): FaultStatus[];
}

export type ControlName = keyof BrokerControls;

/** One of the controls with its arguments, as it crosses between threads. */
export type ControlCall = { readonly [N in ControlName]: { readonly name: N; readonly args: Parameters<BrokerControls[N]> } }[ControlName];

export type ControlResult<N extends ControlName> = Awaited<ReturnType<BrokerControls[N]>>;

/** Calls one of the controls of a broker, wherever it runs. */
export type Controller = <N extends ControlName>(name: N, ...args: Parameters<BrokerControls[N]>) => Promise<ControlResult<N>>;
