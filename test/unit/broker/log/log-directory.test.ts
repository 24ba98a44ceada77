import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { LogDirectory, nodeFileSystem, readMetaProperties, writeMetaProperties } from '../../../../src/broker/log/index.ts';
import { CrashFileSystem } from './support/crash-file-system.ts';
import { batchOf, client, ManualClock, readAll, TOPIC_ID, temporaryDirectory } from './support/harness.ts';

let temporary: ReturnType<typeof temporaryDirectory>;
let path: string;
const clock = new ManualClock();

beforeEach(() => {
  temporary = temporaryDirectory();
  path = `${temporary.path}/data`;
});
afterEach(() => temporary.remove());

const partition = (topic: string, number: number): Parameters<LogDirectory['openPartition']>[0] => ({
  topic,
  partition: number,
  topicId: TOPIC_ID,
  config: {},
});

it('lets only one broker in at a time', async () => {
  const first = LogDirectory.open({ path, clock });
  expect(() => LogDirectory.open({ path, clock })).toThrow(/in use by process \d+/);
  await first.close();
  await LogDirectory.open({ path, clock }).close();
});

it('takes over the lock of a process that is gone, or that had our process id in an earlier life', async () => {
  const child = spawn(process.execPath, ['-e', '']);
  await new Promise((resolve) => child.once('exit', resolve));
  for (const content of [
    JSON.stringify({ pid: child.pid, started: 'x', token: 't' }),
    JSON.stringify({ pid: process.pid, started: 'an earlier boot', token: 't' }),
    '',
  ]) {
    mkdirSync(path, { recursive: true });
    writeFileSync(`${path}/.lock`, content);
    const directory = LogDirectory.open({ path, clock });
    expect(JSON.parse(readFileSync(`${path}/.lock`, 'utf8')).pid).toBe(process.pid);
    await directory.close();
    expect(readdirSync(path).filter((name) => name.startsWith('.lock'))).toEqual([]);
  }
});

it('says what is wrong with a directory it cannot use', () => {
  writeFileSync(`${temporary.path}/file`, '');
  expect(() => LogDirectory.open({ path: `${temporary.path}/file/data`, clock })).toThrow(/cannot be used: .*ENOTDIR.*writable/s);
});

it('finds its partitions again, with their ids, starts and contents', async () => {
  const directory = LogDirectory.open({ path, clock });
  const log = await directory.openPartition(partition('with-dashes-1', 12));
  await directory.openPartition(partition('other', 0));
  for (let index = 0; index < 10; index++) log.append(batchOf([`v${index}`]), client);
  log.deleteRecordsBefore(4);
  await directory.close();

  const again = LogDirectory.open({ path, clock });
  expect(again.wasCleanShutdown).toBe(true);
  const found = again.findPartitions().sort((left, right) => left.topic.localeCompare(right.topic));
  expect(found.map(({ topic, partition: number, topicId }) => [topic, number, topicId])).toEqual([
    ['other', 0, TOPIC_ID],
    ['with-dashes-1', 12, TOPIC_ID],
  ]);
  const reopened = await again.openPartition(partition('with-dashes-1', 12));
  expect(reopened.logStartOffset).toBe(4);
  expect((await readAll(reopened)).map((record) => record.offset)).toEqual([4, 5, 6, 7, 8, 9]);
  expect(reopened.leaderEpoch).toBe(0);
  await again.close();
});

it('checks logs after a crash, and keeps saying so until every partition was checked', async () => {
  const fs = new CrashFileSystem();
  const open = (files: CrashFileSystem): LogDirectory => LogDirectory.open({ path: '/data', clock, fs: files });
  const directory = open(fs);
  for (const number of [0, 1]) (await directory.openPartition(partition('t', number))).append(batchOf(['a']), client);
  const crashed = fs.afterKill();
  crashed.remove('/data/.lock');
  const second = open(crashed);
  expect(second.wasCleanShutdown).toBe(false);
  expect((await second.openPartition(partition('t', 0))).leaderEpoch).toBe(1);
  await second.close();
  const third = open(crashed);
  expect(third.wasCleanShutdown).toBe(false);
  for (const number of [0, 1]) await third.openPartition(partition('t', number));
  await third.close();
  expect(open(crashed).wasCleanShutdown).toBe(true);
});

it('writes checkpoints that a start after a crash can use, also for partitions it has not opened', async () => {
  const fs = new CrashFileSystem();
  const timed = new ManualClock();
  const directory = LogDirectory.open({ path: '/data', clock: timed, fs });
  const log = await directory.openPartition(partition('t', 0));
  for (let index = 0; index < 5; index++) log.append(batchOf([`v${index}`]), client);
  log.deleteRecordsBefore(3);
  timed.advance(5000);
  const crashed = fs.afterKill();
  crashed.remove('/data/.lock');
  const again = LogDirectory.open({ path: '/data', clock: timed, fs: crashed });
  await again.openPartition(partition('u', 0));
  timed.advance(5000);
  expect((await again.openPartition(partition('t', 0))).logStartOffset).toBe(3);
  expect(crashed.readFile('/data/log-start-offset-checkpoint').toString()).toBe('0\n2\nt 0 3\nu 0 0\n');
});

it('deletes a partition for good, and can create it anew', async () => {
  const directory = LogDirectory.open({ path, clock });
  const log = await directory.openPartition(partition('t', 0));
  log.append(batchOf(['old']), client);
  await directory.deletePartition(log);
  expect(readdirSync(path).some((name) => name.startsWith('t-'))).toBe(false);
  const fresh = await directory.openPartition(partition('t', 0));
  expect([fresh.logStartOffset, fresh.logEndOffset]).toEqual([0, 0]);
  mkdirSync(`${path}/gone-0.0123-delete`);
  await directory.close();
  await LogDirectory.open({ path, clock }).close();
  expect(existsSync(`${path}/gone-0.0123-delete`)).toBe(false);
});

it('keeps memory and open files within what is configured, over all partitions', { timeout: 60_000 }, async () => {
  const directory = LogDirectory.open({ path, clock, tailCacheBytes: 256 * 1024, maxOpenFiles: 8, indexCacheBytes: 4096 });
  const logs = [];
  for (let number = 0; number < 12; number++) {
    logs.push(
      await directory.openPartition({ ...partition('t', number), config: { 'segment.bytes': '20000', 'index.interval.bytes': '1' } }),
    );
  }
  for (let round = 0; round < 40; round++) {
    for (const log of logs) log.append(batchOf([{ key: 'k', value: 'x'.repeat(1500) }]), client);
    const { tail, files } = directory.resources;
    expect(tail.sizeInBytes).toBeLessThanOrEqual(256 * 1024);
    expect(files.openCount).toBeLessThanOrEqual(8);
  }
  for (const log of logs) expect(await readAll(log)).toHaveLength(40);
  expect(directory.resources.indexes.sizeInBytes).toBeLessThanOrEqual(4096);
  await directory.close();
});

it('reads and writes meta.properties', () => {
  mkdirSync(path);
  expect(readMetaProperties(nodeFileSystem, path).size).toBe(0);
  writeMetaProperties(
    nodeFileSystem,
    path,
    new Map([
      ['version', '1'],
      ['cluster.id', 'a=b'],
    ]),
  );
  writeFileSync(`${path}/meta.properties`, `#comment\n${readFileSync(`${path}/meta.properties`, 'utf8')}`);
  expect([...readMetaProperties(nodeFileSystem, path)]).toEqual([
    ['version', '1'],
    ['cluster.id', 'a=b'],
  ]);
});
