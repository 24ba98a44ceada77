/** The handlers that are the broker's own; groups and transactions bring theirs. */

import type { Api, RequestOf, ResponseInput } from '../../protocol/index.ts';
import {
  AlterClientQuotas,
  AlterConfigs,
  AlterPartitionReassignments,
  AlterReplicaLogDirs,
  ApiVersions,
  CreatePartitions,
  CreateTopics,
  DeleteRecords,
  DeleteTopics,
  DescribeClientQuotas,
  DescribeCluster,
  DescribeConfigs,
  DescribeLogDirs,
  DescribeProducers,
  DescribeQuorum,
  DescribeTopicPartitions,
  ElectLeaders,
  Fetch,
  IncrementalAlterConfigs,
  ListConfigResources,
  ListOffsets,
  ListPartitionReassignments,
  Metadata,
  OffsetForLeaderEpoch,
  Produce,
  UpdateFeatures,
} from '../../protocol/index.ts';
import type { AnyApiHandler, HandlerMap } from '../coordinator/handler-map.ts';
import type { NO_RESPONSE, ServedRequest } from '../dispatcher.ts';
import { produceHandler } from './00-produce.ts';
import { fetchHandler } from './01-fetch.ts';
import { listOffsetsHandler } from './02-list-offsets.ts';
import { metadataHandler } from './03-metadata.ts';
import { apiVersionsHandler } from './18-api-versions.ts';
import { createTopicsHandler } from './19-create-topics.ts';
import { deleteTopicsHandler } from './20-delete-topics.ts';
import { deleteRecordsHandler } from './21-delete-records.ts';
import { offsetForLeaderEpochHandler } from './23-offset-for-leader-epoch.ts';
import { describeConfigsHandler } from './32-describe-configs.ts';
import { alterConfigsHandler } from './33-alter-configs.ts';
import { alterReplicaLogDirsHandler } from './34-alter-replica-log-dirs.ts';
import { describeLogDirsHandler } from './35-describe-log-dirs.ts';
import { createPartitionsHandler } from './37-create-partitions.ts';
import { electLeadersHandler } from './43-elect-leaders.ts';
import { incrementalAlterConfigsHandler } from './44-incremental-alter-configs.ts';
import { alterPartitionReassignmentsHandler, listPartitionReassignments } from './45-alter-partition-reassignments.ts';
import { alterClientQuotasHandler, describeClientQuotasHandler } from './48-client-quotas.ts';
import { describeQuorumHandler } from './55-describe-quorum.ts';
import { updateFeaturesHandler } from './57-update-features.ts';
import { describeClusterHandler } from './60-describe-cluster.ts';
import { describeProducersHandler } from './61-describe-producers.ts';
import { listConfigResourcesHandler } from './74-list-config-resources.ts';
import { describeTopicPartitionsHandler } from './75-describe-topic-partitions.ts';
import type { HandlerDeps } from './deps.ts';

type Answer<A extends Api> = ResponseInput<A> | typeof NO_RESPONSE;
type OwnHandler<A extends Api> = (request: RequestOf<A>, context: ServedRequest) => Answer<A> | Promise<Answer<A>>;

export function brokerHandlers(deps: HandlerDeps): HandlerMap {
  const handlers: HandlerMap = new Map();
  // The dispatcher decodes a request by the API's schema, so it is what the handler of that API takes.
  const add = <A extends Api>(api: A, handler: OwnHandler<A>): void => {
    handlers.set(api.key, handler as AnyApiHandler);
  };
  add(Produce, produceHandler(deps));
  add(Fetch, fetchHandler(deps));
  add(ListOffsets, listOffsetsHandler(deps));
  add(Metadata, metadataHandler(deps));
  add(ApiVersions, apiVersionsHandler(deps));
  add(CreateTopics, createTopicsHandler(deps));
  add(DeleteTopics, deleteTopicsHandler(deps));
  add(DeleteRecords, deleteRecordsHandler(deps));
  add(OffsetForLeaderEpoch, offsetForLeaderEpochHandler(deps));
  add(CreatePartitions, createPartitionsHandler(deps));
  add(DescribeConfigs, describeConfigsHandler(deps));
  add(AlterConfigs, alterConfigsHandler(deps));
  add(AlterReplicaLogDirs, alterReplicaLogDirsHandler(deps));
  add(DescribeLogDirs, describeLogDirsHandler(deps));
  add(IncrementalAlterConfigs, incrementalAlterConfigsHandler(deps));
  add(ElectLeaders, electLeadersHandler(deps));
  add(AlterPartitionReassignments, alterPartitionReassignmentsHandler(deps));
  add(ListPartitionReassignments, listPartitionReassignments);
  add(DescribeClientQuotas, describeClientQuotasHandler(deps));
  add(AlterClientQuotas, alterClientQuotasHandler(deps));
  add(DescribeQuorum, describeQuorumHandler(deps));
  add(UpdateFeatures, updateFeaturesHandler(deps));
  add(DescribeCluster, describeClusterHandler(deps));
  add(DescribeProducers, describeProducersHandler(deps));
  add(ListConfigResources, listConfigResourcesHandler(deps));
  add(DescribeTopicPartitions, describeTopicPartitionsHandler(deps));
  return handlers;
}
