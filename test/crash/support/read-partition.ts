import {
  BATCH_HEADER_BYTES,
  batchBaseOffset,
  batchLastOffset,
  batchLength,
  batchProducerId,
  Fetch,
  isControlBatch,
  isTransactionalBatch,
  RecordCursor,
  readControlType,
  validateBatchCrc,
} from '../../../src/protocol/index.ts';
import type { PatientClient } from './patient-client.ts';

export interface ReadRecord {
  readonly offset: number;
  readonly key: string;
  readonly value: string;
}

export interface ReadOptions {
  readonly committed: boolean;
  /** Compaction leaves gaps; else offsets have none. */
  readonly compacted?: boolean;
}

const BATCH_BYTES = 4 * 1024 * 1024;

/**
 * Reads a partition from its beginning to its end as it is now, as a client would, and checks what holds for every log:
 * each batch's CRC, offsets that rise without a gap. With `committed`, records of aborted transactions are left out the
 * way Kafka's consumers do it.
 */
export async function readPartition(client: PatientClient, topic: string, partition: number, options: ReadOptions): Promise<ReadRecord[]> {
  const records: ReadRecord[] = [];
  const name = `${topic}-${partition}`;
  let offset = 0;
  let next = options.compacted === true ? -1 : 0;
  for (;;) {
    const answer = await fetch(client, topic, partition, offset, options.committed);
    if (answer.errorCode !== 0) throw new Error(`Fetch of ${name} at ${offset} got error ${answer.errorCode}.`);
    const end = options.committed ? answer.lastStableOffset : answer.highWatermark;
    const bytes = answer.records ?? Buffer.alloc(0);
    if (offset >= end) return records;
    if (bytes.length === 0) throw new Error(`Fetch of ${name} at ${offset} got nothing, with ${end} as the end.`);
    const aborted = new AbortedFilter(answer.abortedTransactions ?? []);
    for (let at = 0; at + 12 <= bytes.length && at + batchLength(bytes, at) <= bytes.length; at += batchLength(bytes, at)) {
      const batch = bytes.subarray(at, at + batchLength(bytes, at));
      if (!validateBatchCrc(batch, 0)) throw new Error(`The batch at ${batchBaseOffset(batch, 0)} of ${name} has a wrong CRC.`);
      const base = batchBaseOffset(batch, 0);
      if (next >= 0 && base !== next) throw new Error(`${name} has offset ${base} where ${next} should be.`);
      offset = batchLastOffset(batch, 0) + 1;
      if (next >= 0) next = offset;
      if (!aborted.hides(batch) || !options.committed) takeRecords(batch, records);
    }
  }
}

/** The records up to the first error or the first batch that is not whole and undamaged: for logs that may be damaged. */
export async function readPrefix(client: PatientClient, topic: string, partition: number): Promise<ReadRecord[]> {
  const records: ReadRecord[] = [];
  for (let offset = 0; ; ) {
    const answer = await fetch(client, topic, partition, offset, false);
    const bytes = answer.records ?? Buffer.alloc(0);
    const before = offset;
    for (let at = 0; at + BATCH_HEADER_BYTES <= bytes.length && at + batchLength(bytes, at) <= bytes.length; at += batchLength(bytes, at)) {
      const batch = bytes.subarray(at, at + batchLength(bytes, at));
      if (batch.length < BATCH_HEADER_BYTES || !validateBatchCrc(batch, 0)) return records;
      offset = batchLastOffset(batch, 0) + 1;
      takeRecords(batch, records);
    }
    if (offset === before) return records;
  }
}

async function fetch(client: PatientClient, topic: string, partition: number, fetchOffset: number, committed: boolean) {
  const response = await client.insist(Fetch, 11, {
    maxWaitMs: 0,
    minBytes: 0,
    maxBytes: BATCH_BYTES,
    isolationLevel: committed ? 1 : 0,
    topics: [{ topic, partitions: [{ partition, fetchOffset, partitionMaxBytes: BATCH_BYTES }] }],
  });
  return response.responses[0]!.partitions[0]!;
}

function takeRecords(batch: Buffer, records: ReadRecord[]): void {
  const cursor = new RecordCursor(batch);
  while (cursor.next()) {
    const text = (start: number, length: number): string => cursor.buffer.toString('latin1', start, start + Math.max(length, 0));
    records.push({
      offset: cursor.offset,
      key: text(cursor.keyStart, cursor.keyLength),
      value: text(cursor.valueStart, cursor.valueLength),
    });
  }
}

/** What a consumer does with the list of aborted transactions of a fetch. */
class AbortedFilter {
  readonly #pending: { readonly producerId: number; readonly firstOffset: number }[];
  readonly #open = new Set<number>();

  constructor(transactions: readonly { readonly producerId: number; readonly firstOffset: number }[]) {
    this.#pending = [...transactions].sort((left, right) => left.firstOffset - right.firstOffset);
  }

  hides(batch: Buffer): boolean {
    while (this.#pending.length > 0 && this.#pending[0]!.firstOffset <= batchLastOffset(batch, 0)) {
      this.#open.add(this.#pending.shift()!.producerId);
    }
    const producerId = batchProducerId(batch, 0);
    if (isControlBatch(batch, 0)) {
      if (readControlType(batch, 0) === 'abort') this.#open.delete(producerId);
      return true;
    }
    return isTransactionalBatch(batch, 0) && this.#open.has(producerId);
  }
}
