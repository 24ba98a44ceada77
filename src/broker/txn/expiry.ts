/** What ends by itself: transactions that take too long, and transactional ids nobody uses any more. */

import { Code, type CoordinatorLogger, intSetting } from '../coordinator/index.ts';
import { type EndingHost, fenceAndAbort } from './end-transaction.ts';
import type { Transaction } from './state.ts';

export interface TransactionExpiryHost extends EndingHost {
  readonly log: CoordinatorLogger;
}

/** Aborts transactions older than their timeout and fences their producers. */
export async function abortTimedOut(host: TransactionExpiryHost): Promise<void> {
  const nowMs = host.clock.nowMs();
  for (const transaction of [...host.store.all()]) {
    const { state, startMs, timeoutMs } = transaction.current;
    if (transaction.busy || state !== 'Ongoing' || startMs + timeoutMs >= nowMs) continue;
    const errorCode = await fenceAndAbort(host, transaction);
    host.log.info(
      `Transactional id ${transaction.transactionalId}: aborted after ${nowMs - startMs} ms (timeout ${timeoutMs} ms), result ${errorCode}.`,
    );
    if (errorCode !== Code.NONE)
      host.log.warn(`Transactional id ${transaction.transactionalId}: the abort is tried again in the next round.`);
  }
}

/** Forgets ids that have been idle for `transactional.id.expiration.ms`. */
export async function forgetUnused(host: TransactionExpiryHost): Promise<void> {
  const idleSinceMs = host.clock.nowMs() - intSetting(host.config, 'transactional.id.expiration.ms');
  for (const transaction of [...host.store.all()]) {
    if (transaction.busy || !isIdle(transaction) || transaction.current.updatedMs > idleSinceMs) continue;
    host.log.info(`Transactional id ${transaction.transactionalId} has not been used for long and is forgotten.`);
    await host.store.remove(transaction);
  }
}

function isIdle(transaction: Transaction): boolean {
  const { state } = transaction.current;
  return state === 'Empty' || state === 'CompleteCommit' || state === 'CompleteAbort';
}
