/**
 * What the coordinator knows of one transactional id, and the only ways it changes. Every change is first computed as
 * a whole new snapshot, then written to the log, then applied: `change` prepares, `apply` finishes. Follows Kafka's
 * `TransactionMetadata`.
 */

export type TransactionState = 'Empty' | 'Ongoing' | 'PrepareCommit' | 'PrepareAbort' | 'CompleteCommit' | 'CompleteAbort';

/** Kafka's numbers for the states, which are also their places in this list. */
export const TRANSACTION_STATES: readonly TransactionState[] = [
  'Empty',
  'Ongoing',
  'PrepareCommit',
  'PrepareAbort',
  'CompleteCommit',
  'CompleteAbort',
];

export const NO_PRODUCER_ID = -1;
export const NO_PRODUCER_EPOCH = -1;
export const MAX_EPOCH = 0x7fff;

/** Topic → partitions. Never changed in place. */
export type PartitionSet = ReadonlyMap<string, ReadonlySet<number>>;

export const NO_PARTITIONS: PartitionSet = new Map();

/** All that is stored about a transactional id. */
export interface TransactionSnapshot {
  readonly state: TransactionState;
  readonly producerId: number;
  /** -1 until the first InitProducerId has been stored. */
  readonly producerEpoch: number;
  /** The producer id before the last rotation; for retries that still use it. */
  readonly previousProducerId: number;
  /** Set while a transaction ends whose epochs are used up: the id the producer goes on with. */
  readonly nextProducerId: number;
  /** The epoch before the last bump, when its owner knows it; for retries. Not stored, as in Kafka. */
  readonly lastProducerEpoch: number;
  readonly timeoutMs: number;
  readonly partitions: PartitionSet;
  /** -1 outside of a transaction. */
  readonly startMs: number;
  readonly updatedMs: number;
  /** Protocol of the client that made the last change: 0 = TV1, 2 = TV2. */
  readonly clientVersion: number;
}

export class Transaction {
  readonly transactionalId: string;
  current: TransactionSnapshot;
  /** Failed attempts to write markers, for the delay before the next. */
  failedAttempts = 0;
  #busy = false;
  #waiters: (() => void)[] = [];

  constructor(transactionalId: string, current: TransactionSnapshot) {
    this.transactionalId = transactionalId;
    this.current = current;
  }

  /** A change is on its way to the log; others are told CONCURRENT_TRANSACTIONS. */
  get busy(): boolean {
    return this.#busy;
  }

  set busy(busy: boolean) {
    this.#busy = busy;
    if (!busy) for (const resolve of this.#waiters.splice(0)) resolve();
  }

  /** Resolves when the change under way is done; another may follow at once. */
  whenIdle(): Promise<void> {
    return this.#busy ? new Promise((resolve) => this.#waiters.push(resolve)) : Promise.resolve();
  }

  get preparing(): boolean {
    return this.current.state === 'PrepareCommit' || this.current.state === 'PrepareAbort';
  }

  has(topic: string, partition: number): boolean {
    return this.current.partitions.get(topic)?.has(partition) === true;
  }
}

export function newSnapshot(producerId: number, timeoutMs: number, nowMs: number): TransactionSnapshot {
  return {
    state: 'Empty',
    producerId,
    producerEpoch: NO_PRODUCER_EPOCH,
    previousProducerId: NO_PRODUCER_ID,
    nextProducerId: NO_PRODUCER_ID,
    lastProducerEpoch: NO_PRODUCER_EPOCH,
    timeoutMs,
    partitions: NO_PARTITIONS,
    startMs: -1,
    updatedMs: nowMs,
    clientVersion: 0,
  };
}

/** One epoch is kept back, so that a producer with the last one can still be fenced. */
export function isEpochExhausted(epoch: number): boolean {
  return epoch >= MAX_EPOCH - 1;
}

/** A producer starts anew with another epoch of its id. `lastEpoch` is -1 when the bump fences somebody else. */
export function withEpoch(
  from: TransactionSnapshot,
  producerEpoch: number,
  lastEpoch: number,
  timeoutMs: number,
  nowMs: number,
): TransactionSnapshot {
  return {
    ...from,
    state: 'Empty',
    previousProducerId: from.producerId,
    nextProducerId: NO_PRODUCER_ID,
    producerEpoch,
    lastProducerEpoch: lastEpoch,
    timeoutMs,
    partitions: NO_PARTITIONS,
    startMs: -1,
    updatedMs: nowMs,
  };
}

/** The epochs are used up: a new id, from epoch 0. */
export function withProducerId(
  from: TransactionSnapshot,
  producerId: number,
  lastEpoch: number,
  timeoutMs: number,
  nowMs: number,
): TransactionSnapshot {
  return { ...withEpoch(from, 0, lastEpoch, timeoutMs, nowMs), producerId };
}

export function withPartitions(from: TransactionSnapshot, added: PartitionSet, clientVersion: number, nowMs: number): TransactionSnapshot {
  const partitions = new Map(from.partitions);
  for (const [topic, numbers] of added) partitions.set(topic, new Set([...(partitions.get(topic) ?? []), ...numbers]));
  return {
    ...from,
    state: 'Ongoing',
    previousProducerId: from.producerId,
    partitions,
    startMs: from.state === 'Ongoing' ? from.startMs : nowMs,
    updatedMs: nowMs,
    clientVersion,
  };
}

export interface Ending {
  readonly commit: boolean;
  /** TV2: every end takes the next epoch, so that what is still under way belongs to the past (KIP-890). */
  readonly bumpEpoch: boolean;
  /** -1 unless the bump uses up the last epoch. */
  readonly nextProducerId: number;
}

/** The outcome is decided; markers are to be written with this snapshot's producer id and epoch. */
export function prepared(from: TransactionSnapshot, ending: Ending, nowMs: number): TransactionSnapshot {
  return {
    ...from,
    state: ending.commit ? 'PrepareCommit' : 'PrepareAbort',
    previousProducerId: from.producerId,
    nextProducerId: ending.nextProducerId,
    producerEpoch: ending.bumpEpoch ? Math.min(from.producerEpoch + 1, MAX_EPOCH) : from.producerEpoch,
    lastProducerEpoch: ending.bumpEpoch ? from.producerEpoch : from.lastProducerEpoch,
    // TV2 aborts transactions that nothing was added to; they start and end at once.
    startMs: from.state === 'Ongoing' ? from.startMs : nowMs,
    updatedMs: nowMs,
    clientVersion: ending.bumpEpoch ? 2 : 0,
  };
}

/** All markers are written. */
export function completed(from: TransactionSnapshot, nowMs: number): TransactionSnapshot {
  const rotates = from.nextProducerId !== NO_PRODUCER_ID;
  return {
    ...from,
    state: from.state === 'PrepareCommit' ? 'CompleteCommit' : 'CompleteAbort',
    previousProducerId: from.producerId,
    producerId: rotates ? from.nextProducerId : from.producerId,
    producerEpoch: rotates ? 0 : from.producerEpoch,
    nextProducerId: NO_PRODUCER_ID,
    partitions: NO_PARTITIONS,
    updatedMs: nowMs,
  };
}

/** The next epoch, known to nobody: whoever had the last one is out. */
export function fenced(from: TransactionSnapshot): TransactionSnapshot {
  return { ...from, producerEpoch: Math.min(from.producerEpoch + 1, MAX_EPOCH), lastProducerEpoch: NO_PRODUCER_EPOCH };
}

export function containsAll(partitions: PartitionSet, wanted: PartitionSet): boolean {
  for (const [topic, numbers] of wanted) {
    const known = partitions.get(topic);
    for (const number of numbers) if (known?.has(number) !== true) return false;
  }
  return true;
}
