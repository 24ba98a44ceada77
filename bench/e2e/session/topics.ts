import { setTimeout as sleep } from 'node:timers/promises';
import type { KafkaClient } from '../../../src/client/index.ts';
import { DeleteTopics, ErrorCode, ListOffsets } from '../../../src/protocol/index.ts';

const NO_ID = Buffer.alloc(16);
const GONE_LIMIT_MS = 30_000;
const POLL_MS = 50;
const LATEST = -1;
const READ_COMMITTED = 1;

/** Topics that are not there are passed over. */
export async function deleteTopics(client: KafkaClient, names: readonly string[]): Promise<void> {
  if (names.length === 0) return;
  const { responses } = await client.request(
    DeleteTopics,
    ({ version }) => ({
      ...(version >= 6 ? { topics: names.map((name) => ({ name, topicId: NO_ID })) } : { topicNames: [...names] }),
      timeoutMs: client.options.requestTimeoutMs,
    }),
    'controller',
  );
  for (const { name, errorCode } of responses) {
    if (errorCode === ErrorCode.NONE || errorCode === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION) continue;
    throw new Error(`The broker does not delete topic ${name}: error ${errorCode}.`);
  }
}

/** So that topics of the same names can be made anew. */
export async function waitUntilGone(client: KafkaClient, names: readonly string[]): Promise<void> {
  const deadlineMs = performance.now() + GONE_LIMIT_MS;
  while (names.length > 0) {
    const { topics } = await client.metadata([...names]);
    if (topics.every(({ errorCode }) => errorCode === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)) return;
    if (performance.now() > deadlineMs)
      throw new Error(`Topics ${names.join(', ')} are still there ${GONE_LIMIT_MS / 1000} s after their deletion.`);
    await sleep(POLL_MS);
  }
}

/** So that the client knows the leaders, also of a topic that it has seen go. */
export async function waitUntilThere(client: KafkaClient, name: string): Promise<void> {
  const deadlineMs = performance.now() + GONE_LIMIT_MS;
  for (;;) {
    const { topics } = await client.metadata([name]);
    if (topics.every(({ errorCode, partitions }) => errorCode === ErrorCode.NONE && partitions.every(({ leader }) => leader >= 0))) return;
    if (performance.now() > deadlineMs) throw new Error(`Topic ${name} has no leaders ${GONE_LIMIT_MS / 1000} s after it was made.`);
    await sleep(POLL_MS);
  }
}

/** Names of the topics that begin so, e.g. the internal topics of an application. */
export async function topicsWithPrefix(client: KafkaClient, prefix: string): Promise<string[]> {
  const { topics } = await client.metadata();
  return topics.flatMap(({ name }) => (name.startsWith(prefix) ? [name] : []));
}

/** The last stable offset of a partition. */
export async function endOffset(client: KafkaClient, topic: string, partition: number): Promise<number> {
  const response = await client.request(
    ListOffsets,
    {
      replicaId: -1,
      isolationLevel: READ_COMMITTED,
      topics: [{ name: topic, partitions: [{ partitionIndex: partition, timestamp: LATEST }] }],
    },
    { leader: [topic, partition] },
    { minVersion: 2 },
  );
  return response.topics[0]?.partitions[0]?.offset ?? 0;
}
