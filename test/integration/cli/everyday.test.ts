import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { millrace } from './command.ts';
import { jsonLines, Tour } from './tour.ts';

let tour: Tour;
beforeAll(async () => {
  tour = await Tour.start();
});
afterAll(() => tour.close());

describe('an everyday tour', () => {
  it('topic with configs, keyed JSON records, a group that reads them, its lag, a reset, more partitions, an end', async () => {
    const topic = tour.name('orders');
    const group = tour.name('billing');
    const created = await tour.json([
      'topics',
      'create',
      topic,
      '--partitions',
      '3',
      '--config',
      'retention.ms=3600000',
      '-c',
      'cleanup.policy=delete',
    ]);
    expect(created.topics).toEqual([{ name: topic, topicId: expect.any(String), partitions: 3, replicationFactor: 1, created: true }]);
    expect((await tour.run(['topics', 'list'])).split('\n')).toContain(topic);

    const orders = Array.from({ length: 30 }, (_, n) => ({
      key: `customer-${n % 7}`,
      value: { order: n },
      headers: [{ key: 'n', value: String(n) }],
    }));
    const summary = await tour.json(['produce', topic, '--value-format', 'json'], orders.map((order) => JSON.stringify(order)).join('\n'));
    expect(summary).toMatchObject({ topic, records: 30 });
    expect(summary.partitions.reduce((sum: number, { records }: { records: number }) => sum + records, 0)).toBe(30);

    const read = jsonLines(
      await tour.run(['consume', topic, '--from-beginning', '--group', group, '--max-messages', '12', '--json', '--value-format', 'json']),
    );
    expect(read).toHaveLength(12);
    for (const { value, key, headers } of read) {
      expect(key).toBe(`customer-${value.order % 7}`);
      expect(headers).toEqual([{ key: 'n', value: String(value.order) }]);
    }

    const before = (await tour.json(['groups', 'describe', group])).groups[0];
    expect(before).toMatchObject({ groupId: group, state: 'Empty', members: [], totalLag: 18 });
    const rest = jsonLines(await tour.run(['consume', topic, '--group', group, '--exit', '--json', '--value-format', 'json']));
    expect([...read, ...rest].map(({ value }) => value.order).sort((a, b) => a - b)).toEqual(orders.map(({ value }) => value.order));
    expect((await tour.json(['groups', 'describe', group])).groups[0].totalLag).toBe(0);

    const planned = await tour.json(['groups', 'reset-offsets', group, '--topic', topic, '--to-earliest']);
    expect(planned).toMatchObject({ executed: false });
    expect((await tour.json(['groups', 'describe', group])).groups[0].totalLag).toBe(0);
    await tour.run(['groups', 'reset-offsets', group, '--topic', topic, '--to-earliest', '--execute']);
    expect((await tour.json(['groups', 'describe', group])).groups[0].totalLag).toBe(30);

    await tour.run(['topics', 'alter', topic, '--partitions', '5', '--delete-config', 'retention.ms']);
    const [described] = (await tour.json(['topics', 'describe', topic])).topics;
    expect(described.partitions).toHaveLength(5);
    expect(described.configs).toEqual({ 'cleanup.policy': 'delete' });

    await tour.run(['groups', 'delete', group]);
    expect((await tour.run(['groups', 'list'])).split('\n')).not.toContain(group);
    await tour.run(['topics', 'delete', topic]);
    expect((await tour.run(['topics', 'list'])).split('\n')).not.toContain(topic);
  });

  it("the words of Kafka's own scripts", async () => {
    const topic = tour.name('scripts');
    const group = tour.name('scripts-group');
    const kafka = async (command: string, ...args: string[]) => {
      const { code, stdout, stderr } = await millrace([command, '--bootstrap-server', tour.bootstrap, ...args]);
      expect(code, stderr).toBe(0);
      return stdout;
    };
    await kafka(
      'topics',
      '--create',
      '--topic',
      topic,
      '--partitions',
      '2',
      '--replication-factor',
      '1',
      '--config',
      'retention.ms=5000000',
    );
    expect(await kafka('topics', '--describe', '--topic', topic)).toContain('retention.ms=5000000');
    expect(await kafka('topics', '--list')).toContain(topic);
    await kafka('groups', '--reset-offsets', '--group', group, '--topic', topic, '--to-earliest', '--execute');
    expect(await kafka('groups', '--describe', '--group', group)).toContain(topic);
    await kafka('configs', '--alter', '--entity-type', 'topics', '--entity-name', topic, '--add-config', 'retention.ms=6000000');
    expect(await kafka('configs', '--describe', '--entity-type', 'topics', '--entity-name', topic)).toContain('6000000');
    await kafka('groups', '--delete', '--group', group);
    await kafka('topics', '--delete', '--topic', topic);
  });

  it('where a group without offsets begins is auto.offset.reset, and where it stopped it goes on', async () => {
    const topic = tour.name('reset');
    await tour.run(['topics', 'create', topic]);
    await tour.run(['produce', topic], 'old\n');
    const late = tour.name('late');
    expect(await tour.run(['consume', topic, '-g', late, '-X', 'auto.offset.reset=latest', '--timeout', '2000'])).toBe('');
    await tour.run(['produce', topic], 'new\n');
    expect(await tour.run(['consume', topic, '-g', late, '--exit'])).toBe('new\n');
    expect(await tour.run(['consume', topic, '-g', tour.name('early'), '-X', 'auto.offset.reset=earliest', '--max-messages', '2'])).toBe(
      'old\nnew\n',
    );
    await tour.fails(1, ['consume', topic, '-g', tour.name('none'), '-X', 'auto.offset.reset=none'], ['has no offset', topic]);
  });

  it.each(['0', '1', 'all'])('acks %s', async (acks) => {
    const topic = tour.name(`acks-${acks}`);
    await tour.run(['topics', 'create', topic]);
    await tour.run(['produce', topic, '--acks', acks], 'one\ntwo\n');
    expect(await tour.run(['consume', topic, '--from-beginning', '--max-messages', '2'])).toBe('one\ntwo\n');
  });

  it('records older than retention.ms go away, and a compacted topic keeps the last of each key', async () => {
    const [expiring, compacted] = [tour.name('expiring'), tour.name('compacted')];
    await tour.run(['topics', 'create', expiring, '-c', 'retention.ms=3600000']);
    await tour.run(['topics', 'create', compacted, '-c', 'cleanup.policy=compact']);
    expect((await tour.json(['configs', 'describe', 'topic', expiring])).configs).toMatchObject([
      { name: 'retention.ms', value: '3600000' },
    ]);
    // Compacted topics take no record without a key.
    await tour.fails(1, ['produce', compacted, '--timeout', '3000'], ['Producing to'], 'no key\n');
    await tour.run(['produce', compacted, '-K', ':'], 'a:1\na:2\n');
    expect(await tour.run(['consume', compacted, '--exit', '-K', '='])).toMatch(/a=2\n$/);
  });

  it('trims a topic, and tells its offsets by time', async () => {
    const topic = tour.name('trimmed');
    await tour.run(['topics', 'create', topic]);
    await tour.run(['produce', topic, '--timestamp', '2026-03-01T12:00:00Z'], 'a\nb\n');
    await tour.run(['produce', topic, '--timestamp', '2026-03-01T13:00:00Z'], 'c\n');
    expect((await tour.json(['offsets', topic, '--time', '2026-03-01T12:30:00Z'])).partitions).toEqual([
      { topic, partition: 0, offset: 2, timestamp: Date.UTC(2026, 2, 1, 13) },
    ]);
    expect(await tour.run(['consume', topic, '--exit', '--since', '2026-03-01T12:30:00Z'])).toBe('c\n');
    expect(await tour.run(['consume', topic, '--from-beginning', '--until', '2026-03-01T12:30:00Z'])).toBe('a\nb\n');
    await tour.run(['topics', 'trim', topic, '--before', '1']);
    expect((await tour.json(['offsets', topic])).partitions).toEqual([{ topic, partition: 0, startOffset: 1, endOffset: 3, count: 2 }]);
  });
});
