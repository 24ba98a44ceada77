import { describe, expect, it } from 'vitest';
import { ConfigStore } from '../../../../../src/broker/configs/config-store.ts';
import type { RequestContext } from '../../../../../src/broker/seams.ts';
import { Access } from '../../../../../src/broker/security/access.ts';
import { AclStore } from '../../../../../src/broker/security/acl/acl-store.ts';
import { AclAuthorizer } from '../../../../../src/broker/security/acl/authorizer.ts';
import { type GuardDeps, guarded, guardsOf } from '../../../../../src/broker/security/guards/index.ts';
import { allApis, ErrorCode, Fetch, KafkaProtocolError } from '../../../../../src/protocol/index.ts';

const authorizer = new AclAuthorizer(new AclStore(() => undefined), { superUsers: ['User:admin'], allowEveryoneIfNoAclFound: false });
const deps: GuardDeps = {
  access: new Access(authorizer),
  topics: { all: () => [].values(), get: () => undefined, getById: () => undefined },
  configs: new ConfigStore({}),
};
const guards = guardsOf(deps);

const context = (principal: string): RequestContext => ({
  apiKey: 999,
  apiVersion: 0,
  correlationId: 1,
  clientId: null,
  clientHost: '127.0.0.1',
  principal,
  nodeId: 1,
  connectionId: 'c',
});

describe('guards', () => {
  it('are there for every API of the protocol', () => {
    expect(allApis.filter(({ key }) => !guards.has(key)).map(({ name }) => name)).toEqual([]);
  });

  it('keep an API that nobody has thought of for brokers', () => {
    const handler = guarded(guards, deps, 999, () => 'answered');
    expect(handler({}, context('User:admin'))).toBe('answered');
    expect(() => handler({}, context('User:alice'))).toThrow(KafkaProtocolError);
    try {
      handler({}, context('User:alice'));
    } catch (error) {
      expect((error as KafkaProtocolError).code).toBe(ErrorCode.CLUSTER_AUTHORIZATION_FAILED);
    }
  });

  it('leave Fetch to its handler, which asks for each partition', () => {
    const handler = (): string => 'answered';
    expect(guarded(guards, deps, Fetch.key, handler)).toBe(handler);
  });
});
