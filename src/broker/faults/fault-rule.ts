import { MillraceError } from '../../errors.ts';
import type { Api } from '../../protocol/index.ts';
import type { RequestContext } from '../seams.ts';
import { apiKeysOf } from './check-fault.ts';
import type { Fault, FaultStatus } from './fault.ts';
import { namesTopic, type TopicNames } from './named-topics.ts';
import { seededRandom } from './random.ts';
import { hasTransactionalId, isAboutGroup } from './request-subjects.ts';

/** A request as faults see it. */
export interface FaultyRequest {
  readonly api: Api;
  /** Undefined where the body could not be read: an ApiVersions newer than ours. */
  readonly request: Readonly<Record<string, unknown>> | undefined;
  readonly context: RequestContext;
}

interface HitWaiter {
  readonly hits: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** One fault that is set: whom it is for and how often it has been applied. */
export class FaultRule {
  readonly id: number;
  readonly fault: Fault;
  readonly #apiKeys: ReadonlySet<number> | undefined;
  readonly #seed: number;
  readonly #random: () => number;
  readonly #waiters = new Set<HitWaiter>();
  #toSkip: number;
  #hits = 0;

  /** The fault must have been checked. */
  constructor(id: number, fault: Fault) {
    this.id = id;
    this.fault = fault;
    this.#apiKeys = apiKeysOf(fault.api);
    this.#seed = fault.seed ?? Math.floor(Math.random() * 0x1_0000_0000);
    this.#random = seededRandom(this.#seed);
    this.#toSkip = fault.skip ?? 0;
  }

  get spent(): boolean {
    return this.fault.count !== undefined && this.#hits >= this.fault.count;
  }

  get status(): FaultStatus {
    return { id: this.id, fault: this.fault, hits: this.#hits, spent: this.spent, seed: this.#seed };
  }

  /** The request is one of those that the fault is for; whether it is hit is another question. */
  matches(asked: FaultyRequest, names: TopicNames): boolean {
    const { topic } = this.fault;
    if (!this.matchesBesidesTopic(asked)) return false;
    return topic === undefined || namesTopic(asked.api.request.shape, asked.request ?? {}, topic, names);
  }

  /** As {@link matches}, whichever topics the request names. */
  matchesBesidesTopic({ api, request = {}, context }: FaultyRequest): boolean {
    const { node, clientId, groupId, transactionalId } = this.fault;
    if (this.#apiKeys !== undefined && !this.#apiKeys.has(api.key)) return false;
    if (node !== undefined && node !== context.nodeId) return false;
    if (clientId !== undefined && clientId !== context.clientId) return false;
    if (groupId !== undefined && !isAboutGroup(request, groupId)) return false;
    return transactionalId === undefined || hasTransactionalId(request, transactionalId);
  }

  /** For a request that matches: whether it is hit, which then counts. */
  strike(): boolean {
    if (this.spent) return false;
    if (this.#toSkip > 0) {
      this.#toSkip--;
      return false;
    }
    if (this.fault.probability !== undefined && this.#random() >= this.fault.probability) return false;
    this.#hits++;
    for (const waiter of this.#waiters) {
      if (this.#hits < waiter.hits) continue;
      this.#waiters.delete(waiter);
      waiter.resolve();
    }
    return true;
  }

  /** Resolves when the fault has been applied so many times in all. Rejects with INVALID_STATE when it is removed before. */
  untilHits(hits: number): Promise<void> {
    if (this.#hits >= hits) return Promise.resolve();
    return new Promise((resolve, reject) => this.#waiters.add({ hits, resolve, reject }));
  }

  removed(): void {
    const error = new MillraceError(
      'INVALID_STATE',
      `Fault ${this.id} was removed after ${this.#hits} hits, before those that were waited for.`,
    );
    for (const { reject } of this.#waiters) reject(error);
    this.#waiters.clear();
  }
}
