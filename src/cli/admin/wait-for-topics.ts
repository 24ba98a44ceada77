import { setTimeout as sleep } from 'node:timers/promises';
import type { KafkaClient, TopicInfo } from '../../client/index.ts';

const PATIENCE_MS = 5_000;
const POLL_MS = 50;

/**
 * Brokers learn of a change by the controller a moment later, and a script goes on at once. Waits until a broker's
 * metadata shows it, a few seconds at most: what was asked for is done in any case.
 */
export async function waitForTopics(client: KafkaClient, names: readonly string[], shows: (topic: TopicInfo) => boolean): Promise<void> {
  const deadlineMs = performance.now() + PATIENCE_MS;
  while (names.length > 0 && performance.now() < deadlineMs) {
    const { topics } = await client.metadata(names);
    if (topics.every(shows)) return;
    await sleep(POLL_MS);
  }
}

/** The topic is there and every partition has a leader. */
export function isReady(topic: TopicInfo): boolean {
  return topic.errorCode === 0 && topic.partitions.every(({ leader }) => leader >= 0);
}
