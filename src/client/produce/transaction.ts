/** Where a transactional producer stands. */
import { MillraceError } from '../../errors.ts';
import type { TopicPartition } from '../topic-partition.ts';
import { NOBODY, type ProducerIdentity } from './pending-batch.ts';
import type { TransactionProtocol } from './transaction-calls.ts';

export type TransactionState = 'new' | 'ready' | 'open' | 'committing' | 'aborting';

/** Plain state of one producer's transactions, and the rules of what may follow what. */
export class TransactionLedger {
  state: TransactionState = 'new';
  identity: ProducerIdentity = NOBODY;
  protocol: TransactionProtocol = 1;
  /** Something of the transaction may be known to the cluster, so it has to be ended there. */
  started = false;
  /** Why it can only be aborted. */
  abortReason: MillraceError | undefined;
  /** Why the producer can do nothing any more. */
  fatal: MillraceError | undefined;
  /** Sequence numbers are uncertain: the next transaction needs another epoch. */
  needsNewEpoch = false;
  /** Partitions that are part of the transaction. */
  readonly added = new Set<string>();
  readonly toAdd = new Map<string, TopicPartition>();
  readonly groups = new Set<string>();

  /** Throws INVALID_STATE in any other state, and what has ended the producer. */
  expect(action: string, ...states: readonly TransactionState[]): void {
    if (this.fatal !== undefined) throw this.fatal;
    if (states.includes(this.state)) return;
    const remedy = {
      new: 'call initTransactions first',
      ready: 'call begin first',
      open: 'commit or abort first',
      committing: 'the commit is not done',
      aborting: 'the abort is not done',
    };
    throw new MillraceError('INVALID_STATE', `${action}: the producer's transaction is in state "${this.state}"; ${remedy[this.state]}.`, {
      context: { state: this.state },
    });
  }

  /** Why the transaction cannot be committed. */
  get obstacle(): MillraceError | undefined {
    return this.fatal ?? this.abortReason;
  }

  /** Throws what stands in the way; also what came up while the caller waited. */
  checkMayCommit(): void {
    if (this.obstacle !== undefined) throw this.obstacle;
  }

  /** Keeps the first reason; a fatal one counts in any case. */
  fail(error: MillraceError): void {
    if (error.fatal) this.fatal ??= error;
    else this.abortReason ??= error;
  }

  /** The next transaction starts from nothing. */
  finish(): void {
    this.state = 'ready';
    this.started = false;
    this.abortReason = undefined;
    this.added.clear();
    this.toAdd.clear();
    this.groups.clear();
  }
}
