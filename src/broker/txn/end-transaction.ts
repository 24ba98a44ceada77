/**
 * EndTxn: which requests may end a transaction, in both protocols, and the decision on disk. TV1 ends with the epoch it
 * has; TV2 (KIP-890) takes the next epoch at every end, so a repeated request is known by the epoch before.
 */

import { type BrokerConfig, Code, intSetting } from '../coordinator/index.ts';
import type { Clock } from '../seams.ts';
import type { MarkerWriter } from './markers.ts';
import type { ProducerIds } from './producer-ids.ts';
import { fenced, isEpochExhausted, MAX_EPOCH, NO_PRODUCER_ID, prepared, type Transaction, type TransactionSnapshot } from './state.ts';
import type { TransactionStore } from './store.ts';
import { type ProducerIdentity, type ProducerResult, producerError } from './types.ts';

export interface EndingHost {
  readonly clock: Clock;
  readonly config: BrokerConfig;
  readonly store: TransactionStore;
  readonly markers: MarkerWriter;
  readonly producerIds: ProducerIds;
}

/** What to do with a request to end: go ahead, or answer this. */
type Verdict = { readonly go: true } | { readonly go: false; readonly errorCode: number };

const GO: Verdict = { go: true };

function answer(errorCode: number): Verdict {
  return { go: false, errorCode };
}

/**
 * Resolves when the outcome is durable and the markers are written. `producerId` and `producerEpoch` are what a TV2
 * client goes on with; with an error they are -1.
 */
export async function endTransaction(
  host: EndingHost,
  transactionalId: string,
  producer: ProducerIdentity,
  commit: boolean,
  bumpEpoch: boolean,
): Promise<ProducerResult> {
  if (transactionalId === '') return producerError(Code.INVALID_REQUEST);
  const transaction = host.store.get(transactionalId);
  if (transaction === undefined) return producerError(Code.INVALID_PRODUCER_ID_MAPPING);
  const verdict = bumpEpoch ? judgeTv2(transaction, producer, commit) : judgeTv1(transaction, producer, commit);
  if (!verdict.go) return verdict.errorCode === Code.NONE ? identityOf(transaction.current) : producerError(verdict.errorCode);
  const errorCode = await prepareAndFinish(host, transaction, transaction.current, commit, bumpEpoch);
  return errorCode === Code.NONE ? identityOf(transaction.current) : producerError(errorCode);
}

function judgeTv1(transaction: Transaction, producer: ProducerIdentity, commit: boolean): Verdict {
  const { current } = transaction;
  if (current.producerId !== producer.producerId) return answer(Code.INVALID_PRODUCER_ID_MAPPING);
  if (current.producerEpoch !== producer.producerEpoch) return answer(Code.PRODUCER_FENCED);
  if (transaction.busy) return answer(Code.CONCURRENT_TRANSACTIONS);
  switch (current.state) {
    case 'Ongoing':
      return GO;
    case 'CompleteCommit':
    case 'CompleteAbort':
      return answer((current.state === 'CompleteCommit') === commit ? Code.NONE : Code.INVALID_TXN_STATE);
    case 'PrepareCommit':
    case 'PrepareAbort':
      return answer((current.state === 'PrepareCommit') === commit ? Code.CONCURRENT_TRANSACTIONS : Code.INVALID_TXN_STATE);
    case 'Empty':
      return answer(Code.INVALID_TXN_STATE);
  }
}

function judgeTv2(transaction: Transaction, producer: ProducerIdentity, commit: boolean): Verdict {
  const { current } = transaction;
  const overflowRetry =
    current.previousProducerId === producer.producerId && producer.producerEpoch === MAX_EPOCH - 1 && current.producerEpoch === 0;
  const retry = overflowRetry || current.producerEpoch === producer.producerEpoch + 1;
  const present = current.producerEpoch === producer.producerEpoch;
  if (current.producerId !== producer.producerId && !overflowRetry) return answer(Code.INVALID_PRODUCER_ID_MAPPING);
  switch (current.state) {
    case 'Ongoing':
      if (!present) return answer(Code.PRODUCER_FENCED);
      return transaction.busy ? answer(Code.CONCURRENT_TRANSACTIONS) : GO;
    case 'Empty':
      if (!present) return answer(Code.PRODUCER_FENCED);
      if (transaction.busy) return answer(Code.CONCURRENT_TRANSACTIONS);
      return commit ? answer(Code.INVALID_TXN_STATE) : GO;
    case 'PrepareCommit':
    case 'PrepareAbort':
      if (!retry) return answer(Code.PRODUCER_FENCED);
      return answer((current.state === 'PrepareCommit') === commit ? Code.CONCURRENT_TRANSACTIONS : Code.INVALID_TXN_STATE);
    case 'CompleteCommit':
    case 'CompleteAbort':
      if (!retry && !present) return answer(Code.PRODUCER_FENCED);
      if (transaction.busy) return answer(Code.CONCURRENT_TRANSACTIONS);
      if (retry) return answer((current.state === 'CompleteCommit') === commit ? Code.NONE : Code.INVALID_TXN_STATE);
      // A transaction in which nothing was written ends here: it may only be aborted.
      return commit ? answer(Code.INVALID_TXN_STATE) : GO;
  }
}

/**
 * Aborts an ongoing transaction on the coordinator's own account and puts its producer out: a new one asks for the id,
 * or the time is up. Resolves with an error code.
 */
export function fenceAndAbort(host: EndingHost, transaction: Transaction): Promise<number> {
  const bumpEpoch = intSetting(host.config, 'transaction.version') >= 2;
  return prepareAndFinish(host, transaction, fenced(transaction.current), false, bumpEpoch);
}

async function prepareAndFinish(
  host: EndingHost,
  transaction: Transaction,
  from: TransactionSnapshot,
  commit: boolean,
  bumpEpoch: boolean,
): Promise<number> {
  const nextProducerId = bumpEpoch && isEpochExhausted(from.producerEpoch) ? host.producerIds.allocate() : NO_PRODUCER_ID;
  const errorCode = await host.store.change(transaction, prepared(from, { commit, bumpEpoch, nextProducerId }, host.clock.nowMs()));
  if (errorCode === Code.NONE) await host.markers.finish(transaction);
  return errorCode;
}

/** What the producer goes on with; while markers are still missing, what it will be. */
function identityOf(current: TransactionSnapshot): ProducerResult {
  const rotates = current.nextProducerId !== NO_PRODUCER_ID;
  return {
    errorCode: Code.NONE,
    producerId: rotates ? current.nextProducerId : current.producerId,
    producerEpoch: rotates ? 0 : current.producerEpoch,
  };
}
