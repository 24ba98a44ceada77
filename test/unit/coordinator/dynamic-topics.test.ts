import { describe, expect, it } from 'vitest';
import { DynamicTopics } from '../../../src/coordinator/dynamic-topics.ts';
import { partitionForKey, RecordBatchBuilder, RecordCursor } from '../../../src/protocol/index.ts';
import type { OutputFrame } from '../../../src/shard/messages.ts';
import { FakeCluster } from '../../simulation/fake-cluster.ts';
import { FakeTransport } from '../../simulation/fake-transport.ts';

interface Row {
  readonly key: string | null;
  readonly value: string | null;
}

function frame(topic: string, rows: readonly Row[], partition = -1): OutputFrame {
  const builder = new RecordBatchBuilder();
  rows.forEach(({ key, value }, index) => {
    builder.append(100 + index, key === null ? null : Buffer.from(key), value === null ? null : Buffer.from(value), [
      ['h', Buffer.from(String(index))],
    ]);
  });
  return { taskId: '0_0', generation: 3, topic, partition, recordCount: rows.length, bytes: builder.build() };
}

function rowsOf({ bytes }: OutputFrame): (Row & { timestamp: number; header: string })[] {
  const rows = [];
  const cursor = new RecordCursor(bytes);
  const text = (start: number, length: number) => (length < 0 ? null : cursor.buffer.toString('utf8', start, start + length));
  while (cursor.next()) {
    const header = String(cursor.headers()[0]?.[1] === null ? '' : Buffer.from(cursor.headers()[0]![1]!).toString());
    rows.push({
      key: text(cursor.keyStart, cursor.keyLength),
      value: text(cursor.valueStart, cursor.valueLength),
      timestamp: cursor.timestamp,
      header,
    });
  }
  return rows;
}

function bench(topics: Record<string, number>) {
  const cluster = new FakeCluster();
  for (const [topic, partitions] of Object.entries(topics)) cluster.createTopic(topic, partitions);
  const found: Record<string, number>[] = [];
  const asked: (readonly string[] | undefined)[] = [];
  const { admin } = new FakeTransport(cluster, undefined);
  const metadata = admin.metadata.bind(admin);
  admin.metadata = (names) => {
    asked.push(names);
    return metadata(names);
  };
  const dynamic = new DynamicTopics(admin, {
    taskTimeoutMs: 1_000,
    isActive: () => true,
    onFound: (counts) => found.push(counts),
    log: () => {},
  });
  return { cluster, dynamic, found, asked };
}

describe('DynamicTopics', () => {
  it('leaves frames with a partition as they are, and asks nobody', async () => {
    const { dynamic, asked } = bench({});
    const frames = [frame('known', [{ key: 'a', value: '1' }], 2)];
    expect(await dynamic.resolve(frames)).toBe(frames);
    expect(asked).toEqual([]);
  });

  it("splits by murmur2 of the key, as Java's producer, and keeps order, timestamps, headers, nulls", async () => {
    const { dynamic } = bench({ named: 4 });
    const rows = Array.from({ length: 40 }, (_, index) => ({ key: `k${index % 7}`, value: index % 5 === 0 ? null : `v${index}` }));
    const split = await dynamic.resolve([frame('named', rows)]);
    expect(split.reduce((sum, { recordCount }) => sum + recordCount, 0)).toBe(40);
    for (const part of split) {
      expect(part).toMatchObject({ taskId: '0_0', generation: 3, topic: 'named' });
      const found = rowsOf(part);
      expect(found).toHaveLength(part.recordCount);
      for (const { key } of found) expect(partitionForKey(Buffer.from(key ?? ''), 4)).toBe(part.partition);
      expect(found.map(({ timestamp }) => timestamp)).toEqual(found.map(({ timestamp }) => timestamp).sort((a, b) => a - b));
      for (const { timestamp, header, value } of found) {
        expect(header).toBe(String(timestamp - 100));
        expect(value).toBe(rows[timestamp - 100]?.value);
      }
    }
  });

  it('keeps records without a key of one frame together, and spreads frames', async () => {
    const { dynamic } = bench({ named: 3 });
    const rows = [
      { key: null, value: 'a' },
      { key: null, value: 'b' },
    ];
    const split = await dynamic.resolve([frame('named', rows), frame('named', rows), frame('named', rows)]);
    expect(split.map(({ recordCount }) => recordCount)).toEqual([2, 2, 2]);
    expect(new Set(split.map(({ partition }) => partition)).size).toBe(3);
  });

  it('puts the parts where the frame was', async () => {
    const { dynamic } = bench({ named: 1, other: 1 });
    const resolved = await dynamic.resolve([
      frame('named', [{ key: 'a', value: '1' }]),
      frame('fixed', [{ key: 'a', value: '2' }], 5),
      frame('named', [{ key: 'a', value: '3' }]),
    ]);
    expect(resolved.map(({ topic, partition }) => `${topic}-${partition}`)).toEqual(['named-0', 'fixed-5', 'named-0']);
  });

  it('asks once for all topics, and tells the shards once', async () => {
    const { dynamic, found, asked } = bench({ one: 2, two: 3 });
    const frames = [frame('one', [{ key: 'a', value: '1' }]), frame('two', [{ key: 'a', value: '1' }])];
    await dynamic.resolve(frames);
    await dynamic.resolve(frames);
    expect(asked).toEqual([['one', 'two']]);
    expect(found).toEqual([{ one: 2, two: 3 }]);
  });

  it('fails with the names of topics that do not exist', async () => {
    const { dynamic } = bench({ one: 2 });
    const frames = ['one', 'gone', 'missing'].map((topic) => frame(topic, [{ key: 'a', value: '1' }]));
    await expect(dynamic.resolve(frames)).rejects.toMatchObject({
      code: 'MISSING_TOPIC',
      message: expect.stringMatching(/"gone", "missing", which do not exist\. Create them/),
    });
  });

  it('retries a lookup that may pass', async () => {
    const { dynamic, cluster } = bench({ one: 1 });
    cluster.faults.script('metadata', 'timeout');
    expect(await dynamic.resolve([frame('one', [{ key: 'a', value: '1' }])])).toHaveLength(1);
  });
});
