/** The transactional ids this coordinator knows, and the way of a change through the log into memory. */

import {
  type BrokerConfig,
  Code,
  type CoordinatorLogger,
  coordinatorAppendError,
  type InternalTopic,
  intSetting,
} from '../coordinator/index.ts';
import { transactionRecord, transactionTombstone } from './records.ts';
import { Transaction, type TransactionSnapshot } from './state.ts';

export interface TransactionStoreHost {
  readonly config: BrokerConfig;
  readonly log: CoordinatorLogger;
  readonly topic: InternalTopic;
}

export class TransactionStore {
  readonly #host: TransactionStoreHost;
  readonly #transactions = new Map<string, Transaction>();

  constructor(host: TransactionStoreHost) {
    this.#host = host;
  }

  get(transactionalId: string): Transaction | undefined {
    return this.#transactions.get(transactionalId);
  }

  all(): Iterable<Transaction> {
    return this.#transactions.values();
  }

  add(transactionalId: string, snapshot: TransactionSnapshot): Transaction {
    const transaction = new Transaction(transactionalId, snapshot);
    this.#transactions.set(transactionalId, transaction);
    return transaction;
  }

  /**
   * Writes `next` and makes it the current state once it is durable; until then the transaction is busy. Resolves with
   * the error code for the client; with an error nothing has changed.
   */
  async change(transaction: Transaction, next: TransactionSnapshot): Promise<number> {
    transaction.busy = true;
    try {
      const errorCode = await this.#append(transaction.transactionalId, next).durable;
      if (errorCode !== Code.NONE) {
        this.#host.log.warn(
          `Transactional id ${transaction.transactionalId}: the change to ${next.state} could not be stored (error ${errorCode}).`,
        );
        return coordinatorAppendError(errorCode);
      }
      this.#host.log.debug(
        `Transactional id ${transaction.transactionalId}: ${transaction.current.state} to ${next.state}, producer ${next.producerId} epoch ${next.producerEpoch}.`,
      );
      transaction.current = next;
      return Code.NONE;
    } finally {
      transaction.busy = false;
    }
  }

  /** As {@link change}, current at once: for a change that is made again should a crash lose it. */
  changeNow(transaction: Transaction, next: TransactionSnapshot): number {
    const { errorCode } = this.#append(transaction.transactionalId, next);
    if (errorCode === Code.NONE) transaction.current = next;
    return errorCode;
  }

  /** Forgets an id that the log has no more. */
  drop({ transactionalId }: Transaction): void {
    this.#transactions.delete(transactionalId);
  }

  /** Forgets an id for good. */
  async remove(transaction: Transaction): Promise<void> {
    transaction.busy = true;
    const stored = this.#host.topic.append(transaction.transactionalId, [transactionTombstone(transaction.transactionalId)]);
    if (stored.errorCode === Code.NONE) this.#transactions.delete(transaction.transactionalId);
    else transaction.busy = false;
    await stored.durable;
  }

  #append(transactionalId: string, next: TransactionSnapshot): ReturnType<InternalTopic['append']> {
    const valueVersion = intSetting(this.#host.config, 'transaction.version') > 0 ? 1 : 0;
    return this.#host.topic.append(transactionalId, [transactionRecord(transactionalId, next, valueVersion)]);
  }
}
