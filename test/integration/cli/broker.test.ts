import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CommandResult, millrace } from './command.ts';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-cli-broker-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

interface Ready {
  readonly bootstrapServers: string;
  readonly ports: readonly number[];
  readonly clusterId: string;
  readonly dataDir: string;
  readonly temporary: boolean;
}

/** Starts a broker, does something with it, and ends it with a signal. */
async function withBroker(
  args: readonly string[],
  work: (ready: Ready) => Promise<void>,
  signal: NodeJS.Signals = 'SIGTERM',
): Promise<CommandResult> {
  let working: Promise<void> = Promise.resolve();
  const ended = await millrace(['broker', '--json', ...args], {
    onOutput: {
      matching: /\n/,
      perform: (kill, stdout) => {
        working = work(JSON.parse(stdout)).finally(() => kill(signal));
        // It is told below, when the broker has ended.
        working.catch(() => undefined);
      },
    },
  });
  await working;
  return ended;
}

describe('millrace broker', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)(
    'runs until %s, keeps its data, and has its topics and settings when it says so',
    async (signal) => {
      const data = join(directory, signal);
      const options = [
        '--port',
        '0',
        '--nodes',
        '2',
        '--data',
        data,
        '--topic',
        'made:3',
        '--partitions',
        '2',
        '-c',
        'message.max.bytes=5000',
      ];
      let clusterId = '';
      const first = await withBroker(
        options,
        async (ready) => {
          expect(ready).toMatchObject({ dataDir: data, temporary: false, ports: [expect.any(Number), expect.any(Number)] });
          clusterId = ready.clusterId;
          const on = (args: readonly string[], input = '') => millrace([...args, '-b', ready.bootstrapServers], { input });
          expect((await on(['topics', 'create', 'more'])).stdout).toContain('with 2 partitions');
          expect((await on(['produce', 'made', '-p', '1'], 'kept\n')).code).toBe(0);
          expect((await on(['produce', 'made', '--timeout', '3000'], 'x'.repeat(6000))).stderr).toContain('MESSAGE_TOO_LARGE');
        },
        signal,
      );
      expect(first.code).toBe(0);
      const second = await withBroker(options, async (ready) => {
        expect(ready.clusterId).toBe(clusterId);
        const on = (args: readonly string[]) => millrace([...args, '-b', ready.bootstrapServers]);
        expect((await on(['consume', 'made', '--exit'])).stdout).toBe('kept\n');
        expect((await on(['topics', 'list', '--exclude-internal'])).stdout).toBe('made\nmore\n');
      });
      expect(second.code).toBe(0);
    },
  );

  it("takes a server.properties of Kafka's: what it knows it uses, what it does not it names", async () => {
    const data = join(directory, 'properties-data');
    const file = join(directory, 'server.properties');
    writeFileSync(
      file,
      [
        '# the usual',
        'process.roles=broker,controller',
        'node.id=1',
        'listeners=SASL_PLAINTEXT://127.0.0.1:0,CONTROLLER://127.0.0.1:29093',
        'controller.listener.names=CONTROLLER',
        'listener.security.protocol.map=SASL_PLAINTEXT:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT',
        'sasl.enabled.mechanisms=PLAIN',
        'listener.name.sasl_plaintext.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required \\',
        '  user_alice="wonder land";',
        `log.dirs=${data}`,
        'num.partitions=4',
        'num.io.threads=8',
        'no.such.setting=1',
      ].join('\n'),
    );
    const { stderr, code } = await withBroker(['--properties', file], async ({ bootstrapServers, dataDir }) => {
      expect(dataDir).toBe(data);
      const login = ['-X', 'security.protocol=SASL_PLAINTEXT', '-X', 'sasl.mechanism=PLAIN', '-X', 'sasl.username=alice', '-X'];
      const made = await millrace(['topics', 'create', 't', '-b', bootstrapServers, ...login, 'sasl.password=wonder land']);
      expect(made.stdout).toContain('with 4 partitions');
      const refused = await millrace(['topics', 'list', '-b', bootstrapServers, ...login, 'sasl.password=wrong']);
      expect(refused.stderr).toContain('AUTHENTICATION_FAILED');
      expect(refused.code).toBe(1);
    });
    expect(stderr).toMatch(/not used of .*: .*process\.roles.*num\.io\.threads/);
    expect(stderr).toContain('no.such.setting');
    expect(code).toBe(0);
  });

  it('says in plain words where it is, and that its data is temporary', async () => {
    const { stdout, code } = await millrace(['broker', '--port', '0'], {
      onOutput: { matching: /stop/, perform: (kill) => kill('SIGINT') },
    });
    expect(stdout).toMatch(/Kafka broker at 127\.0\.0\.1:\d+\n/);
    expect(stdout).toMatch(/temporary.*--data DIR/);
    expect(code).toBe(0);
  });

  it('names what is wrong with its options', async () => {
    const fails = async (code: number, args: readonly string[], ...parts: string[]) => {
      const result = await millrace(['broker', ...args]);
      for (const part of parts) expect(result.stderr).toContain(part);
      expect(result.stderr).not.toMatch(/\n\s+at .*:\d+/);
      expect(result.code).toBe(code);
    };
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const address = taken.address();
    const port = typeof address === 'object' && address !== null ? String(address.port) : '';
    await fails(1, ['--port', port], 'PORT_IN_USE', port, '--port');
    taken.close();
    await fails(1, ['--port', '0', '--data', '/dev/null/data'], 'DATA_DIR_UNUSABLE', '/dev/null/data');
    await fails(1, ['--port', '0', '-c', 'num.partitions=many'], 'INVALID_CONFIG', 'num.partitions');
    await fails(1, ['--port', '0', '--topic', 'a:2:3'], 'INVALID_CONFIG', 'Topic "a"');
    await fails(1, ['--properties', join(directory, 'none')], 'INVALID_CONFIG', 'none');
    await fails(2, ['--port', '65536'], '--port', 'from 0 to 65535');
    await fails(2, ['--topic', 'a:b'], '--topic', 'name:partitions');
    await fails(2, ['--flush', 'sometimes'], '--flush', 'none, interval, batch');
    await fails(2, ['--tls-cert', 'cert.pem'], '--tls-key');
    await fails(2, ['--prot', '9092'], "unknown option '--prot'", '--port');
  });
});
