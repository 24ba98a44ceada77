import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect as connectPlain } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Broker, type BrokerStartOptions } from '../../../src/broker/index.ts';
import type { BrokerLogger } from '../../../src/broker/logger.ts';
import { Operation, PatternType, Permission, ResourceType } from '../../../src/broker/security/acl/constants.ts';
import { CreateAcls, CreateTopics, DescribeConfigs, ErrorCode, Fetch, Metadata, Produce } from '../../../src/protocol/index.ts';
import { COMMON_NAME, COUNTRY, createAuthority, EMAIL, ORGANIZATION } from '../../support/certificates.ts';
import { loginPlain } from './login.ts';
import { batchOf, WireClient } from './wire-client.ts';

const ca = createAuthority('test authority');
const otherCa = createAuthority('another authority');
const server = ca.issue('broker');
const ALICE = 'CN=alice,O=Acme\\, Inc.,C=DE';
const alice = ca.issue([
  [COUNTRY, 'DE'],
  [ORGANIZATION, 'Acme, Inc.'],
  [COMMON_NAME, 'alice'],
]);
const bob = ca.issue([
  [COMMON_NAME, 'bob'],
  [EMAIL, 'bob@example.org'],
]);
const stranger = otherCa.issue('alice');

const lines: string[] = [];
const log: BrokerLogger = {
  debug: (message) => lines.push(message),
  info: (message) => lines.push(message),
  warn: (message) => lines.push(message),
  error: (message) => lines.push(message),
};
const brokers: Broker[] = [];
const clients: WireClient[] = [];

async function start(options: BrokerStartOptions): Promise<Broker> {
  const broker = await Broker.start({ thread: false, log, ...options });
  brokers.push(broker);
  return broker;
}

async function connect(broker: Broker, options: ConnectionOptions = {}): Promise<WireClient> {
  const client = WireClient.over(await handshake(broker, options));
  clients.push(client);
  return client;
}

/** Rejects when either side does not accept the other's certificate. */
async function handshake(broker: Broker, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connectTls({ port: broker.port, host: '127.0.0.1', ca: ca.cert, ...options });
  await new Promise<void>((resolve, reject) => {
    socket.once('secureConnect', resolve);
    socket.once('error', reject);
  });
  return socket;
}

const brokersSeen = async (client: WireClient): Promise<number> => (await client.send(Metadata, 12, { topics: null })).brokers.length;

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
  await Promise.all(brokers.splice(0).map((broker) => broker.close()));
});

describe('TLS', () => {
  let broker: Broker;

  beforeAll(async () => {
    broker = await Broker.start({ thread: false, log, tls: server });
  });

  afterAll(() => broker.close());

  it('serves clients that trust the authority', async () => {
    expect(await brokersSeen(await connect(broker))).toBe(1);
  });

  it('is not taken for the broker by those who do not', async () => {
    await expect(connect(broker, { ca: otherCa.cert })).rejects.toThrow(/unable to verify|self.signed/);
  });

  it('serves nobody who does not speak it', async () => {
    lines.length = 0;
    const plain = await WireClient.connect(broker.port);
    await expect(plain.send(Metadata, 12, { topics: null })).rejects.toThrow('connection closed');
    await expect.poll(() => lines.join('\n')).toMatch(/its TLS handshake failed/);
    expect(await brokersSeen(await connect(broker))).toBe(1);
  });

  it('refuses versions before 1.2', async () => {
    await expect(connect(broker, { minVersion: 'TLSv1', maxVersion: 'TLSv1.1' })).rejects.toThrow();
    expect(await brokersSeen(await connect(broker, { maxVersion: 'TLSv1.2' }))).toBe(1);
  });

  it('carries large requests and responses', async () => {
    const client = await connect(broker);
    await client.send(CreateTopics, 5, { topics: [topicNamed('large')] });
    const value = Buffer.alloc(900_000, 'x').toString();
    const topicData = [{ name: 'large', partitionData: [{ index: 0, records: batchOf([value]) }] }];
    const { responses } = await client.send(Produce, 9, { transactionalId: null, acks: 1, timeoutMs: 1000, topicData });
    expect(responses[0]!.partitionResponses[0]!.errorCode).toBe(ErrorCode.NONE);
    const partitions = [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 2_000_000 }];
    const fetched = await client.send(Fetch, 11, fetchRequest([{ topic: 'large', partitions }]));
    expect(fetched.responses[0]!.partitions[0]!.records!.length).toBeGreaterThan(value.length);
  });

  it('ends connections in the middle of their handshake when the broker is closed', async () => {
    const closing = await start({ tls: server });
    const half = connectPlain({ port: closing.port, host: '127.0.0.1' });
    half.on('error', () => undefined);
    const ended = new Promise((resolve) => half.once('close', resolve));
    await new Promise((resolve) => half.once('connect', resolve));
    half.write(Buffer.from('160301', 'hex'));
    await closing.close();
    await ended;
  });

  it('counts handshakes for max.connections', async () => {
    const small = await start({ tls: server, config: { 'max.connections': '2' } });
    await connect(small);
    const half = connectPlain({ port: small.port, host: '127.0.0.1' });
    half.on('error', () => undefined);
    await new Promise((resolve) => half.once('connect', resolve));
    await expect
      .poll(() =>
        connect(small).then(
          () => 'connected',
          () => 'refused',
        ),
      )
      .toBe('refused');
    half.destroy();
    await expect
      .poll(() =>
        connect(small).then(
          () => 'connected',
          () => 'refused',
        ),
      )
      .toBe('connected');
  });

  it('is told in the configs, but not its key', async () => {
    const client = await connect(
      await start({ config: { 'ssl.keystore.certificate.chain': server.cert, 'ssl.keystore.key': server.key } }),
    );
    const { results } = await client.send(DescribeConfigs, 4, {
      resources: [{ resourceType: 4, resourceName: '1', configurationKeys: null }],
    });
    const values = new Map(results[0]!.configs.map(({ name, value }) => [name, value]));
    expect(values.get('listeners')).toMatch(/^SSL:\/\//);
    expect(values.get('ssl.client.auth')).toBe('none');
    expect(JSON.stringify(results)).not.toContain('PRIVATE KEY');
  });
});

function topicNamed(name: string) {
  return { name, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] };
}

function fetchRequest(topics: object[]) {
  return {
    replicaId: -1,
    maxWaitMs: 1000,
    minBytes: 1,
    maxBytes: 5_000_000,
    isolationLevel: 0,
    sessionId: 0,
    sessionEpoch: -1,
    topics,
    forgottenTopicsData: [],
  } as never;
}

describe('certificates and keys', () => {
  it('are taken from files as well', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'millrace-tls-'));
    const file = (name: string, text: string): string => {
      writeFileSync(join(directory, name), text);
      return join(directory, name);
    };
    const tls = { cert: file('cert.pem', server.cert), key: file('key.pem', server.key), ca: file('ca.pem', ca.cert) };
    // In a thread of its own, as usual: everything has to cross to it.
    const broker = await Broker.start({ tls, logLevel: 'error' });
    brokers.push(broker);
    expect(await brokersSeen(await connect(broker))).toBe(1);
    rmSync(directory, { recursive: true });
  });

  it.each([
    ['a certificate without its key', { cert: server.cert, key: '' }, /tls.key must be the PEM/],
    ["another one's key", { cert: server.cert, key: alice.key }, /key values mismatch/],
    ['what is no PEM', { cert: '-----BEGIN CERTIFICATE-----\nxx', key: server.key }, /Broker option tls cannot be used/],
    ['a file that is not there', { cert: '/nowhere/cert.pem', key: server.key }, /tls.cert .* cannot be read/],
    ['client certificates without an authority', { ...server, clientAuth: 'required' as const }, /tls.ca must name/],
    ['an unknown way', { ...server, clientAuth: 'maybe' as never }, /tls.clientAuth must be one of/],
  ])('are refused: %s', async (_, tls, message) => {
    const failure = Broker.start({ thread: false, log, tls });
    await expect(failure).rejects.toMatchObject({ code: 'INVALID_CONFIG', message: expect.stringMatching(message) });
    await expect(failure).rejects.not.toMatchObject({ message: expect.stringContaining('PRIVATE KEY') });
  });
});

describe('client certificates', () => {
  const authorization = { superUsers: [`User:${ALICE}`] };
  /** Asks for what needs a right on the cluster. */
  const createAcls = async (client: WireClient): Promise<number> =>
    (await client.send(CreateAcls, 3, { creations: [aclFor('User:x')] })).results[0]!.errorCode;

  function aclFor(principal: string) {
    const { TOPIC } = ResourceType;
    const pattern = { resourceType: TOPIC, resourceName: 'orders', resourcePatternType: PatternType.LITERAL };
    return { ...pattern, principal, host: '*', operation: Operation.DESCRIBE, permissionType: Permission.ALLOW };
  }

  it('are the names of clients (required)', async () => {
    const broker = await start({ tls: { ...server, ca: ca.cert, clientAuth: 'required' }, authorization });
    const admin = await connect(broker, alice);
    expect(await createAcls(admin)).toBe(ErrorCode.NONE);
    expect(await createAcls(await connect(broker, bob))).toBe(ErrorCode.CLUSTER_AUTHORIZATION_FAILED);

    await admin.send(CreateTopics, 5, { topics: [topicNamed('orders')] });
    const shownToBob = async (): Promise<number> => {
      const { topics } = await (await connect(broker, bob)).send(Metadata, 12, { topics: [{ topicId: Buffer.alloc(16), name: 'orders' }] });
      return topics[0]!.errorCode;
    };
    expect(await shownToBob()).toBe(ErrorCode.TOPIC_AUTHORIZATION_FAILED);
    // As Java writes it: what RFC 2253 has no name for goes by its number.
    const acl = aclFor('User:1.2.840.113549.1.9.1=#160f626f62406578616d706c652e6f7267,CN=bob');
    await admin.send(CreateAcls, 3, { creations: [acl] });
    expect(await shownToBob()).toBe(ErrorCode.NONE);
  });

  it.each([
    ['none', {}],
    ['one of another authority', stranger],
    ['one that is too old', ca.issue('alice', { notAfter: new Date(Date.now() - 1000) })],
  ])('must be valid (required): %s', async (_, certificate) => {
    const broker = await start({ tls: { ...server, ca: ca.cert, clientAuth: 'required' } });
    await expect(connect(broker, certificate).then(brokersSeen)).rejects.toThrow();
    // With TLS 1.2 the client learns it in the handshake.
    await expect(connect(broker, { ...certificate, maxVersion: 'TLSv1.2' }).then(brokersSeen)).rejects.toThrow();
  });

  it('need not be there, but must be valid if they are (requested)', async () => {
    const broker = await start({ tls: { ...server, ca: ca.cert, clientAuth: 'requested' }, authorization });
    expect(await createAcls(await connect(broker, alice))).toBe(ErrorCode.NONE);
    expect(await createAcls(await connect(broker))).toBe(ErrorCode.CLUSTER_AUTHORIZATION_FAILED);
    await expect(connect(broker, stranger).then(brokersSeen)).rejects.toThrow();
  });

  it('are not asked for (none)', async () => {
    const broker = await start({ tls: { ...server, ca: ca.cert }, authorization });
    expect(await createAcls(await connect(broker, alice))).toBe(ErrorCode.CLUSTER_AUTHORIZATION_FAILED);
  });

  it('keep their name when a session is resumed', async () => {
    const broker = await start({ tls: { ...server, ca: ca.cert, clientAuth: 'required' }, authorization });
    const first = await handshake(broker, { ...alice, maxVersion: 'TLSv1.2' });
    const session = first.getSession()!;
    first.destroy();
    const resumed = await handshake(broker, { ...alice, maxVersion: 'TLSv1.2', session });
    expect(resumed.isSessionReused()).toBe(true);
    const again = WireClient.over(resumed);
    clients.push(again);
    expect(await createAcls(again)).toBe(ErrorCode.NONE);
  });

  it('become names by ssl.principal.mapping.rules', async () => {
    const config = { 'ssl.principal.mapping.rules': 'RULE:^CN=([^,]+),.*$/$1/U,DEFAULT' };
    const tls = { ...server, ca: ca.cert, clientAuth: 'required' as const };
    const broker = await start({ tls, config, authorization: { superUsers: ['User:ALICE'] } });
    expect(await createAcls(await connect(broker, alice))).toBe(ErrorCode.NONE);
  });

  it('do not say who a client is where it logs in', async () => {
    const tls = { ...server, ca: ca.cert, clientAuth: 'required' as const };
    const broker = await start({ tls, sasl: { mechanisms: ['PLAIN'], users: { carol: 'carol-secret' } }, authorization });
    const client = await connect(broker, alice);
    expect((await loginPlain(client, 'carol', 'carol-secret')).errorCode).toBe(ErrorCode.NONE);
    expect(await createAcls(client)).toBe(ErrorCode.CLUSTER_AUTHORIZATION_FAILED);
    const impatient = await connect(broker, alice);
    await expect(brokersSeen(impatient)).rejects.toThrow('connection closed');
  });
});
