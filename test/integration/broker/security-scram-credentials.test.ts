import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Broker } from '../../../src/broker/index.ts';
import {
  AlterUserScramCredentials,
  DescribeUserScramCredentials,
  ErrorCode,
  SCRAM_SHA_256,
  SCRAM_SHA_512,
  scramSaltedPassword,
} from '../../../src/protocol/index.ts';
import { loginPlain, loginScram } from './login.ts';
import { WireClient } from './wire-client.ts';

let broker: Broker;
const clients: WireClient[] = [];

beforeAll(async () => {
  broker = await Broker.start({
    thread: false,
    sasl: { users: { alice: 'alice-secret', bob: 'bob-secret' } },
    config: { 'connection.failed.authentication.delay.ms': '0' },
    logLevel: 'error',
  });
});

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
});

afterAll(() => broker.close());

async function connect(): Promise<WireClient> {
  const client = await WireClient.connect(broker.port);
  clients.push(client);
  return client;
}

describe('SCRAM credentials', () => {
  const upsertion = async (name: string, password: string, mechanism = SCRAM_SHA_256, iterations = 4096) => {
    const salt = Buffer.from(`salt of ${name}`);
    return {
      name,
      mechanism: mechanism.type,
      iterations,
      salt,
      saltedPassword: await scramSaltedPassword(mechanism, password, salt, iterations),
    };
  };

  it('are described, added, changed, deleted, and used at once', async () => {
    const admin = await connect();
    await loginPlain(admin, 'alice', 'alice-secret');
    const described = await admin.send(DescribeUserScramCredentials, 0, { users: null });
    const seeded = [SCRAM_SHA_256, SCRAM_SHA_512].map(({ type }) => ({ mechanism: type, iterations: 4096 }));
    expect(described.results.map(({ user, credentialInfos }) => ({ user, credentialInfos }))).toEqual([
      { user: 'alice', credentialInfos: seeded },
      { user: 'bob', credentialInfos: seeded },
    ]);

    const carol = await upsertion('carol', 'carol-secret', SCRAM_SHA_512, 8192);
    const added = await admin.send(AlterUserScramCredentials, 0, { deletions: [], upsertions: [carol] });
    expect(added.results).toEqual([{ user: 'carol', errorCode: 0, errorMessage: null }]);
    const login = { mechanism: 'SCRAM-SHA-512', userName: 'carol' };
    expect((await loginScram(await connect(), { ...login, password: 'carol-secret' })).last.errorCode).toBe(0);

    const changed = await upsertion('carol', 'changed-secret', SCRAM_SHA_512);
    await admin.send(AlterUserScramCredentials, 0, { deletions: [], upsertions: [changed] });
    expect((await loginScram(await connect(), { ...login, password: 'carol-secret' })).last.errorCode).toBe(58);
    expect((await loginScram(await connect(), { ...login, password: 'changed-secret' })).last.errorCode).toBe(0);

    const deletions = [{ name: 'carol', mechanism: SCRAM_SHA_512.type }];
    await admin.send(AlterUserScramCredentials, 0, { deletions, upsertions: [] });
    expect((await loginScram(await connect(), { ...login, password: 'changed-secret' })).last.errorCode).toBe(58);
    const gone = await admin.send(DescribeUserScramCredentials, 0, { users: [{ name: 'carol' }, { name: 'bob' }, { name: 'bob' }] });
    expect(gone.results.map(({ user, errorCode }) => [user, errorCode])).toEqual([
      ['carol', ErrorCode.RESOURCE_NOT_FOUND],
      ['bob', ErrorCode.DUPLICATE_RESOURCE],
    ]);
  });

  it('that cannot be are refused, one by one', async () => {
    const admin = await connect();
    await loginPlain(admin, 'alice', 'alice-secret');
    const { results } = await admin.send(AlterUserScramCredentials, 0, {
      deletions: [
        { name: 'nobody', mechanism: 1 },
        { name: 'bob', mechanism: 1 },
      ],
      upsertions: [
        await upsertion('bob', 'x'),
        await upsertion('few', 'x', SCRAM_SHA_256, 4095),
        { ...(await upsertion('many', 'x')), iterations: 16385 },
        await upsertion('', 'x'),
        { ...(await upsertion('unknown', 'x')), mechanism: 3 },
        await upsertion('fine', 'x'),
      ],
    });
    expect(Object.fromEntries(results.map(({ user, errorCode }) => [user, errorCode]))).toEqual({
      nobody: ErrorCode.RESOURCE_NOT_FOUND,
      bob: ErrorCode.DUPLICATE_RESOURCE,
      few: ErrorCode.UNACCEPTABLE_CREDENTIAL,
      many: ErrorCode.UNACCEPTABLE_CREDENTIAL,
      '': ErrorCode.UNACCEPTABLE_CREDENTIAL,
      unknown: ErrorCode.UNSUPPORTED_SASL_MECHANISM,
      fine: ErrorCode.NONE,
    });
    expect(
      (await loginScram(await connect(), { mechanism: 'SCRAM-SHA-256', userName: 'bob', password: 'bob-secret' })).last.errorCode,
    ).toBe(0);
    await admin.send(AlterUserScramCredentials, 0, { deletions: [{ name: 'fine', mechanism: 1 }], upsertions: [] });
  });
});
