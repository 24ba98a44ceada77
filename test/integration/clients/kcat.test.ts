import { execFile, execFileSync, spawn } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runPrefix, startTestBroker, type TestBroker } from './matrix.ts';

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

let broker: TestBroker;

beforeAll(async () => {
  broker = await startTestBroker({ 'num.partitions': '3' });
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

/** A name that nobody else uses. */
const name = (what: string): string => `${runPrefix}-kcat-${what}`;
const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '');
const CONSUME = ['-C', '-e', '-q', '-o', 'beginning', '-X', 'check.crcs=true'];

describe.skipIf(version === undefined)('kcat (librdkafka of the distribution)', () => {
  it('lists the broker', async () => {
    const listed = await kcat('-L');
    for (const server of broker.bootstrapServers.split(',')) expect(listed).toContain(` at ${server}`);
    expect(listed).toContain('(controller)');
  });

  it.each(['none', 'gzip', 'snappy', 'lz4', 'zstd'])('produces with compression %s and reads it back', async (codec) => {
    const topic = name(`codec-${codec}`);
    const input = Array.from({ length: 1000 }, (_, index) => `key${index}:value ${index}`);
    await produce(input.join('\n'), '-t', topic, '-K', ':', '-z', codec);
    const output = lines(await kcat(...CONSUME, '-t', topic, '-K', ':'));
    expect(output.sort()).toEqual(input.sort());
  });

  it('produces idempotently and with acks 0, 1 and all', async () => {
    await produce('a\nb', '-t', name('acks'), '-p', '0', '-X', 'enable.idempotence=true');
    await produce('c', '-t', name('acks'), '-p', '0', '-X', 'acks=0');
    await produce('d', '-t', name('acks'), '-p', '0', '-X', 'acks=1');
    expect(lines(await kcat(...CONSUME, '-t', name('acks'), '-p', '0'))).toEqual(['a', 'b', 'c', 'd']);
  });

  it('asks for offsets', async () => {
    await produce('a\nb\nc', '-t', name('offsets'), '-p', '1');
    expect(await kcat('-Q', '-t', `${name('offsets')}:1:-1`)).toContain(`${name('offsets')} [1] offset 3`);
    expect(await kcat('-Q', '-t', `${name('offsets')}:1:-2`)).toContain(`${name('offsets')} [1] offset 0`);
  });

  it('consumes as a member of a group and goes on where the group stopped', async () => {
    await produce('1\n2\n3', '-t', name('grouped'));
    const group = ['-G', name('kcat-group'), '-e', '-q', '-X', 'auto.offset.reset=earliest', name('grouped')];
    expect(lines(await kcat(...group)).sort()).toEqual(['1', '2', '3']);
    await produce('4', '-t', name('grouped'));
    expect(lines(await kcat(...group))).toEqual(['4']);
  });
});
