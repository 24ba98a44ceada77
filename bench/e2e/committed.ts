import { setTimeout as sleep } from 'node:timers/promises';
import { fetchOffsets } from '../../src/client/group/offsets.ts';
import type { KafkaClient } from '../../src/client/index.ts';
import { ListOffsets } from '../../src/protocol/index.ts';
import type { Input } from './inputs.ts';

/** Coarse enough to cost the broker nothing that shows. */
const POLL_MS = 50;
const LATEST = -1;
/** A transaction's marker is an offset too, and the last ones may come after the last commit. */
const MARKERS = 2;

/** What {@link watchProgress} reports. */
export interface Progress {
  /** Input records whose offsets are committed. */
  readonly committed: number;
  /** Everything the group reads, its repartition topics included, is committed to its end. */
  readonly done: boolean;
}

/**
 * Watches a group from outside, the same way for every subject: records count when their offsets are committed, which is
 * after their output was acknowledged. Calls `onProgress` until it is done. Rejects after `limitMs` without progress.
 */
export async function watchProgress(
  client: KafkaClient,
  groupId: string,
  input: Input,
  onProgress: (progress: Progress) => void,
  check: () => void,
  limitMs: number,
): Promise<void> {
  let lastCommitted = -1;
  let movedMs = performance.now();
  for (;;) {
    check();
    const progress = await progressOf(client, groupId, input);
    onProgress(progress);
    if (progress.done) return;
    if (progress.committed > lastCommitted) movedMs = performance.now();
    else if (performance.now() - movedMs > limitMs) {
      throw new Error(`${groupId} has stood at ${progress.committed} of ${input.count} records for ${limitMs / 1000} s.`);
    }
    lastCommitted = progress.committed;
    await sleep(POLL_MS);
  }
}

async function progressOf(client: KafkaClient, groupId: string, input: Input): Promise<Progress> {
  const offsets = (await fetchOffsets(client, groupId)).filter(({ offset }) => offset >= 0);
  let committed = 0;
  for (const { topic, offset } of offsets) if (topic === input.topic) committed += offset;
  if (committed < input.count) return { committed, done: false };
  for (const { topic, partition, offset } of offsets) {
    if (topic !== input.topic && offset < (await endOf(client, topic, partition)) - MARKERS) return { committed, done: false };
  }
  return { committed, done: true };
}

async function endOf(client: KafkaClient, topic: string, partition: number): Promise<number> {
  const response = await client.request(
    ListOffsets,
    { replicaId: -1, isolationLevel: 1, topics: [{ name: topic, partitions: [{ partitionIndex: partition, timestamp: LATEST }] }] },
    { leader: [topic, partition] },
    { minVersion: 2 },
  );
  return response.topics[0]?.partitions[0]?.offset ?? 0;
}
