import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { jsonLines, Tour } from './tour.ts';

const launcher = fileURLToPath(new URL('../../../bin/millrace.js', import.meta.url));

let tour: Tour;
beforeAll(async () => {
  tour = await Tour.start({ nodes: 2 });
});
afterAll(() => tour.close());

describe('produce and consume', () => {
  it('copy a topic with keys, headers, timestamps, nulls and bytes that are no text', async () => {
    const [from, to] = [tour.name('from'), tour.name('to')];
    const lines = [
      {
        key: 'k',
        value: 'v',
        headers: [
          { key: 'a', value: '1' },
          { key: 'a', value: null },
          { key: 'b', value: '/w==', encoding: 'base64' },
        ],
        timestamp: 1700000000000,
      },
      { key: null, value: null, headers: [], timestamp: 1700000000001 },
      { key: '/w==', keyEncoding: 'base64', value: '', headers: [], timestamp: 1700000000002 },
    ];
    await tour.run(['topics', 'create', from, to]);
    await tour.run(['produce', from, '--json'], lines.map((line) => JSON.stringify(line)).join('\n'));
    const first = await tour.run(['consume', from, '--exit', '--json']);
    await tour.run(['produce', to, '--json'], first);
    const second = jsonLines(await tour.run(['consume', to, '--exit', '--json']));
    expect(second.map(({ topic, partition, offset, timestampType, ...line }) => line)).toEqual(lines);
    expect(second.map(({ offset }) => offset)).toEqual([0, 1, 2]);
  });

  it('are binary safe', async () => {
    const topic = tour.name('binary');
    await tour.run(['topics', 'create', topic]);
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte).filter((byte) => byte !== 0x0a));
    await tour.run(['produce', topic], bytes);
    expect(await tour.run(['consume', topic, '--exit', '--value-format', 'hex'])).toBe(`${bytes.toString('hex')}\n`);
    await tour.run(['produce', topic, '-D', '\\0'], 'two\nlines\0and one\0');
    expect(await tour.run(['consume', topic, '-o', '-2', '--exit', '-D', '|'])).toBe('two\nlines|and one|');
  });

  it.each(['none', 'gzip', 'snappy', 'lz4', 'zstd'])('with compression %s', async (codec) => {
    const topic = tour.name(codec);
    await tour.run(['topics', 'create', topic]);
    const input = Array.from({ length: 2_000 }, (_, n) => `line ${n}\n`).join('');
    await tour.run(['produce', topic, '--compression', codec], input);
    expect(await tour.run(['consume', topic, '--exit'])).toBe(input);
  });

  it("with the formats of Kafka's scripts and of kcat", async () => {
    const topic = tour.name('formats');
    await tour.run(['topics', 'create', '--topic', topic, '--partitions', '1', '--replication-factor', '1']);
    await tour.run(
      ['produce', '-t', topic, '--property', 'parse.key=true', '--property', 'key.separator=:', '-H', 'h=x', '--timestamp', '42'],
      'k:v\n',
    );
    await tour.run(['produce', topic, '--key-format', 'int', '--value-format', 'long', '-K', '|', '--timestamp', '43'], '7|-9000000000\n');
    expect(await tour.run(['consume', topic, '-o', 'beginning', '-e', '-n', '1', '-f', '%t/%p@%o %k=%s (%K,%S) %T %h%%\\n'])).toBe(
      `${topic}/0@0 k=v (1,1) 42 h=x%\n`,
    );
    const properties = ['print.key', 'print.timestamp', 'print.partition', 'print.offset', 'print.headers'].flatMap((name) => [
      '--property',
      `${name}=true`,
    ]);
    expect(await tour.run(['consume', '--topic', topic, '--from-beginning', '--max-messages', '1', ...properties])).toBe(
      'CreateTime:42\tPartition:0\tOffset:0\th:x\tk\tv\n',
    );
    expect(
      await tour.run([
        'consume',
        topic,
        '-o',
        '1',
        '-e',
        '-K',
        ' ',
        '--key-format',
        'int',
        '--value-deserializer',
        'org.apache.kafka.common.serialization.LongDeserializer',
      ]),
    ).toBe('7 -9000000000\n');
  });

  it('into partitions by number and by key, as Java does', async () => {
    const topic = tour.name('placed');
    await tour.run(['topics', 'create', topic, '-p', '4']);
    await tour.run(['produce', topic, '-p', '3'], 'by number\n');
    await tour.run(['produce', topic, '-K', ':'], 'a:1\nb:2\nc:3\nd:4\n');
    const read = jsonLines(await tour.run(['consume', topic, '--exit', '--json']));
    const placed = Object.fromEntries(read.map(({ key, partition }) => [key, partition]));
    // As Kafka's Utils.toPositive(Utils.murmur2(key)) % 4 has it.
    expect(placed).toEqual({ null: 3, a: 0, b: 0, c: 2, d: 1 });
    expect(await tour.run(['consume', topic, '-p', '1', '--exit'])).toBe('4\n');
  });

  it('in transactions: an aborted one is not seen by readers of committed records', async () => {
    const topic = tour.name('transactions');
    const id = tour.name('producer');
    await tour.run(['topics', 'create', topic]);
    await tour.run(['produce', topic, '--transactional-id', id], 'committed\n');
    const args = ['produce', topic, '--transactional-id', id, '--json', '-b', tour.bootstrap];
    const child = spawn(process.execPath, [launcher, ...args], { stdio: ['pipe', 'ignore', 'pipe'] });
    let stderr = '';
    child.stderr.on('data', (data: Buffer) => {
      stderr += data.toString();
    });
    const ended = new Promise((resolve) => child.on('close', resolve));
    child.stdin.write('{"value":"aborted"}\n');
    // The record, the marker, and this one: it is in the log before the bad line comes.
    await expect
      .poll(async () => (await tour.json(['offsets', topic])).partitions[0].endOffset, { timeout: 60_000, interval: 300 })
      .toBe(3);
    child.stdin.end('not json\n');
    expect(await ended).toBe(1);
    expect(stderr).toContain('Line 2 of stdin');
    expect(await tour.run(['consume', topic, '--exit', '--isolation', 'read_uncommitted'])).toBe('committed\naborted\n');
    expect(await tour.run(['consume', topic, '--exit', '--isolation', 'read_committed'])).toBe('committed\n');
    const many = Array.from({ length: 25 }, (_, n) => `${n}\n`).join('');
    await tour.run(['produce', topic, '--transactional-id', id, '--transaction-records', '10'], many);
    expect(await tour.run(['consume', topic, '--exit', '-o', '4', '--isolation-level', 'read_committed'])).toBe(many);
  });

  it('the reader of stdout going away is a quiet end', async () => {
    const topic = tour.name('pipe');
    await tour.run(['topics', 'create', topic, '-p', '2']);
    await tour.run(['produce', topic], Array.from({ length: 200_000 }, (_, n) => `a line that is not short, number ${n}\n`).join(''));
    const child = spawn(process.execPath, [launcher, 'consume', topic, '--from-beginning', '-b', tour.bootstrap], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stderr = '';
    child.stderr.on('data', (data: Buffer) => {
      stderr += data.toString();
    });
    child.stdout.once('data', () => child.stdout.destroy());
    const code = await new Promise((resolve) => child.on('close', resolve));
    expect(stderr).toBe('');
    expect(code).toBe(0);
  });

  it('Ctrl-C of a group member commits what was shown and leaves the group', async () => {
    const topic = tour.name('interrupted');
    const group = tour.name('interrupted-group');
    await tour.run(['topics', 'create', topic]);
    await tour.run(['produce', topic], 'one\ntwo\n');
    const { stdout, code } = await tour.try(['consume', topic, '--group', group, '--from-beginning'], {
      onOutput: { matching: /two/, perform: (kill) => kill('SIGINT') },
    });
    expect(stdout).toBe('one\ntwo\n');
    expect(code).toBe(130);
    expect((await tour.json(['groups', 'describe', group])).groups[0]).toMatchObject({ state: 'Empty', members: [], totalLag: 0 });
  });
});
