import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Broker } from '../../../src/broker/index.ts';
import { type CommandResult, millrace } from './command.ts';

let broker: Broker;
let directory: string;
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-cli-security-'));
  broker = await Broker.start({
    logLevel: 'silent',
    sasl: { users: { admin: 'root', alice: 'wonder' } },
    authorization: { superUsers: ['User:admin'] },
  });
});
afterAll(async () => {
  await broker.close();
  rmSync(directory, { recursive: true, force: true });
});

/** Runs a command as somebody, by settings on the command line. */
function as(user: string, password: string, args: readonly string[], input = ''): Promise<CommandResult> {
  const settings = [
    'security.protocol=SASL_PLAINTEXT',
    'sasl.mechanism=SCRAM-SHA-256',
    `sasl.username=${user}`,
    `sasl.password=${password}`,
  ];
  return millrace([...args, '-b', broker.bootstrapServers, ...settings.flatMap((setting) => ['-X', setting])], { input });
}

async function admin(args: readonly string[], input = ''): Promise<string> {
  const { code, stdout, stderr } = await as('admin', 'root', args, input);
  expect(code, stderr).toBe(0);
  return stdout;
}

describe('with logins and ACLs', () => {
  it('acls are added, listed and removed, and decide who may do what', async () => {
    await admin(['topics', 'create', 'guarded']);
    const refused = await as('alice', 'wonder', ['produce', 'guarded'], 'x\n');
    expect(refused.stderr).toContain('TOPIC_AUTHORIZATION_FAILED');
    expect(refused.code).toBe(1);
    await admin(['acls', 'add', '--allow-principal', 'User:alice', '--producer', '--topic', 'guarded']);
    expect((await as('alice', 'wonder', ['produce', 'guarded'], 'x\n')).code).toBe(0);
    await admin(['acls', 'add', '--allow-principal', 'User:alice', '--consumer', '--topic', 'guarded', '--group', 'readers']);
    expect((await as('alice', 'wonder', ['consume', 'guarded', '--exit', '--group', 'readers'])).stdout).toBe('x\n');
    const { acls } = JSON.parse(await admin(['acls', 'list', '--topic', 'guarded', '--json']));
    expect(acls.map(({ operation }: { operation: string }) => operation).sort()).toEqual(['create', 'describe', 'read', 'write']);
    expect(acls[0]).toMatchObject({
      resourceType: 'topic',
      resourceName: 'guarded',
      patternType: 'literal',
      principal: 'User:alice',
      host: '*',
      permission: 'allow',
    });
    await admin(['acls', 'remove', '--topic', 'guarded', '--operation', 'read']);
    expect((await as('alice', 'wonder', ['consume', 'guarded', '--exit'])).stderr).toContain('TOPIC_AUTHORIZATION_FAILED');
  });

  it('users get passwords, and lose them', async () => {
    await admin(['users', 'set', 'bob', '--password-stdin'], 'builder\n');
    const { users } = JSON.parse(await admin(['users', 'list', '--json']));
    expect(users).toContainEqual({ user: 'bob', credentials: [{ mechanism: 'SCRAM-SHA-256', iterations: 4096 }] });
    expect((await as('bob', 'builder', ['topics', 'list'])).code).toBe(0);
    await admin(['users', 'delete', 'bob']);
    const gone = await as('bob', 'builder', ['topics', 'list']);
    expect(gone.stderr).toContain('AUTHENTICATION_FAILED');
    expect(gone.code).toBe(1);
  });

  it("settings come from a properties file of Kafka's too, and -X wins", async () => {
    const file = join(directory, 'client.properties');
    const login = 'org.apache.kafka.common.security.plain.PlainLoginModule required username="alice" password="wonder";';
    writeFileSync(
      file,
      `security.protocol=SASL_PLAINTEXT\nsasl.mechanism=PLAIN\nbootstrap.servers=${broker.bootstrapServers}\nsasl.jaas.config=${login}\n`,
    );
    expect((await millrace(['topics', 'list', '--command-config', file])).code).toBe(0);
    const wrong = await millrace(['topics', 'list', '--command-config', file, '-X', 'sasl.username=alice', '-X', 'sasl.password=wrong']);
    expect(wrong.stderr).toContain('AUTHENTICATION_FAILED');
    const missing = await millrace(['topics', 'list', '--command-config', join(directory, 'none')]);
    expect(missing.stderr).toContain('INVALID_CONFIG');
    expect(missing.code).toBe(1);
  });
});
