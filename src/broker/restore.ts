/** Start-up: from the metadata log and what is on the disk to topics and dynamic configs. */

import type { ConfigStore } from './configs/config-store.ts';
import type { FoundPartition, LogDirectory, LogFileSystem } from './log/index.ts';
import type { BrokerLogger } from './logger.ts';
import type { MetadataLog, MetadataRecord } from './metadata-log.ts';
import type { NodeRegistry } from './nodes.ts';
import { placeReplicas } from './placement.ts';
import type { ProducerIdBlocks, ProducerIdsRecord } from './producer-id-blocks.ts';
import type { BrokerSecurity } from './security/broker-security.ts';
import { isSecurityRecord, type SecurityRecord } from './security/records.ts';
import { topicIdText } from './topic.ts';
import { INTERNAL_TOPICS } from './topic-names.ts';
import type { TopicRegistry } from './topics.ts';

type TopicRecord = Extract<MetadataRecord, { type: 'topic' }>;

export interface RestoreDeps {
  readonly fs: LogFileSystem;
  readonly directory: LogDirectory;
  readonly metadata: MetadataLog;
  readonly configs: ConfigStore;
  readonly nodes: NodeRegistry;
  readonly topics: TopicRegistry;
  readonly security: BrokerSecurity;
  readonly producerIdBlocks: ProducerIdBlocks;
  readonly log: BrokerLogger;
}

/** Opens all topics and leaves the metadata log as a snapshot, open for appending. */
export async function restore(deps: RestoreDeps): Promise<void> {
  const { records, incomplete } = deps.metadata.read();
  const topics = new Map<string, TopicRecord>();
  const deletedIds = new Set<string>();
  for (const record of records) {
    if (isSecurityRecord(record)) deps.security.replay(record);
    else if (record.type === 'producer-ids') deps.producerIdBlocks.replay(record);
    else apply(deps.configs, topics, deletedIds, record);
  }
  settleStrays(deps, topics, deletedIds, incomplete);
  deps.metadata.start([
    ...topics.values(),
    ...configRecords(deps.configs),
    ...deps.producerIdBlocks.snapshot(),
    ...deps.security.snapshot(),
  ]);
  for (const record of topics.values()) await deps.topics.restore(onThisCluster(deps.nodes, record));
}

function apply(
  configs: ConfigStore,
  topics: Map<string, TopicRecord>,
  deletedIds: Set<string>,
  record: Exclude<MetadataRecord, SecurityRecord | ProducerIdsRecord>,
): void {
  const topic = record.type === 'config' ? undefined : topics.get(record.name);
  switch (record.type) {
    case 'topic':
      topics.set(record.name, record);
      break;
    case 'topic-deleted':
      topics.delete(record.name);
      deletedIds.add(record.id);
      break;
    case 'partitions':
      if (topic !== undefined) topics.set(record.name, { ...topic, replicas: record.replicas });
      break;
    case 'leaders':
      if (topic !== undefined) topics.set(record.name, { ...topic, leaders: record.leaders });
      break;
    case 'topic-config':
      if (topic !== undefined) topics.set(record.name, { ...topic, config: record.config });
      break;
    case 'config':
      configs.setDynamic(record.scope, record.name, record.config);
      break;
  }
}

function configRecords(configs: ConfigStore): MetadataRecord[] {
  return (['broker', 'group', 'client-metrics', 'feature', 'quota'] as const).flatMap((scope) =>
    configs.names(scope).map((name): MetadataRecord => ({ type: 'config', scope, name, config: configs.dynamic(scope, name) })),
  );
}

/**
 * Partition directories that no topic claims. Those of deleted topics are removed. When the metadata log is damaged or
 * was never there, the others are taken over as the topics they say they are (their configs are lost); else they are set
 * aside for somebody to look at, as Kafka does with strays.
 */
function settleStrays(deps: RestoreDeps, topics: Map<string, TopicRecord>, deletedIds: ReadonlySet<string>, adopt: boolean): void {
  const adopted = new Map<string, FoundPartition[]>();
  for (const found of deps.directory.findPartitions()) {
    const id = found.topicId === undefined ? undefined : topicIdText(found.topicId);
    const topic = topics.get(found.topic);
    if (topic !== undefined && found.partition < topic.replicas.length && (id === undefined || id === topic.id)) continue;
    if (id !== undefined && deletedIds.has(id)) deps.fs.removeDirectory(found.directory);
    else if (adopt && id !== undefined && topic === undefined) adopted.set(found.topic, [...(adopted.get(found.topic) ?? []), found]);
    else setAside(deps, found);
  }
  for (const [name, partitions] of adopted) {
    const total = Math.max(...partitions.map(({ partition }) => partition)) + 1;
    const replicas = placeReplicas(deps.nodes, { partitions: total, replicationFactor: 1, clamp: true });
    const internal = INTERNAL_TOPICS.has(name);
    deps.log.warn(
      `Topic ${name} was found on the disk but not in the metadata log: taken over with ${total} partitions and default configs.`,
    );
    const config: Record<string, string> = internal ? { 'cleanup.policy': 'compact' } : {};
    topics.set(name, { type: 'topic', name, id: topicIdText(partitions[0]!.topicId!), replicas, config, internal });
  }
}

function setAside(deps: RestoreDeps, found: FoundPartition): void {
  const target = `${found.directory}.${Date.now().toString(36)}-stray`;
  deps.log.warn(`${found.directory} belongs to no topic of this broker; it is kept as ${target}. Delete it when nobody misses it.`);
  deps.fs.rename(found.directory, target);
}

/** A broker started with fewer nodes than before: what was on the missing ones is on the others. */
function onThisCluster({ count }: NodeRegistry, record: TopicRecord): TopicRecord {
  const there = (node: number): number => (node < 1 ? node : ((node - 1) % count) + 1);
  const replicas = record.replicas.map((partition) => [...new Set(partition.map(there))]);
  return record.leaders === undefined ? { ...record, replicas } : { ...record, replicas, leaders: record.leaders.map(there) };
}
