/** Where the embedded broker answers otherwise than Apache Kafka, and why that is right or does no harm. */
import type { Difference } from './compare.ts';

export interface Explanation {
  /** Why the answer is another one. */
  readonly reason: string;
  /** Default: all. */
  readonly api?: string;
  /** Field path without indexes. */
  readonly path: string | RegExp;
  /** Only steps whose name, after the API and its version, matches. Default: all. */
  readonly step?: RegExp;
  /** Only where this holds, too. */
  readonly when?: (difference: Difference) => boolean;
}

const isText = (value: unknown): boolean => typeof value === 'string' && value !== '';

export const EXPLANATIONS: readonly Explanation[] = [
  {
    reason: 'Texts are for people: codes are what clients act on, and they are equal. Where Kafka has a text there is one here, too.',
    path: /(^|\.)(errorMessage|batchIndexErrorMessage)$/,
    when: ({ ours }) => isText(ours),
  },
  {
    reason: 'Documentation of configs is written anew.',
    api: 'DescribeConfigs',
    path: 'results[].configs[].documentation',
    when: ({ kafka, ours }) => isText(kafka) && isText(ours),
  },

  // Produce
  {
    reason: 'Kafka lets an exception of its decoder out as UNKNOWN_SERVER_ERROR; here the error says what is wrong.',
    api: 'Produce',
    path: 'responses[].partitionResponses[].errorCode',
    step: /^an unknown codec/,
    when: ({ kafka, ours }) => kafka === -1 && ours === 76,
  },
  {
    reason: 'Kafka gives the time of a batch that it has already as if the broker had stamped it, but the topic has times of its clients.',
    api: 'Produce',
    path: 'responses[].partitionResponses[].logAppendTimeMs',
    step: /again$/,
    when: ({ ours }) => ours === -1,
  },

  // Fetch
  {
    reason: 'Whole batches are sent, never a part of one that the client would throw away.',
    api: 'Fetch',
    path: 'responses[].partitions[].records',
    step: /^a hundred bytes of a partition/,
  },

  // ApiVersions
  {
    reason: 'Only what is served is advertised: no delegation tokens, telemetry, share groups, streams groups.',
    api: 'ApiVersions',
    path: 'apiKeys',
  },
  {
    reason: "Features of Kafka's controllers, share groups and streams groups are not there.",
    api: 'ApiVersions',
    path: /^(supportedFeatures|finalizedFeatures|finalizedFeaturesEpoch)$/,
  },

  // Topics and configs
  {
    reason: 'With eligible leader replicas Kafka sets min.insync.replicas as a default of the cluster; here it is a default of the code.',
    path: /^(topics|results)\[\]\.configs\[\]\.(configSource|synonyms)$/,
    when: ({ kafka, ours }) => (kafka === 3 && ours === 5) || JSON.stringify(kafka).includes('"source":3'),
  },
  {
    reason: 'A default that stands under another name (log.retention.hours) is named, too, as where it comes from.',
    api: 'DescribeConfigs',
    path: 'results[].configs[].synonyms',
    when: ({ kafka, ours }) => Array.isArray(kafka) && Array.isArray(ours) && ours.length === kafka.length + 1,
  },
  {
    reason: 'Kafka lets an exception out as UNKNOWN_SERVER_ERROR; here the error says what is wrong.',
    api: 'IncrementalAlterConfigs',
    path: 'responses[].errorCode',
    step: /^an unknown operation/,
  },
  {
    reason: 'Refused as invalid by both, by different checks.',
    api: 'IncrementalAlterConfigs',
    path: 'responses[].errorCode',
    step: /^(an empty topic|a broker, a bad value|loggers of a broker)/,
    when: ({ kafka, ours }) => kafka !== 0 && ours !== 0,
  },
  {
    reason: 'Kafka takes any name, as a plug-in may know it; there are no plug-ins here, so it can only be a mistake.',
    api: 'IncrementalAlterConfigs',
    path: 'responses[].errorCode',
    step: /^a broker, an unknown config/,
  },

  // Transactions
  {
    reason: 'Kafka says nothing of why; there are no share groups here.',
    api: 'FindCoordinator',
    path: /errorMessage$/,
    step: /^of a share group/,
  },

  // ACLs
  {
    reason: 'Kafka lets an exception out as UNKNOWN_SERVER_ERROR; here the error says what is wrong.',
    api: 'CreateAcls',
    path: 'results[].errorCode',
    step: /^created: (any|a pattern that only filters have)/,
    when: ({ kafka, ours }) => kafka === -1 && ours === 42,
  },

  // Controllers
  {
    reason: 'Kafka lists every topic without any partition when there is nothing to elect; here the list is empty.',
    api: 'ElectLeaders',
    path: 'replicaElectionResults',
    step: /^everything/,
  },
  {
    reason: 'An unknown kind of election is refused as a whole, with the same code; Kafka gives it to each partition as well.',
    api: 'ElectLeaders',
    path: 'replicaElectionResults',
    step: /^an unknown kind/,
  },
  {
    reason: "Where nothing is wrong, or the code says it all, there is no text; Kafka's is empty, or the code's name.",
    path: /(^|\.)errorMessage$/,
    when: ({ api, ours }) => ours === null && /^(AlterPartitionReassignments|DescribeQuorum|UpdateFeatures)$/.test(api),
  },
  {
    reason: 'There is no metadata log that controllers replicate; its end is made up.',
    api: 'DescribeQuorum',
    path: /(highWatermark|logEndOffset)$/,
    when: ({ kafka, ours }) => typeof kafka === 'number' && typeof ours === 'number' && ours > 0,
  },

  {
    reason: 'An error comes with an empty list as in all other answers; Kafka sends null in this one. No client looks at it then.',
    api: 'DescribeClientQuotas',
    path: 'entries',
    when: ({ kafka, ours }) => kafka === null && Array.isArray(ours) && ours.length === 0,
  },

  // Groups of the new protocol
  {
    reason: 'Kafka resolves a regular expression later, with the next heartbeat; here it is resolved at once.',
    api: 'ConsumerGroupHeartbeat',
    path: /^(memberEpoch|assignment\.topicPartitions)$/,
    step: /^a regular expression/,
  },
];

export function explains(explanation: Explanation, difference: Difference): boolean {
  const { api, path, step, when } = explanation;
  const name = difference.step.slice(difference.step.indexOf(': ') + 2);
  return (
    (api === undefined || api === difference.api) &&
    (typeof path === 'string' ? path === difference.path : path.test(difference.path)) &&
    (step?.test(name) ?? true) &&
    (when?.(difference) ?? true)
  );
}
