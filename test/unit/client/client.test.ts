import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ClientOptions, KafkaClient } from '../../../src/client/index.ts';
import {
  ApiVersions,
  CreateTopics,
  FindCoordinator,
  Heartbeat,
  ListGroups,
  ListOffsets,
  Metadata,
  SaslAuthenticate,
  SaslHandshake,
} from '../../../src/protocol/index.ts';
import { FakeBroker } from './fake-broker.ts';

let fake: FakeBroker;
const brokers: FakeBroker[] = [];
const clients: KafkaClient[] = [];

beforeEach(async () => {
  fake = await startFake(1);
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await Promise.all(brokers.splice(0).map((broker) => broker.close()));
});

async function startFake(nodeId: number): Promise<FakeBroker> {
  const broker = await FakeBroker.start(nodeId);
  brokers.push(broker);
  return broker;
}

async function connect(options: Partial<ClientOptions> = {}): Promise<KafkaClient> {
  const client = await KafkaClient.connect({ bootstrapServers: fake.address, retryBackoffMs: 1, retryBackoffMaxMs: 5, ...options });
  clients.push(client);
  return client;
}

const listGroups = (client: KafkaClient, options = {}) => client.request(ListGroups, {}, { node: 1 }, options);
const noGroups = () => ({ errorCode: 0, groups: [] });

describe('connecting', () => {
  it('asks for versions first and says who it is', async () => {
    await connect({ clientId: 'me' });
    expect(fake.asked.map(({ api }) => api.name)).toEqual(['ApiVersions', 'Metadata']);
    expect(fake.asked[0]).toMatchObject({ clientId: 'me', body: { clientSoftwareName: 'millrace' } });
  });

  it('goes down to the version of ApiVersions that the broker has', async () => {
    fake.on(ApiVersions, ({ version, correlationId, socket }) => {
      if (version <= 2) return fake.versionsAnswer();
      // KIP-511: in version 0, whatever was asked for.
      const refusal = Buffer.from('0000001000000000002300000001001200000002', 'hex');
      refusal.writeInt32BE(correlationId, 4);
      socket.write(refusal);
      return undefined;
    });
    const client = await connect();
    expect(fake.asked.slice(0, 2).map(({ version }) => version)).toEqual([4, 2]);
    expect(client.clusterId).toBe('fake');
  });

  it('names the addresses and the reason when nobody answers', async () => {
    const { port } = fake;
    await fake.close();
    const failed = KafkaClient.connect({ bootstrapServers: `127.0.0.1:${port}`, bootstrapTimeoutMs: 100 });
    await expect(failed).rejects.toMatchObject({ code: 'BROKER_UNREACHABLE' });
    await expect(failed).rejects.toThrow(new RegExp(`127\\.0\\.0\\.1:${port}.*ECONNREFUSED`));
  });

  it('says when something other than a Kafka broker answers', async () => {
    const server = createServer((socket) => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const bootstrapServers = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    const failed = KafkaClient.connect({ bootstrapServers, bootstrapTimeoutMs: 2_000 });
    await expect(failed).rejects.toThrow(/does not answer as a Kafka broker does over plaintext/);
    server.close();
  });

  it('takes the next bootstrap broker when one is down', async () => {
    const gone = await startFake(9);
    const { address } = gone;
    await gone.close();
    const client = await connect({ bootstrapServers: `${address},${fake.address}` });
    expect(client.nodes).toEqual([{ id: 1, host: '127.0.0.1', port: fake.port, rack: null }]);
  });

  it('gives up at once when the login is refused', async () => {
    fake.on(SaslHandshake, () => ({ errorCode: 0, mechanisms: ['PLAIN'] }));
    fake.on(SaslAuthenticate, () => ({ errorCode: 58, errorMessage: 'no such user', authBytes: Buffer.alloc(0) }));
    const failed = connect({ sasl: { mechanism: 'PLAIN', username: 'ann', password: 'secret' } });
    await expect(failed).rejects.toMatchObject({ code: 'AUTHENTICATION_FAILED' });
    await expect(failed).rejects.toThrow(/ann by PLAIN: no such user/);
    await expect(failed).rejects.not.toThrow(/secret/);
  });

  it('names the mechanisms that the broker takes instead', async () => {
    fake.on(SaslHandshake, () => ({ errorCode: 33, mechanisms: ['SCRAM-SHA-512'] }));
    const failed = connect({ sasl: { mechanism: 'PLAIN', username: 'ann', password: 'secret' } });
    await expect(failed).rejects.toThrow(/but SCRAM-SHA-512/);
  });
});

describe('a request', () => {
  it('goes out in the highest version that both sides know', async () => {
    fake.apiRanges.set(ListGroups.key, [0, 3]);
    fake.on(ListGroups, noGroups);
    const client = await connect();
    await listGroups(client);
    await listGroups(client, { maxVersion: 1 });
    expect(fake.asked.filter(({ api }) => api === ListGroups).map(({ version }) => version)).toEqual([3, 1]);
  });

  it('is refused when there is no common version', async () => {
    fake.apiRanges.set(ListGroups.key, [0, 3]);
    fake.apiRanges.delete(CreateTopics.key);
    const client = await connect();
    await expect(listGroups(client, { minVersion: 4 })).rejects.toThrow(/ListGroups is needed in versions 4 to 5.*offers versions 0 to 3/);
    await expect(client.request(CreateTopics, { topics: [], timeoutMs: 1 }, 'controller')).rejects.toThrow(/does not offer it/);
  });

  it('is repeated when the connection is lost before its answer', async () => {
    fake.on(ListGroups, ({ socket }) => {
      if (fake.count(ListGroups) > 2) return noGroups();
      socket.destroy();
      return undefined;
    });
    const client = await connect();
    expect((await listGroups(client)).groups).toEqual([]);
    expect(fake.count(ListGroups)).toBe(3);
  });

  it('is not repeated when the caller does not want it', async () => {
    fake.on(ListGroups, ({ socket }) => {
      socket.destroy();
      return undefined;
    });
    const client = await connect();
    await expect(listGroups(client, { retry: false })).rejects.toMatchObject({ code: 'BROKER_UNREACHABLE', retriable: true });
    expect(fake.count(ListGroups)).toBe(1);
  });

  it('that gets no answer costs the connection, and the time limit holds', async () => {
    fake.on(ListGroups, () => undefined);
    const client = await connect({ requestTimeoutMs: 50 });
    const failed = listGroups(client, { timeoutMs: 400 });
    await expect(failed).rejects.toMatchObject({ code: 'TIMEOUT' });
    await expect(failed).rejects.toThrow(/ListGroups/);
    expect(fake.count(ListGroups)).toBeGreaterThan(1);
    expect(fake.connections).toBeGreaterThan(1);
  });

  it('whose answer is garbage is rejected, and the next one gets a new connection', async () => {
    fake.on(ListGroups, ({ socket, correlationId }) => {
      if (fake.count(ListGroups) > 1) return noGroups();
      const garbage = Buffer.from('00000008000000000000ff00', 'hex');
      garbage.writeInt32BE(correlationId, 4);
      socket.write(garbage);
      return undefined;
    });
    const client = await connect();
    await expect(listGroups(client)).rejects.toMatchObject({ code: 'MALFORMED_FRAME' });
    expect((await listGroups(client)).groups).toEqual([]);
    expect(fake.connections).toBe(2);
  });

  it('answered out of turn ends the connection', async () => {
    fake.on(ListGroups, ({ socket, correlationId }) => {
      const answer = Buffer.from('00000004ffffffff', 'hex');
      answer.writeInt32BE(correlationId + 1, 4);
      socket.write(answer);
      return undefined;
    });
    const client = await connect();
    await expect(listGroups(client)).rejects.toThrow(/answered request \d+, but ListGroups \d+ was awaited/);
  });

  it('waits while the broker throttles', async () => {
    fake.on(ListGroups, () => ({ ...noGroups(), throttleTimeMs: fake.count(ListGroups) === 1 ? 300 : 0 }));
    const client = await connect();
    await listGroups(client);
    const before = performance.now();
    await listGroups(client);
    expect(performance.now() - before).toBeGreaterThan(250);
  });

  it('shares its connection with others, answered in order', async () => {
    fake.on(ListGroups, ({ correlationId }) => ({ errorCode: 0, groups: [{ groupId: String(correlationId), protocolType: '' }] }));
    const client = await connect();
    const answers = await Promise.all(Array.from({ length: 200 }, () => listGroups(client)));
    const ids = answers.map(({ groups }) => Number(groups[0]?.groupId));
    expect(ids).toEqual(ids.toSorted((a, b) => a - b));
    expect(new Set(ids).size).toBe(200);
    expect(fake.connections).toBe(1);
  });

  it('is rejected when the client is closed, at once and without a trace', async () => {
    fake.on(ListGroups, () => undefined);
    const client = await connect();
    const waiting = listGroups(client);
    waiting.catch(() => undefined);
    await expect.poll(() => fake.count(ListGroups)).toBe(1);
    client.close();
    await expect(waiting).rejects.toMatchObject({ code: 'INVALID_STATE' });
    await expect(listGroups(client)).rejects.toMatchObject({ code: 'INVALID_STATE' });
  });

  it('can be given up by its caller', async () => {
    fake.on(ListGroups, () => undefined);
    const client = await connect();
    const giveUp = new AbortController();
    const waiting = listGroups(client, { signal: giveUp.signal });
    waiting.catch(() => undefined);
    giveUp.abort();
    await expect(waiting).rejects.toThrow(/given up/);
  });

  it('with errorOf is repeated for codes that pass and rejected for others', async () => {
    const codes = [14, 15, 0, 30];
    fake.on(ListGroups, () => ({ errorCode: codes.shift() ?? 0, groups: [] }));
    const client = await connect();
    const errorOf = (response: { errorCode: number }) => response.errorCode;
    await listGroups(client, { errorOf });
    expect(fake.count(ListGroups)).toBe(3);
    await expect(listGroups(client, { errorOf })).rejects.toMatchObject({ context: { kafkaError: 'GROUP_AUTHORIZATION_FAILED' } });
  });
});

describe('routing', () => {
  const latest = (topic: string) => ({ replicaId: -1, topics: [{ name: topic, partitions: [{ partitionIndex: 0, timestamp: -1 }] }] });
  const offset = (topic: string, errorCode: number, value: number) => ({
    topics: [{ name: topic, partitions: [{ partitionIndex: 0, errorCode, offset: value }] }],
  });

  async function twoBrokers(): Promise<FakeBroker> {
    const other = await startFake(2);
    fake.cluster.push(other);
    other.cluster.unshift(fake);
    fake.topics = other.topics = [{ name: 't', leaders: [2] }];
    return other;
  }

  it('finds the leader, and the new one when it has moved', async () => {
    const other = await twoBrokers();
    other.on(ListOffsets, () => offset('t', 6, -1));
    fake.on(ListOffsets, () => offset('t', 0, 7));
    const client = await connect();
    expect((await client.leaderOf('t', 0)).node.id).toBe(2);
    fake.topics = other.topics = [{ name: 't', leaders: [1], epoch: 1 }];
    const answer = await client.request(ListOffsets, latest('t'), { leader: ['t', 0] });
    expect(answer.topics[0]?.partitions[0]?.offset).toBe(7);
    expect(other.count(ListOffsets)).toBe(1);
  });

  it('does not go back to a leader of an older epoch', async () => {
    const other = await twoBrokers();
    fake.topics = other.topics = [{ name: 't', leaders: [2], epoch: 5 }];
    const client = await connect();
    await client.leaderOf('t', 0);
    fake.topics = other.topics = [{ name: 't', leaders: [1], epoch: 4 }];
    await client.metadata(['t']);
    expect(await client.leaderOf('t', 0)).toMatchObject({ leader: 2, leaderEpoch: 5 });
  });

  it('waits for a partition to get a leader', async () => {
    fake.topics = [{ name: 't', leaders: [-1] }];
    fake.on(Metadata, ({ body }) => {
      if (fake.count(Metadata) > 4) fake.topics = [{ name: 't', leaders: [1] }];
      return fake.metadataAnswer(body);
    });
    const client = await connect();
    expect((await client.leaderOf('t', 0)).node.id).toBe(1);
  });

  it('says at once that a topic or a partition does not exist', async () => {
    fake.topics = [{ name: 't', leaders: [1] }];
    const client = await connect();
    await expect(client.leaderOf('nope', 0)).rejects.toMatchObject({ code: 'MISSING_TOPIC', context: { topic: 'nope' } });
    await expect(client.leaderOf('t', 3)).rejects.toThrow(/has 1 partitions, so none has number 3/);
  });

  it('finds a coordinator, and the next one when it has moved', async () => {
    const other = await twoBrokers();
    let coordinator = 2;
    const found = () => {
      const { port } = coordinator === 2 ? other : fake;
      return { coordinators: [{ key: 'g', nodeId: coordinator, host: '127.0.0.1', port, errorCode: 0, errorMessage: null }] };
    };
    fake.on(FindCoordinator, found);
    other.on(FindCoordinator, found);
    other.on(Heartbeat, () => {
      coordinator = 1;
      return { errorCode: 16 };
    });
    fake.on(Heartbeat, () => ({ errorCode: 0 }));
    const client = await connect();
    const beat = () => client.request(Heartbeat, { groupId: 'g', generationId: 1, memberId: 'm' }, { coordinator: ['group', 'g'] });
    expect((await beat()).errorCode).toBe(0);
    expect(other.count(Heartbeat)).toBe(1);
    await beat();
    expect(fake.count(FindCoordinator) + other.count(FindCoordinator)).toBe(2);
  });

  it('asks old brokers for a coordinator one key at a time', async () => {
    fake.apiRanges.set(FindCoordinator.key, [0, 2]);
    fake.on(FindCoordinator, () => ({ errorCode: 0, errorMessage: null, nodeId: 1, host: '127.0.0.1', port: fake.port }));
    fake.on(Heartbeat, () => ({ errorCode: 0 }));
    const client = await connect();
    await client.request(Heartbeat, { groupId: 'g', generationId: 1, memberId: 'm' }, { coordinator: ['group', 'g'] });
    expect(fake.asked.find(({ api }) => api === FindCoordinator)?.body).toMatchObject({ key: 'g', keyType: 0 });
  });

  it('falls back to the bootstrap brokers when all it knows are gone', async () => {
    const other = await startFake(2);
    fake.cluster.splice(0, 1, other);
    const client = await connect();
    expect(client.nodes.map(({ id }) => id)).toEqual([2]);
    await other.close();
    fake.cluster.splice(0, 1, fake);
    await client.metadata();
    expect(client.nodes.map(({ id }) => id)).toEqual([1]);
  });
});

describe('connections', () => {
  it('without use are closed', async () => {
    await connect({ connectionsMaxIdleMs: 20 });
    await expect.poll(() => fake.open).toBe(0);
  });

  it('are replaced before the login ends', async () => {
    fake.on(SaslHandshake, () => ({ errorCode: 0, mechanisms: ['PLAIN'] }));
    fake.on(SaslAuthenticate, () => ({ errorCode: 0, errorMessage: null, authBytes: Buffer.alloc(0), sessionLifetimeMs: 100 }));
    fake.on(ListGroups, noGroups);
    const client = await connect({ sasl: { mechanism: 'PLAIN', username: 'ann', password: 'secret' } });
    await expect
      .poll(async () => {
        await listGroups(client);
        return fake.connections;
      })
      .toBeGreaterThan(2);
    await expect.poll(() => fake.open).toBe(1);
  });
});
