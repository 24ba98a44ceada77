import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Tour } from './tour.ts';

let tour: Tour;
let directory: string;
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-cli-admin-'));
  tour = await Tour.start({ nodes: 3 });
});
afterAll(async () => {
  await tour.close();
  rmSync(directory, { recursive: true, force: true });
});

describe('configs', () => {
  it('of a topic, set and deleted, in our words and in those of kafka-configs.sh', async () => {
    const topic = tour.name('configured');
    await tour.run(['topics', 'create', topic]);
    await tour.run(['configs', 'alter', 'topic', topic, '--set', 'retention.ms=60000', '-s', 'segment.ms=50000']);
    await tour.run([
      'configs',
      'alter',
      '--entity-type',
      'topics',
      '--entity-name',
      topic,
      '--add-config',
      'cleanup.policy=[compact,delete],retention.bytes=5000000',
      '--delete-config',
      'segment.ms',
    ]);
    const { configs } = await tour.json(['configs', 'describe', 'topic', topic]);
    expect(Object.fromEntries(configs.map(({ name, value }: { name: string; value: string }) => [name, value]))).toEqual({
      'cleanup.policy': 'compact,delete',
      'retention.bytes': '5000000',
      'retention.ms': '60000',
    });
    const all = (await tour.json(['configs', 'describe', '--topic', topic, '--all'])).configs;
    expect(all.find(({ name }: { name: string }) => name === 'segment.bytes')).toMatchObject({ value: '1073741824' });
  });

  it('of all brokers', async () => {
    await tour.run(['configs', 'alter', 'broker', '--set', 'log.cleaner.backoff.ms=20000']);
    const { configs } = await tour.json(['configs', 'describe', 'broker']);
    expect(configs).toContainEqual(
      expect.objectContaining({ name: 'log.cleaner.backoff.ms', value: '20000', source: 'DYNAMIC_DEFAULT_BROKER_CONFIG' }),
    );
    await tour.run(['configs', 'alter', 'broker', '--delete', 'log.cleaner.backoff.ms']);
  });
});

describe('groups', () => {
  it('reset by number, time and file, within what the log has', async () => {
    const [topic, group] = [tour.name('reset'), tour.name('reset-group')];
    await tour.run(['topics', 'create', topic, '-p', '2']);
    await tour.run(['produce', topic, '-p', '0', '--timestamp', '2026-03-01T12:00:00Z'], 'a\nb\nc\n');
    await tour.run(['produce', topic, '-p', '0', '--timestamp', '2026-03-02T12:00:00Z'], 'd\n');
    const reset = async (...args: string[]) =>
      (await tour.json(['groups', 'reset-offsets', group, ...args])).partitions.map(({ partition, newOffset }: any) => [
        partition,
        newOffset,
      ]);
    expect(await reset('--topic', topic, '--to-latest', '--execute')).toEqual([
      [0, 4],
      [1, 0],
    ]);
    expect(await reset('--topic', `${topic}:0`, '--shift-by', '-1')).toEqual([[0, 3]]);
    expect(await reset('--topic', `${topic}:0`, '--to-datetime', '2026-03-02T00:00:00.000')).toEqual([[0, 3]]);
    const file = join(directory, 'offsets.csv');
    writeFileSync(file, `${topic},0,2\n`);
    expect(await reset('--from-file', file, '--execute')).toEqual([[0, 2]]);
    expect(await tour.run(['consume', topic, '--group', group, '--exit'])).toBe('c\nd\n');
    const { stdout, stderr } = await tour.try(['groups', 'reset-offsets', group, '--topic', `${topic}:0`, '--to-offset', '99', '--export']);
    expect(stderr).toContain('has no offset 99');
    expect(stdout).toBe(`${topic},0,4\n`);
    await tour.run(['groups', 'delete-offsets', group, '--topic', `${topic}:1`]);
    expect((await tour.json(['groups', 'describe', group])).groups[0].offsets.map(({ partition }: any) => partition)).toEqual([0]);
  });

  it('show their members and refuse a reset while they have any', async () => {
    const [topic, group] = [tour.name('live'), tour.name('live-group')];
    await tour.run(['topics', 'create', topic, '-p', '2']);
    await tour.run(['produce', topic], 'one\n');
    let looked: Promise<void> = Promise.resolve();
    const member = await tour.try(['consume', topic, '--group', group, '--from-beginning', '-X', 'client.id=reader'], {
      onOutput: { matching: /one/, perform: (kill) => (looked = look().finally(() => kill('SIGTERM'))) },
    });
    await looked;
    expect(member.code).toBe(143);

    async function look(): Promise<void> {
      const [described] = (await tour.json(['groups', 'describe', group])).groups;
      expect(described).toMatchObject({ groupId: group, state: 'Stable', assignor: 'range', members: [{ clientId: 'reader' }] });
      expect(described.members[0].partitions).toEqual([
        { topic, partition: 0 },
        { topic, partition: 1 },
      ]);
      await tour.fails(1, ['groups', 'reset-offsets', group, '--topic', topic, '--to-earliest', '--execute'], ['1 member', 'Stop']);
      await tour.fails(1, ['groups', 'delete', group], ['NON_EMPTY_GROUP']);
      expect(await tour.run(['groups', 'list', '--state', 'Stable'])).toContain(group);
    }
  });

  it('share the partitions of a topic among members, and take over those of one that leaves', async () => {
    const [topic, group] = [tour.name('shared'), tour.name('shared-group')];
    await tour.run(['topics', 'create', topic, '-p', '2']);
    await tour.run(['produce', topic, '-p', '0'], 'zero\n');
    await tour.run(['produce', topic, '-p', '1'], 'one\n');
    const first = tour.try(['consume', topic, '--group', group, '--from-beginning', '--max-messages', '4']);
    await expect
      .poll(async () => (await tour.try(['groups', 'describe', group, '--json'])).stdout, { timeout: 60_000, interval: 500 })
      .toContain('"state":"Stable"');
    const second = await tour.try(['consume', topic, '--group', group, '--timeout', '3000']);
    expect(second.code).toBe(0);
    await tour.run(['produce', topic, '-p', '0'], 'zero again\n');
    await tour.run(['produce', topic, '-p', '1'], 'one again\n');
    const { stdout, code } = await first;
    expect(
      stdout
        .split('\n')
        .filter((line) => line !== '')
        .sort(),
    ).toEqual(['one', 'one again', 'zero', 'zero again']);
    expect(code).toBe(0);
  });
});

describe('transactions and the cluster', () => {
  it('are described', async () => {
    const [topic, id] = [tour.name('transacted'), tour.name('transactional-id')];
    await tour.run(['topics', 'create', topic]);
    await tour.run(['produce', topic, '--transactional-id', id], 'x\n');
    const { transactions } = await tour.json(['transactions', 'list']);
    expect(transactions).toContainEqual(expect.objectContaining({ transactionalId: id, state: expect.stringMatching(/Complete|Prepare/) }));
    const described = await tour.json(['transactions', 'describe', id]);
    expect(described).toMatchObject({ transactionalId: id, timeoutMs: 60_000 });
    const { producers } = await tour.json(['transactions', 'producers', topic]);
    expect(producers).toMatchObject([{ topic, partition: 0, producerId: described.producerId, transactionStartOffset: null }]);
    expect(await tour.json(['transactions', 'find-hanging', '--topic', topic])).toEqual({ hanging: [] });
    await tour.fails(1, ['transactions', 'abort', topic, '--partition', '0', '--start-offset', '0'], ['No open transaction']);

    const cluster = await tour.json(['cluster', 'api-versions']);
    expect(cluster.brokers.length).toBeGreaterThanOrEqual(1);
    expect(cluster.brokers[0].apis).toContainEqual({ key: 3, name: 'Metadata', from: 0, to: expect.any(Number) });
    expect((await tour.json(['offsets', topic])).partitions).toMatchObject([{ topic, partition: 0, startOffset: 0 }]);
  });
});
