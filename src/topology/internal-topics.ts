import { MillraceError } from '../errors.ts';
import type { StoreSpec } from '../state/store-spec.ts';
import type { Plan, SubTopology } from './nodes.ts';
import { partitionCounts } from './partition-counts.ts';
import { changelogTopicName, resolveTopic, sourceTopicNames } from './topic-names.ts';

export { partitionCounts } from './partition-counts.ts';
export { changelogTopic, changelogTopicName, resolveTopic, sourceTopicNames } from './topic-names.ts';

/** `windowstore.changelog.additional.retention.ms`: what a window changelog keeps beyond its store, in ms. */
export const DEFAULT_CHANGELOG_ADDITIONAL_RETENTION_MS = 86_400_000;

const REPARTITION_SEGMENT_BYTES = 52_428_800;

/** A topic the application makes for itself. */
export interface InternalTopic {
  /** With the application id. */
  readonly name: string;
  readonly kind: 'repartition' | 'changelog';
  readonly partitions: number;
  /** Topic configs to create it with. */
  readonly config: Readonly<Record<string, string>>;
  /** Changelogs: the store's name. */
  readonly store: string | undefined;
}

export interface InternalTopicOptions {
  /** `topic.*` of the config, without the prefix: overrides what Kafka Streams would set. */
  readonly topicConfig?: Readonly<Record<string, string>>;
  /** Default one day. */
  readonly changelogAdditionalRetentionMs?: number;
}

/** Number of tasks of a sub-topology: the most partitions of any of its source topics. `counts` must hold them all. */
export function taskCount(subTopology: SubTopology, applicationId: string, counts: ReadonlyMap<string, number>): number {
  return Math.max(0, ...sourceTopicNames(subTopology, applicationId).map((topic) => counts.get(topic) ?? 0));
}

/**
 * The repartition and changelog topics of an application, with the partition counts and topic configs that Kafka Streams
 * gives them (semantics of `RepartitionTopics`, `CopartitionedTopicsEnforcer` and `InternalTopicConfig`).
 *
 * @param sourcePartitionCounts partition counts of the user's topics, by name.
 * @throws MISSING_TOPIC for a source topic without a count, PARTITION_MISMATCH where topics that are joined differ.
 */
export function internalTopics(
  plan: Plan,
  applicationId: string,
  sourcePartitionCounts: ReadonlyMap<string, number>,
  options: InternalTopicOptions = {},
): InternalTopic[] {
  const counts = partitionCounts(plan, applicationId, sourcePartitionCounts);
  const repartition = plan.repartitionTopics.map(({ name }): InternalTopic => {
    const topic = resolveTopic({ name, internal: true }, applicationId);
    return {
      name: topic,
      kind: 'repartition',
      partitions: counts.get(topic) ?? 0,
      config: repartitionConfig(options),
      store: undefined,
    };
  });
  return [...repartition, ...plan.subTopologies.flatMap((subTopology) => changelogs(subTopology, applicationId, counts, options))];
}

function changelogs(
  subTopology: SubTopology,
  applicationId: string,
  counts: ReadonlyMap<string, number>,
  options: InternalTopicOptions,
): InternalTopic[] {
  const partitions = taskCount(subTopology, applicationId, counts);
  return subTopology.stores
    .filter((store) => store.logging.enabled && store.sourceTopic === undefined)
    .map((store) => ({
      name: changelogTopicName(store.name, applicationId),
      kind: 'changelog',
      partitions,
      config: changelogConfig(store, options),
      store: store.name,
    }));
}

/** Topic configs of a repartition topic: kept until its consumers have read it (records are deleted behind them). */
export function repartitionConfig(options: InternalTopicOptions = {}): Record<string, string> {
  return {
    'cleanup.policy': 'delete',
    'segment.bytes': String(REPARTITION_SEGMENT_BYTES),
    'retention.ms': '-1',
    'message.timestamp.type': 'CreateTime',
    ...options.topicConfig,
  };
}

/** Topic configs of a changelog. The store's own `logging.config` beats everything. */
export function changelogConfig(store: StoreSpec<any, any>, options: InternalTopicOptions = {}): Record<string, string> {
  return {
    ...changelogDefaults(store, options),
    'message.timestamp.type': 'CreateTime',
    ...options.topicConfig,
    ...store.logging.config,
  };
}

function changelogDefaults(store: StoreSpec<any, any>, options: InternalTopicOptions): Record<string, string> {
  if (store.kind !== 'window' && store.kind !== 'timestampedWindow' && store.kind !== 'joinWindow') return { 'cleanup.policy': 'compact' };
  const additionalMs = options.changelogAdditionalRetentionMs ?? DEFAULT_CHANGELOG_ADDITIONAL_RETENTION_MS;
  return {
    // Records of one key and window differ in their sequence number, so compaction would find nothing to do.
    'cleanup.policy': store.retainDuplicates === true ? 'delete' : 'compact,delete',
    'retention.ms': String((store.retentionMs ?? 0) + additionalMs),
  };
}

/**
 * Compares an internal topic that exists already with what the plan needs.
 *
 * @throws INTERNAL_TOPIC_MISMATCH naming the topic and both counts.
 */
export function checkInternalTopic(topic: InternalTopic, existingPartitions: number): void {
  if (existingPartitions === topic.partitions) return;
  throw new MillraceError(
    'INTERNAL_TOPIC_MISMATCH',
    `Internal topic "${topic.name}" has ${existingPartitions} partitions, but this topology needs ${topic.partitions}. ` +
      'The number of input partitions or the topology changed: reset the application (which deletes its internal topics), or use a new application id.',
    { fatal: true, context: { topic: topic.name, expected: topic.partitions, actual: existingPartitions } },
  );
}
