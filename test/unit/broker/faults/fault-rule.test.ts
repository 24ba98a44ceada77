import { describe, expect, it } from 'vitest';
import type { Fault } from '../../../../src/broker/faults/fault.ts';
import { FaultRule } from '../../../../src/broker/faults/fault-rule.ts';
import {
  type Api,
  DeleteGroups,
  DescribeConfigs,
  EndTxn,
  Fetch,
  FindCoordinator,
  Heartbeat,
  Metadata,
  OffsetFetch,
  Produce,
} from '../../../../src/protocol/index.ts';

const context = {
  apiKey: 0,
  apiVersion: 1,
  correlationId: 1,
  clientId: 'app-1',
  clientHost: '127.0.0.1',
  principal: 'User:ANONYMOUS',
  nodeId: 2,
  connectionId: '2-0',
};
const topicId = Buffer.alloc(16, 7);
const names = (id: Uint8Array): string | undefined => (Buffer.from(id).equals(topicId) ? 'orders' : undefined);

const matches = (scope: object, api: Api, request: object): boolean =>
  new FaultRule(1, { action: 'drop', ...scope } as Fault).matches({ api, request: request as Record<string, unknown>, context }, names);

describe('a fault is for', () => {
  it.each<[scope: object, api: Api, request: object, expected: boolean]>([
    [{}, Heartbeat, {}, true],
    [{ api: 'Heartbeat' }, Heartbeat, {}, true],
    [{ api: ['Produce', 1] }, Heartbeat, {}, false],
    [{ node: 2 }, Heartbeat, {}, true],
    [{ node: 1 }, Heartbeat, {}, false],
    [{ clientId: 'app-1' }, Heartbeat, {}, true],
    [{ clientId: 'app' }, Heartbeat, {}, false],
    [{ topic: 'orders' }, Produce, { topicData: [{ name: 'other' }, { name: 'orders' }] }, true],
    [{ topic: 'orders' }, Produce, { topicData: [{ name: '', topicId }] }, true],
    [{ topic: 'orders' }, Fetch, { topics: [{ topic: 'other' }] }, false],
    [{ topic: 'orders' }, Metadata, { topics: null }, false],
    [{ topic: 'orders' }, OffsetFetch, { groups: [{ groupId: 'g', topics: [{ name: 'orders' }] }] }, true],
    [{ topic: 'g' }, OffsetFetch, { groups: [{ groupId: 'g', topics: null }] }, false],
    [{ topic: 'orders' }, DescribeConfigs, { resources: [{ resourceType: 2, resourceName: 'orders' }] }, true],
    [{ topic: 'orders' }, DescribeConfigs, { resources: [{ resourceType: 32, resourceName: 'orders' }] }, false],
    [{ groupId: 'g' }, Heartbeat, { groupId: 'g' }, true],
    [{ groupId: 'g' }, DeleteGroups, { groupsNames: ['f', 'g'] }, true],
    [{ groupId: 'g' }, OffsetFetch, { groups: [{ groupId: 'g', topics: null }] }, true],
    [{ groupId: 'g' }, FindCoordinator, { keyType: 0, coordinatorKeys: ['g'] }, true],
    [{ groupId: 'g' }, FindCoordinator, { keyType: 1, key: 'g' }, false],
    [{ transactionalId: 'x' }, EndTxn, { transactionalId: 'x' }, true],
    [{ transactionalId: 'x' }, FindCoordinator, { keyType: 1, key: 'x' }, true],
    [{ transactionalId: 'x' }, Produce, { transactionalId: null, topicData: [] }, false],
  ])('%j: %o', (scope, api, request, expected) => {
    expect(matches(scope, api, request)).toBe(expected);
  });
});

describe('a fault strikes', () => {
  const strikes = (fault: Fault, times: number): boolean[] => {
    const rule = new FaultRule(1, fault);
    return Array.from({ length: times }, () => rule.strike());
  };

  it('the next count requests after those it skips', () => {
    expect(strikes({ action: 'drop', skip: 1, count: 2 }, 5)).toEqual([false, true, true, false, false]);
  });

  it('the same requests with the same seed, and about as many as it should', () => {
    const fault: Fault = { action: 'drop', probability: 0.25, seed: 42 };
    const first = strikes(fault, 4000);
    expect(strikes(fault, 4000)).toEqual(first);
    expect(strikes({ ...fault, seed: 43 }, 4000)).not.toEqual(first);
    const share = first.filter(Boolean).length / first.length;
    expect(share).toBeGreaterThan(0.2);
    expect(share).toBeLessThan(0.3);
  });

  it('and those who wait for hits are told, or that there will be none', async () => {
    const rule = new FaultRule(3, { action: 'drop' });
    const second = rule.untilHits(2);
    const third = rule.untilHits(3);
    rule.strike();
    rule.strike();
    await second;
    rule.removed();
    await expect(third).rejects.toMatchObject({ code: 'INVALID_STATE' });
    await rule.untilHits(1);
  });
});
