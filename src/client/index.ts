/**
 * A Kafka client on `src/protocol`: connections with TLS and SASL, metadata, routing to leaders, coordinators and the
 * controller, version negotiation, repetition with back-off.
 *
 *     const client = await KafkaClient.connect({ bootstrapServers: 'localhost:9092' });
 *     const { topics } = await client.metadata();
 *     const answer = await client.request(ListGroups, {}, { node: client.nodes[0].id }, { errorOf: (a) => a.errorCode });
 *     client.close();
 *
 * @module
 */

export { type Address, formatAddress, parseAddresses } from './address.ts';
export type { BrokerVersions, VersionLimits } from './api-versions.ts';
export { KafkaClient, type RequestBody, type RequestContext, type RequestOptions } from './client.ts';
export { kafkaCodeOf, kafkaFailure } from './errors.ts';
export * from './fetch/index.ts';
export * from './group/index.ts';
export { clientOptionsFromKafkaConfig, type KafkaConfig } from './kafka-config.ts';
export { type ClusterMetadata, NO_TOPIC_ID, type NodeInfo, type PartitionInfo, partitionOf, type TopicInfo } from './metadata.ts';
export type { ClientOptions, ResolvedClientOptions, SaslMechanism, SaslOptions, SecurityProtocol, TlsOptions } from './options.ts';
export * from './produce/index.ts';
export { innermostErrorCodes } from './response-errors.ts';
export type { MetadataOptions } from './router.ts';
export { SharedFrames } from './shared-frames.ts';
export { type CoordinatorType, describeTarget, type Target } from './target.ts';
export type { TopicPartition, TopicPartitionOffset } from './topic-partition.ts';
