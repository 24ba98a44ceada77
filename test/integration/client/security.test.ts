/** Logging in and TLS, from the client's side. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Broker } from '../../../src/broker/index.ts';
import { type ClientOptions, KafkaClient, type SaslMechanism } from '../../../src/client/index.ts';
import { ListGroups } from '../../../src/protocol/index.ts';
import { createAuthority } from '../../support/certificates.ts';

const ours = createAuthority('our authority');
const foreign = createAuthority('somebody else');
const server = ours.issue('broker');
const own = ours.issue('client');
const MECHANISMS: readonly SaslMechanism[] = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'];
// What has a meaning of its own in SCRAM's messages, and what is outside of ASCII.
const username = 'ann=a,b ü';
const password = 'sécret, =%';

let login: Broker;
let encrypted: Broker;
let both: Broker;

beforeAll(async () => {
  const sasl = { users: { [username]: password }, sessionLifetimeMs: 1_500 };
  const config = { 'connection.failed.authentication.delay.ms': '10' };
  const tls = { ...server, ca: ours.cert };
  login = await Broker.start({ sasl, config });
  encrypted = await Broker.start({ tls: { ...tls, clientAuth: 'required' } });
  both = await Broker.start({ sasl, config, tls });
});
afterAll(async () => {
  await Promise.all([login, encrypted, both].map((broker) => broker.close()));
});

/** The number of groups that the broker lists: what it takes to see that requests are served. */
async function served(broker: Broker, options: Partial<ClientOptions>): Promise<number> {
  const client = await KafkaClient.connect({ bootstrapServers: broker.bootstrapServers, bootstrapTimeoutMs: 20_000, ...options });
  try {
    return (await client.request(ListGroups, {}, { node: 1 }, { errorOf: ({ errorCode }) => errorCode })).groups.length;
  } finally {
    client.close();
  }
}

describe.each(MECHANISMS)('%s', (mechanism) => {
  it('lets in who knows the password, with and without TLS', async () => {
    const sasl = { mechanism, username, password };
    expect(await served(login, { sasl })).toBe(0);
    expect(await served(both, { sasl, tls: { ca: ours.cert } })).toBe(0);
  });

  it.each([
    [username, 'not-the-password'],
    ['nobody', password],
  ])('refuses %s with "%s", at once and without telling the password', async (name, secret) => {
    const failure = served(login, { sasl: { mechanism, username: name, password: secret } });
    await expect(failure).rejects.toMatchObject({ code: 'AUTHENTICATION_FAILED' });
    await expect(failure).rejects.toThrow(`refused the login of ${name} by ${mechanism}`);
    await expect(failure).rejects.not.toThrow(secret);
  });

  it('goes on over many lifetimes of the login', async () => {
    const client = await KafkaClient.connect({ bootstrapServers: login.bootstrapServers, sasl: { mechanism, username, password } });
    const started = performance.now();
    while (performance.now() - started < 4_000) await client.request(ListGroups, {}, { node: 1 }, { retry: false });
    client.close();
  });
});

describe('TLS', () => {
  it('works where both sides trust each other', async () => {
    expect(await served(encrypted, { tls: { ca: ours.cert, ...own } })).toBe(0);
  });

  it.each<[string, ClientOptions['tls'] & object]>([
    ['does not trust the broker', { ca: foreign.cert, ...own }],
    ['has no authority of its own choice', { ...own }],
  ])('ends at once when the client %s, and says what to check', async (_name, tls) => {
    const failure = served(encrypted, { tls });
    await expect(failure).rejects.toMatchObject({ code: 'BROKER_UNREACHABLE', retriable: false });
    await expect(failure).rejects.toThrow(/do not trust each other.*ssl\.ca\.location/);
  });

  it('ends when the broker does not trust the client', async () => {
    const failure = served(encrypted, { tls: { ca: ours.cert, ...foreign.issue('client') }, bootstrapTimeoutMs: 500 });
    await expect(failure).rejects.toMatchObject({ code: 'BROKER_UNREACHABLE' });
  });

  it('takes any certificate when told not to check', async () => {
    expect(await served(encrypted, { tls: { ca: foreign.cert, ...own, verifyCertificate: false } })).toBe(0);
  });

  it('says which setting holds what is no certificate', async () => {
    await expect(served(encrypted, { tls: { ca: ours.cert, cert: 'no', key: 'no' } })).rejects.toMatchObject({ code: 'INVALID_CONFIG' });
  });
});

describe('a security protocol that does not fit', () => {
  it.each<[string, () => Broker, Partial<ClientOptions>]>([
    ['no TLS where there must be', () => encrypted, {}],
    ['no login where there must be', () => login, {}],
    ['TLS where there is none', () => login, { tls: {} }],
  ])('%s ends in an error that names security.protocol or TLS', async (_name, broker, options) => {
    const failure = served(broker(), { ...options, bootstrapTimeoutMs: 500 });
    await expect(failure).rejects.toMatchObject({ code: 'BROKER_UNREACHABLE' });
    await expect(failure).rejects.toThrow(/security\.protocol|speaks TLS/);
  });
});
