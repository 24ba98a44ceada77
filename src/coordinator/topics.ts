import { setTimeout as sleep } from 'node:timers/promises';
import type { ResolvedConfig } from '../config.ts';
import { MillraceError } from '../errors.ts';
import { checkInternalTopic, type InternalTopic, internalTopics, resolveTopic } from '../topology/internal-topics.ts';
import type { Plan } from '../topology/nodes.ts';
import type { TransportAdmin } from '../transport/transport.ts';

const VISIBLE_POLL_MS = 50;

/** Partition counts of every topic the application reads or writes. */
export type PartitionCounts = ReadonlyMap<string, number>;

/**
 * Checks that the user's topics exist, creates the internal ones, and returns all partition counts.
 *
 * @throws MillraceError MISSING_TOPIC, PARTITION_MISMATCH (co-partitioning), INTERNAL_TOPIC_MISMATCH.
 */
export async function prepareTopics(admin: TransportAdmin, plan: Plan, config: ResolvedConfig): Promise<PartitionCounts> {
  const { sources, sinks } = userTopics(plan, config);
  const counts = new Map((await admin.metadata([...sources, ...sinks])).map(({ topic, partitions }) => [topic, partitions]));
  requireTopics('reads', sources, counts);
  requireTopics('writes to', sinks, counts);
  const internal = internalTopics(plan, config.applicationId, counts, {
    changelogAdditionalRetentionMs: config.windowstoreChangelogAdditionalRetentionMs,
    topicConfig: config.topic,
  });
  const existing = new Map((await admin.metadata(internal.map(({ name }) => name))).map(({ topic, partitions }) => [topic, partitions]));
  for (const topic of internal) {
    checkInternalTopic(topic, existing.get(topic.name) ?? topic.partitions);
    counts.set(topic.name, topic.partitions);
  }
  const missing = internal.filter(({ name }) => !existing.has(name));
  if (missing.length > 0) {
    const { replicationFactor } = config;
    await admin.createTopics(missing.map(({ name, partitions, config }) => ({ topic: name, partitions, replicationFactor, config })));
    await untilVisible(admin, missing, config.requestTimeoutMs);
  }
  return counts;
}

/** Brokers learn of new topics one after the other. Another instance may have been quicker to create them, too. */
async function untilVisible(admin: TransportAdmin, topics: readonly InternalTopic[], timeoutMs: number): Promise<void> {
  const deadlineMs = performance.now() + timeoutMs;
  for (;;) {
    const found = new Map((await admin.metadata(topics.map(({ name }) => name))).map(({ topic, partitions }) => [topic, partitions]));
    for (const topic of topics) checkInternalTopic(topic, found.get(topic.name) ?? topic.partitions);
    const missing = topics.filter(({ name }) => !found.has(name));
    if (missing.length === 0) return;
    if (performance.now() > deadlineMs) {
      const list = missing.map(({ name }) => `"${name}"`).join(', ');
      throw new MillraceError(
        'TIMEOUT',
        `Internal topics ${list} were created, but the cluster does not show them after ${timeoutMs} ms. Check the brokers' logs.`,
        {
          retriable: true,
          context: { topics: missing.map(({ name }) => name).join(',') },
        },
      );
    }
    await sleep(VISIBLE_POLL_MS);
  }
}

/** Topics of the user's own: what is read must exist, and so must fixed sink topics, since partitions are chosen here. */
function userTopics(plan: Plan, config: ResolvedConfig): { sources: string[]; sinks: string[] } {
  const sources = new Set<string>();
  const sinks = new Set<string>();
  const allSources = [...plan.subTopologies.flatMap((sub) => sub.sources), ...plan.globalStores.map((store) => store.source)];
  for (const source of allSources) {
    for (const topic of source.topics) if (!topic.internal) sources.add(resolveTopic(topic, config.applicationId));
  }
  for (const sink of plan.subTopologies.flatMap((sub) => sub.sinks)) {
    if (typeof sink.topic !== 'function' && !sink.topic.internal) sinks.add(resolveTopic(sink.topic, config.applicationId));
  }
  if (config.deadLetterTopic !== undefined) sinks.add(config.deadLetterTopic);
  return { sources: [...sources], sinks: [...sinks] };
}

function requireTopics(verb: string, topics: readonly string[], counts: ReadonlyMap<string, number>): void {
  const missing = topics.filter((topic) => !counts.has(topic));
  if (missing.length === 0) return;
  const list = missing.map((topic) => `"${topic}"`).join(', ');
  throw new MillraceError(
    'MISSING_TOPIC',
    `The application ${verb} ${missing.length === 1 ? 'topic' : 'topics'} ${list}, which the cluster does not have. Create ${missing.length === 1 ? 'it' : 'them'} first; topics of the application's user are never created automatically.`,
    { context: { topics: missing.join(',') } },
  );
}
