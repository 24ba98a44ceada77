/** Requests about ACLs, and clients that have logged in, for the tests of rights. */

import { expect } from 'vitest';
import type { Broker, BrokerStartOptions } from '../../../src/broker/index.ts';
import { Operation, PatternType, Permission, ResourceType } from '../../../src/broker/security/acl/constants.ts';
import {
  type CreateAcls,
  CreateTopics,
  type DescribeAcls,
  ErrorCode,
  Metadata,
  Produce,
  type RequestInput,
} from '../../../src/protocol/index.ts';
import { loginPlain } from './login.ts';
import { batchOf, WireClient } from './wire-client.ts';

export type Creation = RequestInput<typeof CreateAcls>['creations'][number];
export type Filter = RequestInput<typeof DescribeAcls>;

const USERS = { admin: 'admin-secret', user: 'user-secret' };

/** `admin` may do everything, `user` what ACLs allow. */
export const OPTIONS = {
  thread: false,
  sasl: { mechanisms: ['PLAIN'], users: USERS },
  authorization: { superUsers: ['User:admin'] },
  logLevel: 'error',
} as const satisfies BrokerStartOptions;

export const PREFIXED = { resourcePatternType: PatternType.PREFIXED };
export const DENY = { permissionType: Permission.DENY };

/** Logged in. */
export async function connectAs(name: keyof typeof USERS, broker: Broker): Promise<WireClient> {
  const client = await WireClient.connect(broker.port);
  expect((await loginPlain(client, name, USERS[name])).errorCode).toBe(ErrorCode.NONE);
  return client;
}

/** Allows something to `User:user`, from every host. */
export function acl(resourceType: number, resourceName: string, operation: number, more: Partial<Creation> = {}): Creation {
  const pattern = { resourceType, resourceName, resourcePatternType: PatternType.LITERAL };
  return { ...pattern, principal: 'User:user', host: '*', operation, permissionType: Permission.ALLOW, ...more };
}

/** Finds all ACLs but for what `more` says. */
export function anyAcl(more: Partial<Filter> = {}): Filter {
  return {
    resourceTypeFilter: ResourceType.ANY,
    resourceNameFilter: null,
    patternTypeFilter: PatternType.ANY,
    principalFilter: null,
    hostFilter: null,
    operation: Operation.ANY,
    permissionType: Permission.ANY,
    ...more,
  };
}

export const topicNamed = (name: string) => ({ name, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] });

/** Its id. */
export async function makeTopic(admin: WireClient, name: string): Promise<Buffer> {
  const { topics } = await admin.send(CreateTopics, 7, { topics: [topicNamed(name)] });
  expect(topics[0]!.errorCode).toBe(ErrorCode.NONE);
  return topics[0]!.topicId;
}

/** The error code. */
export async function produce(client: WireClient, topic: string): Promise<number> {
  const topicData = [{ name: topic, partitionData: [{ index: 0, records: batchOf(['value']) }] }];
  const { responses } = await client.send(Produce, 9, { transactionalId: null, acks: 1, timeoutMs: 1000, topicData });
  return responses[0]!.partitionResponses[0]!.errorCode;
}

/** Error codes by topic. */
export async function described(client: WireClient, ...names: string[]): Promise<Record<string, number>> {
  const { topics } = await client.send(Metadata, 9, { topics: names.map((name) => ({ name })), allowAutoTopicCreation: true });
  return Object.fromEntries(topics.map(({ name, errorCode }) => [name, errorCode]));
}
