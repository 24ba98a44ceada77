import { setTimeout as sleep } from 'node:timers/promises';
import { fetchOffsets } from '../../../src/client/group/offsets.ts';
import type { KafkaClient } from '../../../src/client/index.ts';
import type { Input } from '../inputs.ts';
import { endOffset } from '../session/topics.ts';

/** Coarse enough to cost the broker nothing that shows. */
const POLL_MS = 50;
/** A transaction's marker is an offset too, and the last ones may come after the last commit. */
const MARKERS = 2;

/** What {@link watchCommits} reports. */
export interface Commits {
  /** Input records whose offsets are committed. */
  readonly committed: number;
  /** Everything the group reads, its repartition topics included, is committed to its end. */
  readonly done: boolean;
}

/**
 * Watches a group from outside, the same way for every subject: records count when their offsets are committed, which is
 * after their output was acknowledged. Ends when `onCommits` returns true. Rejects after `limitMs` without a commit, and
 * with what `check` throws.
 */
export async function watchCommits(
  client: KafkaClient,
  groupId: string,
  input: Input,
  onCommits: (commits: Commits) => boolean,
  check: () => void,
  limitMs: number,
  pollMs = POLL_MS,
): Promise<void> {
  let lastCommitted = -1;
  let movedMs = performance.now();
  for (;;) {
    check();
    const commits = await commitsOf(client, groupId, input);
    if (onCommits(commits)) return;
    if (commits.committed > lastCommitted) movedMs = performance.now();
    else if (performance.now() - movedMs > limitMs) {
      throw new Error(`${groupId} has stood at ${commits.committed} of ${input.count} records for ${limitMs / 1000} s.`);
    }
    lastCommitted = commits.committed;
    await sleep(pollMs);
  }
}

export async function commitsOf(client: KafkaClient, groupId: string, input: Input): Promise<Commits> {
  const offsets = (await fetchOffsets(client, groupId)).filter(({ offset }) => offset >= 0);
  let committed = 0;
  for (const { topic, offset } of offsets) if (topic === input.topic) committed += offset;
  if (committed < input.count) return { committed, done: false };
  for (const { topic, partition, offset } of offsets) {
    if (topic !== input.topic && offset < (await endOffset(client, topic, partition)) - MARKERS) return { committed, done: false };
  }
  return { committed, done: true };
}
