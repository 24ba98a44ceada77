import { afterEach, describe, expect, it } from 'vitest';
import type { BrokerStartOptions } from '../../../src/broker/index.ts';
import { createAuthority } from '../../support/certificates.ts';
import { FaultyJob } from './faults/faulty-job.ts';

const authority = createAuthority('our authority');
const server = authority.issue('broker');
const own = authority.issue('app');
const USER = 'app';
const PASSWORD = 'sécret, =%';
/** Shorter than a test: the application has to log in again and again while it works. */
const SESSION_LIFETIME_MS = 1_000;

const sasl = { users: { [USER]: PASSWORD }, sessionLifetimeMs: SESSION_LIFETIME_MS };
const tls = { ...server, ca: authority.cert };
const login = (mechanism: string, password = PASSWORD) => ({
  'sasl.mechanism': mechanism,
  'sasl.username': USER,
  'sasl.password': password,
});
const trust = { 'ssl.ca.pem': authority.cert };
const config = { 'connection.failed.authentication.delay.ms': '10' };

type Settings = Readonly<Record<string, string>>;
const forAll = (settings: Settings) => ({
  consumer: { 'session.timeout.ms': 6000, 'heartbeat.interval.ms': 500, ...settings },
  producer: settings,
  admin: settings,
});

const SECURED: readonly (readonly [name: string, broker: BrokerStartOptions, settings: Settings])[] = [
  ['PLAIN', { sasl }, { 'security.protocol': 'sasl_plaintext', ...login('PLAIN') }],
  ['SCRAM-SHA-256', { sasl }, { 'security.protocol': 'SASL_PLAINTEXT', ...login('SCRAM-SHA-256') }],
  ['SCRAM-SHA-512 over TLS', { sasl, tls }, { 'security.protocol': 'SASL_SSL', ...login('SCRAM-SHA-512'), ...trust }],
  [
    'TLS with certificates on both sides',
    { tls: { ...tls, clientAuth: 'required' } },
    { 'security.protocol': 'SSL', ...trust, 'ssl.certificate.pem': own.cert, 'ssl.key.pem': own.key },
  ],
];

let job: FaultyJob;
afterEach(() => job.close());

describe('over wire on a secured cluster', () => {
  it.each(SECURED)('an application counts exactly once: %s', async (_, broker, settings) => {
    const client = forAll(settings);
    job = await FaultyJob.start({ transport: 'wire', broker: { ...broker, config }, config: client, client });
    const logins = performance.now() + 3 * SESSION_LIFETIME_MS;
    await job.underLoad(async () => {
      while (performance.now() < logins) await job.write(500);
    });
    await job.exact();
    await job.stop();
  });

  it.each(['consumer', 'producer', 'admin'] as const)(
    'a wrong password of the %s ends the start with an error that names the user',
    async (role) => {
      const right = forAll({ 'security.protocol': 'sasl_plaintext', ...login('SCRAM-SHA-256') });
      job = await FaultyJob.start({ transport: 'wire', broker: { sasl, config }, config: right, client: right, launch: false });
      job.begin({ [role]: { ...right[role], 'sasl.password': 'wrong' } });
      const { code, error } = await job.failure();
      expect(code).toBe('AUTHENTICATION_FAILED');
      expect(error).toContain(`refused the login of ${USER} by SCRAM-SHA-256`);
      expect(error).not.toContain('wrong');
      expect(await job.app!.exited).toBe(1);
    },
  );

  it('a certificate that nobody vouches for ends the start with an error that says so', async () => {
    const client = forAll({ 'security.protocol': 'ssl', ...trust });
    job = await FaultyJob.start({ transport: 'wire', broker: { tls, config }, config: client, client, launch: false });
    job.begin(forAll({ 'security.protocol': 'ssl', 'ssl.ca.pem': createAuthority('somebody else').cert }));
    const { code, error } = await job.failure();
    expect(code).toBe('BROKER_UNREACHABLE');
    expect(error).toMatch(/certificate/);
  });

  it('a client without a login is told to check security.protocol', async () => {
    const right = forAll({ 'security.protocol': 'sasl_plaintext', ...login('PLAIN') });
    job = await FaultyJob.start({ transport: 'wire', broker: { sasl, config }, config: right, client: right, launch: false });
    job.begin({ ...forAll({}), requestTimeoutMs: 2_000 });
    const { code, error } = await job.failure();
    expect(code).toBe('BROKER_UNREACHABLE');
    expect(error).toContain('security.protocol');
  });
});
