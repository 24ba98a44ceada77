import { execFile, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type * as Confluent from '@confluentinc/kafka-javascript';
import {
  AclOperationTypes,
  AclPermissionTypes,
  AclResourceTypes,
  Kafka,
  logLevel,
  Partitioners,
  ResourcePatternTypes,
  type SASLOptions,
} from 'kafkajs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Broker } from '../../../src/broker/index.ts';
import { createAuthority } from '../../support/certificates.ts';

const confluent = createRequire(import.meta.url)('@confluentinc/kafka-javascript') as typeof Confluent;
const run = promisify(execFile);

function hasKcat(): boolean {
  try {
    execFileSync('kcat', ['-V'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const kcatInstalled = hasKcat();
if (!kcatInstalled) console.warn('kcat is not installed, so its tests are skipped: apt-get install kcat');

const USERS = { admin: 'admin-secret', writer: 'writer-secret', reader: 'reader-secret', nobody: 'nobody-secret' };
type User = keyof typeof USERS;
const MECHANISMS = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const;
type Mechanism = (typeof MECHANISMS)[number];

const ca = createAuthority('test authority');
let broker: Broker;
let directory: string;
let caFile: string;

beforeAll(async () => {
  broker = await Broker.start({
    tls: ca.issue('broker'),
    sasl: { users: USERS },
    authorization: { superUsers: ['User:admin'] },
    topics: [{ name: 'orders' }, { name: 'hidden' }],
    logLevel: 'error',
  });
  directory = mkdtempSync(join(tmpdir(), 'millrace-security-'));
  caFile = join(directory, 'ca.pem');
  writeFileSync(caFile, ca.cert);
  await grantRights();
});

afterAll(async () => {
  await broker.close();
  rmSync(directory, { recursive: true });
});

/** A writer may write to `orders`, a reader may read it; all may join groups whose names begin with `readers-`. */
async function grantRights(): Promise<void> {
  const admin = kafkajs('admin').admin();
  await admin.connect();
  const base = { host: '*', permissionType: AclPermissionTypes.ALLOW, resourcePatternType: ResourcePatternTypes.LITERAL };
  const orders = { ...base, resourceType: AclResourceTypes.TOPIC, resourceName: 'orders' };
  await admin.createAcls({
    acl: [
      { ...orders, principal: 'User:writer', operation: AclOperationTypes.WRITE },
      { ...orders, principal: 'User:reader', operation: AclOperationTypes.READ },
      ...['reader', 'writer', 'nobody'].map((user) => ({
        ...base,
        principal: `User:${user}`,
        resourceType: AclResourceTypes.GROUP,
        resourceName: 'readers-',
        resourcePatternType: ResourcePatternTypes.PREFIXED,
        operation: AclOperationTypes.READ,
      })),
    ],
  });
  await admin.disconnect();
}

function kafkajs(user: User, mechanism: Mechanism = 'PLAIN', password: string = USERS[user]): Kafka {
  const sasl = { mechanism: mechanism.toLowerCase(), username: user, password } as SASLOptions;
  return new Kafka({ brokers: [broker.bootstrapServers], ssl: { ca: ca.cert }, sasl, logLevel: logLevel.NOTHING, retry: { retries: 0 } });
}

async function kafkajsSend(kafka: Kafka, topic: string, value: string): Promise<void> {
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
  await producer.connect();
  try {
    await producer.send({ topic, messages: [{ value }] });
  } finally {
    await producer.disconnect();
  }
}

describe('kafkajs over SASL_SSL', () => {
  it.each(MECHANISMS)('logs in by %s, and not with a wrong password', async (mechanism) => {
    const admin = kafkajs('admin', mechanism).admin();
    await admin.connect();
    expect((await admin.listTopics()).sort()).toEqual(expect.arrayContaining(['hidden', 'orders']));
    await admin.disconnect();
    const impostor = kafkajs('admin', mechanism, 'wrong').admin();
    await expect(impostor.connect()).rejects.toMatchObject({ name: 'KafkaJSSASLAuthenticationError' });
    await impostor.disconnect();
  });

  it('sees only topics that it may describe', async () => {
    for (const [user, topics] of [
      ['writer', ['orders']],
      ['nobody', []],
    ] as const) {
      const admin = kafkajs(user).admin();
      await admin.connect();
      expect(await admin.listTopics()).toEqual(topics);
      await admin.disconnect();
    }
  });

  it('writes only what it may write', async () => {
    await kafkajsSend(kafkajs('writer'), 'orders', 'from kafkajs');
    const denied = /Topic authorization failed/;
    await expect(kafkajsSend(kafkajs('reader'), 'orders', 'never')).rejects.toThrow(denied);
    await expect(kafkajsSend(kafkajs('writer'), 'hidden', 'never')).rejects.toThrow(denied);
    await expect(kafkajsSend(kafkajs('nobody'), 'orders', 'never')).rejects.toThrow(denied);
    // Nor does asking for a topic make it.
    await expect(kafkajsSend(kafkajs('nobody'), 'new-topic', 'never')).rejects.toThrow(denied);
  });

  it.each([
    ['a group that it may not join', 'reader', 'others', /Failed to find group coordinator/],
    ['a topic that it may not read', 'writer', 'readers-writer', /Topic authorization failed/],
    ['a topic that it does not see', 'nobody', 'readers-nobody', /Topic authorization failed/],
  ] as const)('reads nothing with %s', async (_, user, groupId, message) => {
    const consumer = kafkajs(user).consumer({ groupId });
    const refused = (async () => {
      await consumer.connect();
      await consumer.subscribe({ topic: 'orders', fromBeginning: true });
      await new Promise((_resolve, reject) => {
        consumer.on('consumer.crash', ({ payload }) => reject(payload.error));
        consumer.run({ eachMessage: async () => reject(new Error('read a record')) }).catch(reject);
      });
    })();
    await expect(refused).rejects.toThrow(message);
    await consumer.disconnect();
  });

  it('reads what it may read', async () => {
    await kafkajsSend(kafkajs('writer'), 'orders', 'for readers');
    const consumer = kafkajs('reader', 'SCRAM-SHA-512').consumer({ groupId: 'readers-kafkajs' });
    await consumer.connect();
    await consumer.subscribe({ topic: 'orders', fromBeginning: true });
    const values: (string | undefined)[] = [];
    await consumer.run({ eachMessage: async ({ message }) => void values.push(message.value?.toString()) });
    await expect.poll(() => values, { timeout: 30_000 }).toContain('for readers');
    await consumer.disconnect();
  });
});

function confluentOptions(user: User, mechanism: Mechanism, password: string = USERS[user]) {
  return {
    'bootstrap.servers': broker.bootstrapServers,
    'security.protocol': 'sasl_ssl',
    'sasl.mechanisms': mechanism,
    'sasl.username': user,
    'sasl.password': password,
    'ssl.ca.pem': ca.cert,
    log_level: 0,
  } as const;
}

/** Produces one record and resolves with its offset; rejects when it cannot log in or may not write. */
async function confluentSend(options: ReturnType<typeof confluentOptions>, topic: string, value: string): Promise<number> {
  const producer = new confluent.Producer({ ...options, dr_cb: true, 'message.timeout.ms': 5000 });
  await new Promise<void>((resolve, reject) => {
    producer.connect({ timeout: 3000 }, (error) => (error ? reject(error) : resolve()));
  });
  producer.setPollInterval(20);
  try {
    return await new Promise<number>((resolve, reject) => {
      producer.on('delivery-report', (error, report) => (error ? reject(error) : resolve(report.offset)));
      producer.produce(topic, null, Buffer.from(value));
    });
  } finally {
    await new Promise<void>((resolve) => producer.disconnect(() => resolve()));
  }
}

describe('librdkafka over SASL_SSL', () => {
  /** All that its binding tells when no broker lets it in. */
  const BROKER_TRANSPORT_FAILURE = -195;
  const TOPIC_AUTHORIZATION_FAILED = 29;

  it.each(MECHANISMS)('produces after logging in by %s, and not with a wrong password', async (mechanism) => {
    expect(await confluentSend(confluentOptions('writer', mechanism), 'orders', `by ${mechanism}`)).toBeGreaterThanOrEqual(0);
    const impostor = confluentSend(confluentOptions('writer', mechanism, 'wrong'), 'orders', 'never');
    await expect(impostor).rejects.toMatchObject({ code: BROKER_TRANSPORT_FAILURE });
  });

  it('writes only what it may write', async () => {
    for (const [user, topic] of [
      ['reader', 'orders'],
      ['writer', 'hidden'],
    ] as const) {
      const refused = confluentSend(confluentOptions(user, 'SCRAM-SHA-256'), topic, 'never');
      await expect(refused).rejects.toMatchObject({ code: TOPIC_AUTHORIZATION_FAILED });
    }
  });
});

const kcatOptions = (user: User, mechanism: Mechanism, password: string = USERS[user]): string[] => [
  ...['-b', broker.bootstrapServers, '-X', 'security.protocol=sasl_ssl', '-X', `ssl.ca.location=${caFile}`],
  ...['-X', `sasl.mechanisms=${mechanism}`, '-X', `sasl.username=${user}`, '-X', `sasl.password=${password}`],
];

/** What kcat says on both of its outputs, however it ends. */
async function kcat(args: readonly string[]): Promise<string> {
  try {
    const { stdout, stderr } = await run('kcat', [...args], { timeout: 30_000 });
    return stdout + stderr;
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    return stdout + stderr;
  }
}

function kcatSend(input: string, args: readonly string[]): Promise<{ code: number | null; said: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn('kcat', ['-P', ...args], { stdio: ['pipe', 'ignore', 'pipe'] });
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, said }));
    child.stdin.end(input);
  });
}

describe.skipIf(!kcatInstalled)('kcat over SASL_SSL', () => {
  const CONSUME = ['-C', '-e', '-q', '-o', 'beginning'];

  it.each(MECHANISMS)('logs in by %s, and not with a wrong password', async (mechanism) => {
    expect(await kcat(['-L', ...kcatOptions('writer', mechanism)])).toMatch(/topic "orders"/);
    const refused = await kcat(['-L', '-m', '5', ...kcatOptions('writer', mechanism, 'wrong')]);
    expect(refused).toMatch(/Authentication failed/i);
    expect(refused).not.toMatch(/topic "orders"/);
  });

  it('reads and writes only what it may', async () => {
    expect(await kcatSend('from kcat\n', [...kcatOptions('writer', 'PLAIN'), '-t', 'orders'])).toMatchObject({ code: 0 });
    const denied = await kcatSend('never\n', [...kcatOptions('reader', 'PLAIN'), '-t', 'orders']);
    expect(denied.said).toMatch(/Topic authorization failed/);
    expect(await kcat([...CONSUME, ...kcatOptions('reader', 'SCRAM-SHA-256'), '-t', 'orders'])).toMatch(/from kcat/);
    const read = await kcat([...CONSUME, ...kcatOptions('writer', 'SCRAM-SHA-256'), '-t', 'orders']);
    expect(read).toMatch(/Topic authorization failed/);
    expect(read).not.toMatch(/from kcat/);
    expect(await kcat(['-L', ...kcatOptions('nobody', 'SCRAM-SHA-512')])).not.toMatch(/orders|hidden/);
  });
});

it('nothing was written by those who may not', async () => {
  const admin = kafkajs('admin').admin();
  await admin.connect();
  expect(await admin.fetchTopicOffsets('hidden')).toMatchObject([{ high: '0' }]);
  expect(await admin.listTopics()).not.toContain('new-topic');
  await admin.disconnect();
  const all = kafkajs('admin').consumer({ groupId: 'check' });
  await all.connect();
  await all.subscribe({ topic: 'orders', fromBeginning: true });
  const values: (string | undefined)[] = [];
  await all.run({ eachMessage: async ({ message }) => void values.push(message.value?.toString()) });
  await expect.poll(() => values, { timeout: 30_000 }).toContain('for readers');
  expect(values).not.toContain('never');
  await all.disconnect();
});
