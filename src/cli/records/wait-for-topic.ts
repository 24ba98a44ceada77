import { setTimeout as sleep } from 'node:timers/promises';
import { type KafkaClient, kafkaFailure, type TopicInfo } from '../../client/index.ts';
import { MillraceError } from '../../errors.ts';
import { ErrorCode, kafkaError } from '../../protocol/index.ts';

/** A broker that makes a topic on its own says for a moment that it does not know it. */
const PATIENCE_MS = 5_000;
const POLL_MS = 50;

/** A topic's metadata. With `create` the broker may make it first, if it does such things. MISSING_TOPIC. */
export async function waitForTopic(client: KafkaClient, topic: string, create: boolean): Promise<TopicInfo> {
  const deadlineMs = performance.now() + PATIENCE_MS;
  for (;;) {
    const [info] = (await client.metadata([topic], { allowAutoTopicCreation: create })).topics;
    if (info !== undefined && info.errorCode === ErrorCode.NONE && info.partitions.length > 0) return info;
    const code = info?.errorCode ?? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
    const later = kafkaError(code).retriable && (create || code !== ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
    if (later && performance.now() < deadlineMs) {
      await sleep(POLL_MS);
      continue;
    }
    if (code !== ErrorCode.UNKNOWN_TOPIC_OR_PARTITION) throw kafkaFailure(code, `Finding topic ${topic}`, { context: { topic } });
    throw new MillraceError(
      'MISSING_TOPIC',
      `Topic ${topic} does not exist on ${client.options.bootstrapServers}. Check the name (millrace topics list), or make it: millrace topics create ${topic}`,
      { context: { topic } },
    );
  }
}
