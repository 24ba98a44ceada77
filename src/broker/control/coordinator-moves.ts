import { OFFSETS_TOPIC, TRANSACTION_TOPIC } from '../coordinator/index.ts';
import type { GroupCoordinator } from '../group/coordinator.ts';
import type { BrokerLogger } from '../logger.ts';
import type { Topic } from '../topic.ts';
import type { TopicRegistry } from '../topics.ts';
import type { TransactionCoordinator } from '../txn/coordinator.ts';

export interface CoordinatorMovesDeps {
  readonly topics: TopicRegistry;
  readonly groups: GroupCoordinator;
  readonly transactions: TransactionCoordinator;
  readonly log: BrokerLogger;
}

/**
 * The node that leads a partition of an internal topic coordinates what is kept in it. When another one takes over, it
 * reads the partition again and answers COORDINATOR_LOAD_IN_PROGRESS meanwhile, as a node in a real cluster does.
 */
export class CoordinatorMoves {
  readonly #deps: CoordinatorMovesDeps;
  readonly #reloads = new Set<Promise<void>>();

  constructor(deps: CoordinatorMovesDeps) {
    this.#deps = deps;
    deps.topics.onLeaderMoved((topic, partition) => this.#moved(topic, partition));
  }

  /** Resolves when everything that is being read again has been. */
  async settled(): Promise<void> {
    while (this.#reloads.size > 0) await Promise.all(this.#reloads);
  }

  #moved({ name }: Topic, partition: number): void {
    const { groups, transactions, log } = this.#deps;
    if (name !== OFFSETS_TOPIC && name !== TRANSACTION_TOPIC) return;
    const coordinator = name === OFFSETS_TOPIC ? groups : transactions;
    const reload = coordinator
      .onLeaderMoved(partition)
      .catch((error: unknown) => log.error(`${name}-${partition} could not be read again after its leader moved: ${String(error)}`))
      .finally(() => this.#reloads.delete(reload));
    this.#reloads.add(reload);
  }
}
