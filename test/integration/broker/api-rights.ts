/**
 * What each API needs, as Kafka's `KafkaApis` has it: how it refuses a client without any right, and which rights are
 * enough. Requests are about the topic, group, transactional id and user `sample`.
 */

import { Operation, PatternType, Permission, ResourceType } from '../../../src/broker/security/acl/constants.ts';
import { ErrorCode } from '../../../src/protocol/index.ts';

const { TOPIC, GROUP, CLUSTER, TRANSACTIONAL_ID } = ResourceType;
const TOPIC_DENIED = ErrorCode.TOPIC_AUTHORIZATION_FAILED;
const GROUP_DENIED = ErrorCode.GROUP_AUTHORIZATION_FAILED;
const CLUSTER_DENIED = ErrorCode.CLUSTER_AUTHORIZATION_FAILED;
const ID_DENIED = ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED;

export const DENIALS: ReadonlySet<number> = new Set([TOPIC_DENIED, GROUP_DENIED, CLUSTER_DENIED, ID_DENIED]);

export type Right = readonly [resourceType: number, operation: number];

export interface ApiRights {
  /** The one error code that a client without rights gets; `hidden`: no error, and nothing of what is there. */
  readonly denied: number | 'hidden' | 'open';
  /** Sets of rights each of which is enough. */
  readonly enough?: readonly (readonly Right[])[];
  /** What the request must have to get as far as rights are asked for. */
  readonly request?: (version: number, topicId: Buffer) => Record<string, unknown>;
}

const NO_ID = Buffer.alloc(16);
const topicById = (name: string, topicId: Buffer) => (version: number, byIdFrom: number) =>
  version >= byIdFrom ? { name: null, topicId } : { name, topicId: NO_ID };

/** By API key. */
export const API_RIGHTS: Readonly<Record<number, ApiRights>> = {
  0: { denied: TOPIC_DENIED, enough: [[[TOPIC, Operation.WRITE]]], request: () => ({ acks: 1, transactionalId: null }) },
  1: {
    denied: TOPIC_DENIED,
    enough: [[[TOPIC, Operation.READ]]],
    request: () => ({ sessionEpoch: -1, replicaId: -1, replicaState: { replicaId: -1 } }),
  },
  2: { denied: TOPIC_DENIED, enough: [[[TOPIC, Operation.DESCRIBE]], [[TOPIC, Operation.READ]]] },
  3: {
    denied: TOPIC_DENIED,
    enough: [[[TOPIC, Operation.DESCRIBE]], [[TOPIC, Operation.ALTER]]],
    request: (version, topicId) => ({ topics: [topicById('sample', topicId)(version, 12)] }),
  },
  8: {
    denied: GROUP_DENIED,
    enough: [
      [
        [GROUP, Operation.READ],
        [TOPIC, Operation.READ],
      ],
    ],
  },
  9: {
    denied: GROUP_DENIED,
    enough: [
      [
        [GROUP, Operation.DESCRIBE],
        [TOPIC, Operation.DESCRIBE],
      ],
    ],
  },
  10: { denied: GROUP_DENIED, enough: [[[GROUP, Operation.DESCRIBE]], [[GROUP, Operation.READ]]] },
  11: { denied: GROUP_DENIED, enough: [[[GROUP, Operation.READ]]] },
  12: { denied: GROUP_DENIED, enough: [[[GROUP, Operation.READ]]] },
  13: { denied: GROUP_DENIED, enough: [[[GROUP, Operation.READ]]] },
  14: { denied: GROUP_DENIED, enough: [[[GROUP, Operation.READ]]] },
  15: { denied: GROUP_DENIED, enough: [[[GROUP, Operation.DESCRIBE]]] },
  16: { denied: 'hidden' },
  17: { denied: 'open' },
  18: { denied: 'open', request: () => ({ clientSoftwareName: 'test', clientSoftwareVersion: '1' }) },
  19: {
    denied: TOPIC_DENIED,
    enough: [[[CLUSTER, Operation.CREATE]], [[TOPIC, Operation.CREATE]]],
    request: () => ({ validateOnly: true }),
  },
  20: {
    denied: TOPIC_DENIED,
    request: (version, topicId) => ({
      timeoutMs: 5000,
      ...(version >= 6 ? { topics: [{ name: null, topicId }] } : { topicNames: ['sample'] }),
    }),
  },
  21: { denied: TOPIC_DENIED, enough: [[[TOPIC, Operation.DELETE]]] },
  22: { denied: ID_DENIED, enough: [[[TRANSACTIONAL_ID, Operation.WRITE]]] },
  23: {
    denied: TOPIC_DENIED,
    enough: [[[TOPIC, Operation.DESCRIBE]], [[CLUSTER, Operation.CLUSTER_ACTION]]],
  },
  // Up to version 3 for clients, later for brokers.
  24: {
    denied: ID_DENIED,
    enough: [
      [
        [TRANSACTIONAL_ID, Operation.WRITE],
        [TOPIC, Operation.WRITE],
        [CLUSTER, Operation.CLUSTER_ACTION],
      ],
    ],
  },
  25: {
    denied: ID_DENIED,
    enough: [
      [
        [TRANSACTIONAL_ID, Operation.WRITE],
        [GROUP, Operation.READ],
      ],
    ],
  },
  26: { denied: ID_DENIED, enough: [[[TRANSACTIONAL_ID, Operation.WRITE]]] },
  27: { denied: CLUSTER_DENIED, enough: [[[CLUSTER, Operation.ALTER]], [[CLUSTER, Operation.CLUSTER_ACTION]]] },
  28: {
    denied: ID_DENIED,
    enough: [
      [
        [TRANSACTIONAL_ID, Operation.WRITE],
        [GROUP, Operation.READ],
        [TOPIC, Operation.READ],
      ],
    ],
  },
  29: { denied: CLUSTER_DENIED, enough: [[[CLUSTER, Operation.DESCRIBE]]], request: () => aclFilter(null) },
  30: { denied: CLUSTER_DENIED, enough: [[[CLUSTER, Operation.ALTER]]], request: () => ({ creations: [aclOfOther()] }) },
  31: { denied: CLUSTER_DENIED, enough: [[[CLUSTER, Operation.ALTER]]], request: () => ({ filters: [aclFilter('User:other')] }) },
  32: {
    denied: TOPIC_DENIED,
    enough: [[[TOPIC, Operation.DESCRIBE_CONFIGS]], [[TOPIC, Operation.ALTER_CONFIGS]]],
    request: () => configs(),
  },
  33: { denied: TOPIC_DENIED, enough: [[[TOPIC, Operation.ALTER_CONFIGS]]], request: () => ({ ...configs(), validateOnly: true }) },
  34: { denied: CLUSTER_DENIED, enough: [[[CLUSTER, Operation.ALTER]]] },
  35: { denied: CLUSTER_DENIED, enough: [[[CLUSTER, Operation.DESCRIBE]]] },
  36: { denied: 'open' },
  37: { denied: TOPIC_DENIED, enough: [[[TOPIC, Operation.ALTER]]], request: () => ({ validateOnly: true }) },
  42: { denied: GROUP_DENIED, enough: [[[GROUP, Operation.DELETE]]] },
  43: { denied: CLUSTER_DENIED, enough: [[[CLUSTER, Operation.ALTER]]] },
  44: { denied: TOPIC_DENIED, enough: [[[TOPIC, Operation.ALTER_CONFIGS]]], request: () => ({ ...configs(), validateOnly: true }) },
  45: { denied: CLUSTER_DENIED, enough: [[[CLUSTER, Operation.ALTER]]], request: () => ({ topics: [] }) },
  46: { denied: CLUSTER_DENIED, enough: [[[CLUSTER, Operation.DESCRIBE]]] },
  47: {
    denied: GROUP_DENIED,
    enough: [
      [
        [GROUP, Operation.DELETE],
        [TOPIC, Operation.READ],
      ],
    ],
  },
  48: { denied: CLUSTER_DENIED, enough: [[[CLUSTER, Operation.DESCRIBE_CONFIGS]]] },
  49: { denied: CLUSTER_DENIED, enough: [[[CLUSTER, Operation.ALTER_CONFIGS]]], request: () => ({ validateOnly: true }) },
  50: { denied: CLUSTER_DENIED, enough: [[[CLUSTER, Operation.DESCRIBE]]] },
  51: { denied: CLUSTER_DENIED, enough: [[[CLUSTER, Operation.ALTER]]] },
  55: { denied: CLUSTER_DENIED, enough: [[[CLUSTER, Operation.DESCRIBE]]] },
  57: { denied: CLUSTER_DENIED, enough: [[[CLUSTER, Operation.ALTER]]], request: () => ({ validateOnly: true, featureUpdates: [] }) },
  60: { denied: 'hidden', request: () => ({ endpointType: 1 }) },
  61: { denied: TOPIC_DENIED, enough: [[[TOPIC, Operation.READ]]] },
  65: { denied: ID_DENIED, enough: [[[TRANSACTIONAL_ID, Operation.DESCRIBE]], [[TRANSACTIONAL_ID, Operation.WRITE]]] },
  66: { denied: 'hidden' },
  68: {
    denied: GROUP_DENIED,
    enough: [
      [
        [GROUP, Operation.READ],
        [TOPIC, Operation.DESCRIBE],
      ],
    ],
    request: () => ({ subscribedTopicRegex: null }),
  },
  69: { denied: GROUP_DENIED, enough: [[[GROUP, Operation.DESCRIBE]]] },
  74: { denied: CLUSTER_DENIED, enough: [[[CLUSTER, Operation.DESCRIBE_CONFIGS]]], request: () => ({ resourceTypes: [] }) },
  75: { denied: TOPIC_DENIED, enough: [[[TOPIC, Operation.DESCRIBE]]], request: () => ({ cursor: null }) },
};

function configs(): Record<string, unknown> {
  return { resources: [{ resourceType: 2, resourceName: 'sample', configs: [], configurationKeys: null }] };
}

/** Nothing that the clients of the tests would notice. */
function aclOfOther(): Record<string, unknown> {
  return {
    resourceType: TOPIC,
    resourceName: 'sample',
    resourcePatternType: PatternType.LITERAL,
    principal: 'User:other',
    host: '*',
    operation: Operation.READ,
    permissionType: Permission.ALLOW,
  };
}

function aclFilter(principalFilter: string | null): Record<string, unknown> {
  return {
    resourceTypeFilter: ResourceType.ANY,
    resourceNameFilter: null,
    patternTypeFilter: PatternType.ANY,
    principalFilter,
    hostFilter: null,
    operation: Operation.ANY,
    permissionType: Permission.ANY,
  };
}
