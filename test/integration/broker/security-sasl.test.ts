import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Broker } from '../../../src/broker/index.ts';
import type { BrokerLogger } from '../../../src/broker/logger.ts';
import {
  type Api,
  ApiVersions,
  allApis,
  CreateTopics,
  ErrorCode,
  formatPlainMessage,
  Metadata,
  Produce,
  SaslAuthenticate,
  SaslHandshake,
} from '../../../src/protocol/index.ts';
import { sampleMessage } from '../../support/sample-message.ts';
import { authenticate, loginPlain, loginScram } from './login.ts';
import { TestClock } from './test-clock.ts';
import { batchOf, WireClient } from './wire-client.ts';

const lines: string[] = [];
const log: BrokerLogger = {
  debug: (message) => lines.push(message),
  info: (message) => lines.push(message),
  warn: (message) => lines.push(message),
  error: (message) => lines.push(message),
};
const LIFETIME_MS = 3_600_000;
const USERS = { alice: 'alice-secret', bob: 'bob-secret' };

let broker: Broker;
const clients: WireClient[] = [];

beforeAll(async () => {
  broker = await Broker.start({
    thread: false,
    log,
    sasl: { users: USERS, sessionLifetimeMs: LIFETIME_MS },
    config: { 'connection.failed.authentication.delay.ms': '10' },
  });
});

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
});

afterAll(async () => {
  await broker.close();
});

async function connect(port = broker.port): Promise<WireClient> {
  const client = await WireClient.connect(port);
  clients.push(client);
  return client;
}

const isServed = async (client: WireClient): Promise<boolean> => (await client.send(Metadata, 12, { topics: null })).brokers.length === 1;

describe('a client that has not logged in', () => {
  it('is told the versions of all APIs, as often as it asks', async () => {
    const client = await connect();
    const software = { clientSoftwareName: 'test', clientSoftwareVersion: '1' };
    const first = await client.send(ApiVersions, 3, software);
    expect(first.apiKeys.length).toBeGreaterThan(40);
    expect((await client.send(ApiVersions, 3, software)).apiKeys).toEqual(first.apiKeys);
  });

  const others = allApis.filter(({ key }) => key !== ApiVersions.key && key !== SaslHandshake.key);

  it.each(others.map((api) => [api.name, api] as const))('is closed for %s', async (_, api) => {
    const client = await connect();
    const [, version] = api.versions;
    await expect(client.send(api as Api, version, sampleMessage(api.request.shape, version) as never)).rejects.toThrow('connection closed');
    await client.closed;
  });

  it.each([Metadata, SaslHandshake])('is closed for $name between handshake and password', async (api) => {
    const client = await connect();
    await client.send(SaslHandshake, 1, { mechanism: 'PLAIN' });
    await expect(client.send(api as Api, 1, sampleMessage(api.request.shape, 1) as never)).rejects.toThrow('connection closed');
  });

  it('leaves nothing behind', async () => {
    const client = await connect();
    await loginPlain(client, 'alice', 'alice-secret');
    expect((await client.send(Metadata, 12, { topics: null })).topics).toEqual([]);
  });

  it('cannot slip a request in behind a wrong password', async () => {
    const client = await connect();
    await client.send(SaslHandshake, 1, { mechanism: 'PLAIN' });
    const wrong = formatPlainMessage({ authorizationId: '', userName: 'alice', password: 'wrong' });
    const answer = client.sendRaw(client.frame(SaslAuthenticate, 2, { authBytes: wrong }));
    const create = client.sendRaw(client.frame(CreateTopics, 7, { topics: [topicToCreate('smuggled')] }));
    const refused = expect(create).rejects.toThrow('connection closed');
    await answer;
    await refused;
    const other = await connect();
    await loginPlain(other, 'alice', 'alice-secret');
    expect((await other.send(Metadata, 12, { topics: null })).topics).toEqual([]);
  });

  it('may send at most sasl.server.max.receive.size', async () => {
    const client = await connect();
    lines.length = 0;
    const length = Buffer.alloc(4);
    length.writeInt32BE(524_289);
    client.socket.write(length);
    await client.closed;
    expect(lines.join('\n')).toMatch(/524289 bytes: the limit is 524288/);
  });
});

function topicToCreate(name: string) {
  return { name, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] };
}

describe('SaslHandshake', () => {
  it('names the mechanisms', async () => {
    const client = await connect();
    const { errorCode, mechanisms } = await client.send(SaslHandshake, 1, { mechanism: 'SCRAM-SHA-512' });
    expect(errorCode).toBe(ErrorCode.NONE);
    expect(mechanisms).toEqual(['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512']);
  });

  it.each(['GSSAPI', '', 'plain'])('refuses the mechanism %j, names those that there are, and closes', async (mechanism) => {
    const client = await connect();
    const { errorCode, mechanisms } = await client.send(SaslHandshake, 1, { mechanism });
    expect(errorCode).toBe(ErrorCode.UNSUPPORTED_SASL_MECHANISM);
    expect(mechanisms).toEqual(['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512']);
    await client.closed;
  });
});

describe('PLAIN', () => {
  it.each([0, 1, 2])('lets a user with the right password in (SaslAuthenticate v%i)', async (version) => {
    const client = await connect();
    await client.send(SaslHandshake, 1, { mechanism: 'PLAIN' });
    const right = formatPlainMessage({ authorizationId: 'alice', userName: 'alice', password: 'alice-secret' });
    expect(await authenticate(client, right, version)).toMatchObject({
      errorCode: ErrorCode.NONE,
      errorMessage: '',
      sessionLifetimeMs: version === 0 ? 0 : LIFETIME_MS,
    });
    expect(await isServed(client)).toBe(true);
  });

  it.each([
    ['a wrong password', '\0alice\0wrong', 'Authentication failed: Invalid username or password'],
    ["another user's password", '\0alice\0bob-secret', 'Authentication failed: Invalid username or password'],
    ['an unknown user', '\0mallory\0alice-secret', 'Authentication failed: Invalid username or password'],
    ['a property of objects', '\0constructor\0alice-secret', 'Authentication failed: Invalid username or password'],
    [
      'another authorization id',
      'bob\0alice\0alice-secret',
      'Authentication failed: Client requested an authorization id that is different from username',
    ],
    ['no user', '\0\0alice-secret', 'Authentication failed: username not specified'],
    ['no password', '\0alice\0', 'Authentication failed: password not specified'],
    ['no PLAIN at all', 'alice', 'Invalid SASL/PLAIN response: expected 3 tokens, got 1'],
    ['too many parts', 'a\0b\0c\0d\0e', 'Invalid SASL/PLAIN response: expected 3 tokens, got 4'],
  ])('refuses %s and closes', async (_, token, message) => {
    const client = await connect();
    lines.length = 0;
    await client.send(SaslHandshake, 1, { mechanism: 'PLAIN' });
    const { errorCode, errorMessage } = await authenticate(client, Buffer.from(token));
    expect(errorCode).toBe(ErrorCode.SASL_AUTHENTICATION_FAILED);
    expect(errorMessage).toBe(message);
    await client.closed;
    expect(lines.join('\n')).toMatch(/login by PLAIN failed/);
    expect(lines.join('\n')).not.toMatch(/secret|mallory/);
  });

  it('takes raw tokens after SaslHandshake v0, as old clients send them', async () => {
    const client = await connect();
    await client.send(SaslHandshake, 0, { mechanism: 'PLAIN' });
    const received = rawBytesOf(client);
    client.socket.write(withLength('\0alice\0alice-secret'));
    // The answer is empty, and has no header.
    await expect.poll(received).toEqual(Buffer.alloc(4));
    client.socket.write(client.frame(Metadata, 12, { topics: [] }));
    await expect.poll(() => received().length).toBeGreaterThan(4);
  });

  it('closes without a word after a wrong raw token', async () => {
    const client = await connect();
    await client.send(SaslHandshake, 0, { mechanism: 'PLAIN' });
    const received = rawBytesOf(client);
    client.socket.write(withLength('\0alice\0wrong'));
    await client.closed;
    expect(received()).toHaveLength(0);
  });
});

/** From now on the client's bytes are not taken for responses. */
function rawBytesOf(client: WireClient): () => Buffer {
  const chunks: Buffer[] = [];
  client.socket.removeAllListeners('data').on('data', (chunk: Buffer) => chunks.push(chunk));
  return () => Buffer.concat(chunks);
}

function withLength(token: string): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32BE(Buffer.byteLength(token));
  return Buffer.concat([length, Buffer.from(token)]);
}

function generic(mechanism: string): string {
  return `Authentication failed during authentication due to invalid credentials with SASL mechanism ${mechanism}`;
}

describe.each(['SCRAM-SHA-256', 'SCRAM-SHA-512'])('%s', (mechanism) => {
  it('lets a user with the right password in', async () => {
    const client = await connect();
    const { last } = await loginScram(client, { mechanism, userName: 'alice', password: 'alice-secret', authorizationId: 'alice' });
    expect(last).toMatchObject({ errorCode: ErrorCode.NONE, sessionLifetimeMs: LIFETIME_MS });
    expect(await isServed(client)).toBe(true);
  });

  it.each([
    ['a wrong password', { userName: 'alice', password: 'wrong' }],
    ['an unknown user', { userName: 'mallory', password: 'alice-secret' }],
    ['another authorization id', { userName: 'alice', password: 'alice-secret', authorizationId: 'bob' }],
    ['a nonce of its own', { userName: 'alice', password: 'alice-secret', tamper: (text: string) => text.replace(',r=', ',r=x') }],
    [
      'another channel binding',
      { userName: 'alice', password: 'alice-secret', tamper: (text: string) => text.replace('c=biws', 'c=eSws') },
    ],
    ['no proof', { userName: 'alice', password: 'alice-secret', tamper: (text: string) => text.replace(/,p=.*/, ',p=') }],
    ['no message', { userName: 'alice', password: 'alice-secret', tamper: () => 'x' }],
  ])('refuses %s and closes', async (_, login) => {
    const client = await connect();
    lines.length = 0;
    const { last } = await loginScram(client, { mechanism, ...login });
    expect(last.errorCode).toBe(ErrorCode.SASL_AUTHENTICATION_FAILED);
    expect(last.errorMessage).toBe(generic(mechanism));
    await client.closed;
    expect(lines.join('\n')).not.toMatch(/secret|mallory/);
  });

  it('does not show who has a credential', async () => {
    const shown = async (userName: string): Promise<string> => {
      const { first } = await loginScram(await connect(), { mechanism, userName, password: 'wrong' });
      return first.replace(/^r=[^,]*/, '');
    };
    const unknown = await shown('mallory');
    expect(await shown('mallory')).toBe(unknown);
    expect(await shown('eve')).not.toBe(unknown);
    expect(unknown).toHaveLength((await shown('alice')).length);
  });
});

describe('another login on the same connection', () => {
  it('is refused where a login is valid for ever', async () => {
    const forever = await Broker.start({ thread: false, log, sasl: { users: USERS } });
    const client = await connect(forever.port);
    expect((await loginPlain(client, 'alice', 'alice-secret')).sessionLifetimeMs).toBe(0);
    expect((await client.send(SaslHandshake, 1, { mechanism: 'PLAIN' })).errorCode).toBe(ErrorCode.ILLEGAL_SASL_STATE);
    expect(await isServed(client)).toBe(true);
    await client.close();
    await forever.close();
  });

  it('keeps the session of the same user', async () => {
    const client = await connect();
    await loginPlain(client, 'alice', 'alice-secret');
    expect((await loginPlain(client, 'alice', 'alice-secret')).errorCode).toBe(ErrorCode.NONE);
    expect(await isServed(client)).toBe(true);
  });

  it('serves nothing until it is over', async () => {
    const client = await connect();
    await loginPlain(client, 'alice', 'alice-secret');
    await client.send(SaslHandshake, 1, { mechanism: 'PLAIN' });
    await expect(client.send(Metadata, 12, { topics: null })).rejects.toThrow('connection closed');
  });

  it('cannot change the user', async () => {
    const client = await connect();
    await loginPlain(client, 'alice', 'alice-secret');
    const { errorCode, errorMessage } = await loginPlain(client, 'bob', 'bob-secret');
    expect(errorCode).toBe(ErrorCode.SASL_AUTHENTICATION_FAILED);
    expect(errorMessage).toMatch(/Cannot change principals during re-authentication from User\.alice: User\.bob/);
    await client.closed;
  });

  it('cannot change the mechanism', async () => {
    const client = await connect();
    await loginPlain(client, 'alice', 'alice-secret');
    const scram = loginScram(client, { mechanism: 'SCRAM-SHA-256', userName: 'alice', password: 'alice-secret' });
    await expect(scram).rejects.toThrow('connection closed');
  });

  it('with a wrong password ends the connection', async () => {
    const client = await connect();
    await loginPlain(client, 'alice', 'alice-secret');
    expect((await loginPlain(client, 'alice', 'wrong')).errorCode).toBe(ErrorCode.SASL_AUTHENTICATION_FAILED);
    await client.closed;
  });

  it('is not begun by SaslAuthenticate', async () => {
    const client = await connect();
    await loginPlain(client, 'alice', 'alice-secret');
    expect((await authenticate(client, Buffer.from('\0bob\0bob-secret'))).errorCode).toBe(ErrorCode.ILLEGAL_SASL_STATE);
    expect(await isServed(client)).toBe(true);
  });
});

describe('time', () => {
  let clock: TestClock;
  let timed: Broker;

  beforeAll(async () => {
    clock = new TestClock();
    const config = { 'connection.failed.authentication.delay.ms': '5000' };
    timed = await Broker.start({ thread: false, clock, log, sasl: { users: USERS, sessionLifetimeMs: 60_000 }, config });
  });

  afterAll(() => timed.close());

  it('ends a session whose client does not log in again (connections.max.reauth.ms)', async () => {
    const client = await connect(timed.port);
    expect((await loginPlain(client, 'alice', 'alice-secret')).sessionLifetimeMs).toBe(60_000);
    clock.advance(59_000);
    expect(await isServed(client)).toBe(true);
    clock.advance(2000);
    await expect(client.send(Metadata, 12, { topics: null })).rejects.toThrow('connection closed');
  });

  it('goes on for a client that does, even if it is late', async () => {
    const client = await connect(timed.port);
    await loginPlain(client, 'alice', 'alice-secret');
    clock.advance(61_000);
    expect((await loginPlain(client, 'alice', 'alice-secret')).sessionLifetimeMs).toBe(60_000);
    clock.advance(59_000);
    expect(await isServed(client)).toBe(true);
  });

  it('must pass between two logins', async () => {
    const client = await connect(timed.port);
    await loginPlain(client, 'alice', 'alice-secret');
    await loginPlain(client, 'alice', 'alice-secret');
    clock.advance(500);
    expect((await client.send(SaslHandshake, 1, { mechanism: 'PLAIN' })).errorCode).toBe(ErrorCode.ILLEGAL_SASL_STATE);
    clock.advance(500);
    expect((await loginPlain(client, 'alice', 'alice-secret')).errorCode).toBe(ErrorCode.NONE);
  });

  it('is short for logging in', async () => {
    const client = await connect(timed.port);
    await client.send(SaslHandshake, 1, { mechanism: 'PLAIN' });
    clock.advance(30_000);
    await client.closed;
  });

  it('is no limit for a client that has logged in', async () => {
    const client = await connect(timed.port);
    await loginPlain(client, 'alice', 'alice-secret');
    clock.advance(31_000);
    expect(await isServed(client)).toBe(true);
  });

  it('passes before a wrong password is answered (connection.failed.authentication.delay.ms)', async () => {
    const client = await connect(timed.port);
    let answered = false;
    lines.length = 0;
    const answer = loginPlain(client, 'alice', 'wrong').then(({ errorCode }) => {
      answered = true;
      return errorCode;
    });
    await expect.poll(() => lines.some((line) => line.includes('login by PLAIN failed'))).toBe(true);
    clock.advance(4999);
    expect(answered).toBe(false);
    clock.advance(1);
    expect(await answer).toBe(ErrorCode.SASL_AUTHENTICATION_FAILED);
    await client.closed;
  });
});

it('large requests are taken once the client has logged in', async () => {
  const client = await connect();
  await loginPlain(client, 'alice', 'alice-secret');
  await client.send(CreateTopics, 7, { topics: [topicToCreate('large')] });
  const records = batchOf(['x'.repeat(700_000)]);
  const topicData = [{ name: 'large', partitionData: [{ index: 0, records }] }];
  const { responses } = await client.send(Produce, 9, { transactionalId: null, acks: 1, timeoutMs: 1000, topicData });
  expect(responses[0]!.partitionResponses[0]).toMatchObject({ errorCode: 0, baseOffset: 0 });
});

it('without SASL a login is out of place', async () => {
  const open = await Broker.start({ thread: false, log });
  const client = await connect(open.port);
  expect((await client.send(SaslHandshake, 1, { mechanism: 'PLAIN' })).errorCode).toBe(ErrorCode.ILLEGAL_SASL_STATE);
  expect((await client.send(SaslAuthenticate, 2, { authBytes: Buffer.alloc(0) })).errorCode).toBe(ErrorCode.ILLEGAL_SASL_STATE);
  expect(await isServed(client)).toBe(true);
  await client.close();
  await open.close();
});
