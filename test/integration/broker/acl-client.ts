/** Requests about ACLs, and clients that have logged in, for the tests of rights. */

import { expect } from 'vitest';
import { Broker, type BrokerStartOptions } from '../../../src/broker/index.ts';
import { Operation, PatternType, Permission, ResourceType } from '../../../src/broker/security/acl/constants.ts';
import {
  CreateAcls,
  CreateTopics,
  DeleteAcls,
  DescribeAcls,
  ErrorCode,
  Metadata,
  Produce,
  type RequestInput,
} from '../../../src/protocol/index.ts';
import { loginPlain } from './login.ts';
import { batchOf, WireClient } from './wire-client.ts';

export type Creation = RequestInput<typeof CreateAcls>['creations'][number];
export type Filter = RequestInput<typeof DescribeAcls>;

const USERS = { admin: 'admin-secret', user: 'user-secret', nobody: 'nobody-secret' };

/** A broker to test: what the tests need of one. */
export interface SecuredBroker {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * One of ours, or the Apache Kafka that `TEST_SECURED_PORT` names on this machine, so that it can be seen whether the
 * tests expect what Kafka does. It needs one partition for new topics, StandardAuthorizer, `super.users` with User:admin,
 * and the users above with PLAIN on a listener of protocol SASL_PLAINTEXT.
 */
export async function startSecured(): Promise<SecuredBroker> {
  const port = process.env['TEST_SECURED_PORT'];
  if (port !== undefined) return { port: Number(port), close: () => Promise.resolve() };
  return Broker.start({ ...OPTIONS, defaultPartitions: 1 });
}

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
export async function connectAs(name: keyof typeof USERS, broker: Pick<SecuredBroker, 'port'>): Promise<WireClient> {
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
  const { topics } = await admin.send(CreateTopics, 7, { topics: [topicNamed(name)], timeoutMs: 5000 });
  expect(topics[0]!.errorCode).toBe(ErrorCode.NONE);
  await until(async () => (await described(admin, name))[name] === ErrorCode.NONE);
  return topics[0]!.topicId;
}

/** Error codes. All ACLs are there when it resolves, which in Apache Kafka takes a moment. */
export async function createAcls(admin: WireClient, creations: readonly Creation[]): Promise<number[]> {
  const { results } = await admin.send(CreateAcls, 3, { creations });
  const created = creations.filter((_, index) => results[index]!.errorCode === ErrorCode.NONE);
  await until(async () => (await Promise.all(created.map((one) => isThere(admin, one)))).every((there) => there));
  return results.map(({ errorCode }) => errorCode);
}

async function isThere(admin: WireClient, creation: Creation): Promise<boolean> {
  const { resourceType, resourceName, resourcePatternType, principal, host, operation, permissionType } = creation;
  const filter = {
    resourceTypeFilter: resourceType,
    resourceNameFilter: resourceName,
    patternTypeFilter: resourcePatternType!,
    principalFilter: principal,
    hostFilter: host,
    operation,
    permissionType,
  };
  return (await admin.send(DescribeAcls, 3, filter)).resources.length === 1;
}

/** No ACL that the filter finds is left when it resolves. */
export async function deleteAcls(admin: WireClient, filter = anyAcl()): Promise<void> {
  await admin.send(DeleteAcls, 3, { filters: [filter] });
  await until(async () => (await admin.send(DescribeAcls, 3, filter)).resources.length === 0);
}

/** Asks again and again; fails after half a minute. */
export async function until(check: () => Promise<boolean>): Promise<void> {
  const endMs = Date.now() + 30_000;
  while (!(await check())) {
    if (Date.now() > endMs) throw new Error('waited for 30 s');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
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
