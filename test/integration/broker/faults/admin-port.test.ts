import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Broker, type BrokerMetrics, type BrokerState, type FaultStatus } from '../../../../src/broker/index.ts';
import { ErrorCode, InitProducerId, Metadata, Produce } from '../../../../src/protocol/index.ts';
import { batchOf, WireClient } from '../wire-client.ts';

let broker: Broker;
let client: WireClient;

beforeAll(async () => {
  broker = await Broker.start({ nodes: 2, adminPort: 0, topics: [{ name: 't', partitions: 1, replicationFactor: 2 }] });
  client = await WireClient.connect(broker.port);
});

afterAll(async () => {
  await client.close();
  await broker.close();
});

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

async function call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
  const response = await fetch(`http://127.0.0.1:${broker.adminPort}${path}`, {
    method,
    headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
}

const state = async (): Promise<BrokerState> => (await call('GET', '/state')).body as BrokerState;
const produce = async (): Promise<number> => {
  const topicData = [{ name: 't', partitionData: [{ index: 0, records: batchOf(['v']) }] }];
  const { responses } = await client.send(Produce, 9, { acks: -1, timeoutMs: 1, topicData });
  return responses[0]!.partitionResponses[0]!.errorCode;
};

describe('the admin port', () => {
  it('lists its paths', async () => {
    const { status, body } = await call('GET', '/');
    expect(status).toBe(200);
    expect((body as { paths: string[] }).paths).toEqual(
      expect.arrayContaining(['GET /state', 'POST /faults', 'PUT /coordinators/:type/:key']),
    );
  });

  it('tells the state', async () => {
    const { nodes, topics, controllerId, clusterId } = await state();
    expect(clusterId).toBe(broker.clusterId);
    expect(controllerId).toBe(1);
    expect(nodes.map(({ id, status, port, rack }) => [id, status, port, rack])).toEqual([
      [1, 'running', broker.ports[0], null],
      [2, 'running', broker.ports[1], null],
    ]);
    expect(topics).toMatchObject([
      { name: 't', internal: false, partitions: [{ partition: 0, leader: 1, replicas: [1, 2], inSyncReplicas: [1, 2] }] },
    ]);
  });

  it('sets, shows and removes faults', async () => {
    const fault = { action: 'error', error: 'NOT_LEADER_OR_FOLLOWER', api: 'Produce', count: 1 };
    const set = await call('POST', '/faults', fault);
    expect(set).toMatchObject({ status: 201, body: { fault, hits: 0, spent: false } });
    const { id } = set.body as FaultStatus;
    expect(await produce()).toBe(ErrorCode.NOT_LEADER_OR_FOLLOWER);
    expect(await produce()).toBe(0);
    expect(await call('GET', `/faults/${id}`)).toMatchObject({ status: 200, body: { id, hits: 1, spent: true } });
    expect((await state()).faults).toMatchObject([{ id, hits: 1 }]);
    expect(await call('DELETE', `/faults/${id}`)).toEqual({ status: 204, body: undefined });
    expect(await call('DELETE', `/faults/${id}`)).toMatchObject({ status: 404 });
    expect(await call('GET', `/faults/${id}`)).toMatchObject({ status: 404 });
    await call('POST', '/faults', fault);
    expect(await call('DELETE', '/faults')).toMatchObject({ status: 204 });
    expect(await call('GET', '/faults')).toEqual({ status: 200, body: { faults: [] } });
  });

  it('stops, starts, pauses and resumes nodes', async () => {
    expect(await call('POST', '/nodes/2/stop')).toMatchObject({
      status: 200,
      body: { id: 2, status: 'stopped', port: broker.ports[1], connections: 0 },
    });
    expect((await state()).topics[0]!.partitions[0]!.inSyncReplicas).toEqual([1]);
    expect(await call('POST', '/nodes/2/stop')).toMatchObject({ status: 409, body: { error: { code: 'INVALID_STATE' } } });
    expect(await call('POST', '/nodes/2/start')).toMatchObject({ status: 200, body: { id: 2, status: 'running' } });
    expect(await call('POST', '/nodes/2/pause')).toMatchObject({ status: 200, body: { status: 'paused' } });
    expect(await call('POST', '/nodes/2/resume')).toMatchObject({ status: 200, body: { status: 'running' } });
    expect(await call('POST', '/nodes/3/stop')).toMatchObject({ status: 404 });
  });

  it('moves leaders and coordinators', async () => {
    expect(await call('PUT', '/topics/t/partitions/0/leader', { node: 2 })).toMatchObject({
      status: 200,
      body: { leader: 2, leaderEpoch: 1 },
    });
    expect(await produce()).toBe(ErrorCode.NOT_LEADER_OR_FOLLOWER);
    expect(await call('PUT', '/topics/t/partitions/0/leader', { node: 1 })).toMatchObject({
      status: 200,
      body: { leader: 1, leaderEpoch: 2 },
    });
    expect(await call('PUT', '/coordinators/group/a%2Fb', { node: 2 })).toEqual({
      status: 200,
      body: { type: 'group', key: 'a/b', coordinator: 2 },
    });
    expect((await state()).topics.map(({ name, internal }) => [name, internal])).toContainEqual(['__consumer_offsets', true]);
  });

  it('expires producers and transactions', async () => {
    const { producerId, producerEpoch } = await client.send(InitProducerId, 4, { transactionalId: null, transactionTimeoutMs: 1000 });
    const records = batchOf(['v'], { producerId, producerEpoch, baseSequence: 0 });
    const topicData = [{ name: 't', partitionData: [{ index: 0, records }] }];
    await client.send(Produce, 9, { acks: -1, timeoutMs: 1, topicData });
    expect(await call('DELETE', `/producers/${producerId}`)).toEqual({ status: 200, body: { partitions: 1 } });
    expect(await call('DELETE', `/producers/${producerId}`)).toMatchObject({ status: 404 });
    expect(await call('DELETE', '/transactions/nobody')).toMatchObject({
      status: 409,
      body: { error: { message: /TRANSACTIONAL_ID_NOT_FOUND/ } },
    });
    expect(await call('DELETE', '/groups/nobody/members/none')).toMatchObject({
      status: 409,
      body: { error: { message: /UNKNOWN_MEMBER_ID/ } },
    });
  });

  it('advances the clock', async () => {
    const { nowMs } = await state();
    const advanced = await call('POST', '/clock/advance', { byMs: 3_600_000 });
    expect(advanced.status).toBe(200);
    expect((advanced.body as { nowMs: number }).nowMs).toBeGreaterThanOrEqual(nowMs + 3_600_000);
  });

  it('counts', async () => {
    // The hour that has just passed has ended the connection: it was idle.
    await client.closed;
    client = await WireClient.connect(broker.port);
    const before = (await call('GET', '/metrics')).body as BrokerMetrics;
    await client.send(Metadata, 4, { topics: null, allowAutoTopicCreation: false });
    const after = (await call('GET', '/metrics')).body as BrokerMetrics;
    const of = ({ apis }: BrokerMetrics) =>
      apis.find(({ api }) => api === 'Metadata') ?? { requests: 0, bytesIn: 0, bytesOut: 0, failed: 0 };
    expect(of(after).requests).toBe(of(before).requests + 1);
    expect(of(after).bytesIn).toBeGreaterThan(of(before).bytesIn);
    expect(after).toMatchObject({ connections: 1, requests: before.requests + 1 });
    expect(after.apis.find(({ api }) => api === 'Metadata')!.latencyMs).toMatchObject({
      mean: expect.any(Number),
      p99: expect.any(Number),
    });
  });

  it.each([
    ['POST', '/faults', { action: 'delay' }, 'delayMs'],
    ['POST', '/faults', { action: 'delay', delayMs: 1, colour: 'red' }, 'colour'],
    ['POST', '/faults', '{', 'body'],
    ['PUT', '/topics/t/partitions/0/leader', { node: '2' }, 'node'],
    ['PUT', '/topics/t/partitions/0/leader', {}, 'node'],
    ['PUT', '/topics/t/partitions/0/leader', { node: 1, force: true }, 'force'],
    ['PUT', '/topics/t/partitions/x/leader', { node: 1 }, 'partition'],
    ['PUT', '/coordinators/share/g', { node: 1 }, 'type'],
    ['POST', '/clock/advance', { byMs: -5 }, 'byMs'],
    ['POST', '/clock/advance', [5], 'body'],
    ['POST', '/nodes/zero/stop', undefined, 'node'],
    ['DELETE', '/producers/-1', undefined, 'producerId'],
    ['GET', '/faults/1.5', undefined, 'id'],
  ])('refuses %s %s with %j and names %s', async (method, path, body, field) => {
    expect(await call(method, path, body)).toMatchObject({ status: 400, body: { error: { code: 'INVALID_CONFIG', field } } });
  });

  it('refuses other types than JSON, large bodies, web pages and what it does not know', async () => {
    expect(await call('POST', '/clock/advance', '{"byMs":1}', { 'content-type': 'text/plain' })).toMatchObject({ status: 400 });
    expect(await call('POST', '/faults', { action: 'drop', topic: 'x'.repeat(100_000) })).toMatchObject({
      status: 400,
      body: { error: { field: 'Content-Length' } },
    });
    expect(await call('GET', '/state', undefined, { origin: 'https://example.com' })).toMatchObject({ status: 403 });
    expect(await call('GET', '/nothing')).toMatchObject({ status: 404, body: { error: { message: /GET \// } } });
    expect(await call('PUT', '/topics/unknown/partitions/0/leader', { node: 1 })).toMatchObject({ status: 404 });
    expect(await call('POST', '/topics/t/partitions/0/corrupt', { offset: 1_000_000 })).toMatchObject({ status: 409 });
  });
});

describe('a broker', () => {
  it('has no admin port unless it is asked for, and says when the port is taken', async () => {
    const plain = await Broker.start();
    expect(plain.adminPort).toBeUndefined();
    await plain.close();
    await expect(Broker.start({ adminPort: broker.adminPort! })).rejects.toMatchObject({ code: 'PORT_IN_USE' });
    await expect(Broker.start({ adminPort: -1 })).rejects.toMatchObject({ code: 'INVALID_CONFIG' });
  });
});
