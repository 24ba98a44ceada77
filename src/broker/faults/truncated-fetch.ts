/** Answers to fetches whose last batches are incomplete. */

import { BATCH_HEADER_BYTES, batchLength } from '../../protocol/index.ts';

interface FetchAnswer {
  readonly responses: readonly { readonly partitions: readonly { readonly records: Buffer | null }[] }[];
}

/** The same answer, with the last of several batches of each partition cut short by so many bytes. */
export function truncated(response: unknown, bytes = 1): unknown {
  const answer = response as FetchAnswer;
  return {
    ...answer,
    responses: answer.responses.map((topic) => ({
      ...topic,
      partitions: topic.partitions.map((partition) => ({ ...partition, records: cut(partition.records, bytes) })),
    })),
  };
}

function cut(records: Buffer | null, bytes: number): Buffer | null {
  if (records === null) return null;
  let last = 0;
  for (let at = 0; at + BATCH_HEADER_BYTES <= records.length; at += batchLength(records, at)) last = at;
  return last === 0 ? records : records.subarray(0, Math.max(last + 1, records.length - bytes));
}
