import { execFile, execFileSync, spawn } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Broker } from '../../../src/broker/index.ts';

const run = promisify(execFile);

function kcatVersion(): string | undefined {
  try {
    return execFileSync('kcat', ['-V'], { encoding: 'utf8' });
  } catch {
    return undefined;
  }
}

const version = kcatVersion();
if (version === undefined) console.warn('kcat is not installed, so its tests are skipped: apt-get install kcat');

let broker: Broker;

beforeAll(async () => {
  broker = await Broker.start({ defaultPartitions: 3, logLevel: 'error' });
});

afterAll(() => broker.close());

const kcat = async (...args: string[]): Promise<string> =>
  (await run('kcat', ['-b', broker.bootstrapServers, ...args], { timeout: 20_000 })).stdout;

function produce(input: string, ...args: string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('kcat', ['-b', broker.bootstrapServers, '-P', ...args], { stdio: ['pipe', 'ignore', 'inherit'] });
    child.on('error', reject);
    child.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`kcat ended with code ${code}`))));
    child.stdin.end(input);
  });
}

const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '');
const CONSUME = ['-C', '-e', '-q', '-o', 'beginning', '-X', 'check.crcs=true'];

describe.skipIf(version === undefined)('kcat (librdkafka of the distribution)', () => {
  it('lists the broker', async () => {
    expect(await kcat('-L')).toContain(`broker 1 at 127.0.0.1:${broker.port} (controller)`);
  });

  it.each(['none', 'gzip', 'snappy', 'lz4', 'zstd'])('produces with compression %s and reads it back', async (codec) => {
    const topic = `codec-${codec}`;
    const input = Array.from({ length: 1000 }, (_, index) => `key${index}:value ${index}`);
    await produce(input.join('\n'), '-t', topic, '-K', ':', '-z', codec);
    const output = lines(await kcat(...CONSUME, '-t', topic, '-K', ':'));
    expect(output.sort()).toEqual(input.sort());
  });

  it('produces idempotently and with acks 0, 1 and all', async () => {
    await produce('a\nb', '-t', 'acks', '-p', '0', '-X', 'enable.idempotence=true');
    await produce('c', '-t', 'acks', '-p', '0', '-X', 'acks=0');
    await produce('d', '-t', 'acks', '-p', '0', '-X', 'acks=1');
    expect(lines(await kcat(...CONSUME, '-t', 'acks', '-p', '0'))).toEqual(['a', 'b', 'c', 'd']);
  });

  it('asks for offsets', async () => {
    await produce('a\nb\nc', '-t', 'offsets', '-p', '1');
    expect(await kcat('-Q', '-t', 'offsets:1:-1')).toContain('offsets [1] offset 3');
    expect(await kcat('-Q', '-t', 'offsets:1:-2')).toContain('offsets [1] offset 0');
  });

  it('consumes as a member of a group and goes on where the group stopped', async () => {
    await produce('1\n2\n3', '-t', 'grouped');
    const group = ['-G', 'kcat-group', '-e', '-q', '-X', 'auto.offset.reset=earliest', 'grouped'];
    expect(lines(await kcat(...group)).sort()).toEqual(['1', '2', '3']);
    await produce('4', '-t', 'grouped');
    expect(lines(await kcat(...group))).toEqual(['4']);
  });
});
