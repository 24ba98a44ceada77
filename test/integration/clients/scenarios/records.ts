import assert from 'node:assert/strict';
import type { Ability, Codec, ReadRecord } from '../client.ts';
import { type Scenario, type Stage, take } from '../scenario.ts';

const values = (records: readonly ReadRecord[]): (string | null)[] => records.map(({ value }) => value);

async function readAll(stage: Stage, topic: string, count: number): Promise<readonly ReadRecord[]> {
  const consumer = await stage.consumer({ group: stage.name('reader'), topic });
  return take(consumer, count);
}

function compressed(codec: Codec, needs: readonly Ability[]): Scenario {
  return {
    name: `batches compressed with ${codec} come back as they were`,
    needs,
    async run(stage) {
      const topic = await stage.topic(codec);
      const producer = await stage.producer({ codec });
      const sent = Array.from({ length: 500 }, (_, index) => `value ${index} ${'x'.repeat(100)}`);
      await producer.send(
        topic,
        sent.map((value) => ({ value, partition: 0 })),
      );
      assert.deepEqual(values(await readAll(stage, topic, sent.length)), sent);
    },
  };
}

export const recordScenarios: readonly Scenario[] = [
  {
    name: 'keys, values, headers and times come back',
    needs: ['timestamps'],
    async run(stage) {
      const topic = await stage.topic('fields', 1, { 'retention.ms': '-1' });
      const producer = await stage.producer();
      const timestamp = 1_700_000_000_123;
      await producer.send(topic, [{ key: 'k', value: 'v', headers: { one: '1', two: 'zwei ü' }, timestamp, partition: 0 }]);
      const [record] = await readAll(stage, topic, 1);
      assert.deepEqual(
        { ...record, headers: { ...record?.headers } },
        {
          partition: 0,
          offset: 0,
          key: 'k',
          value: 'v',
          headers: { one: '1', two: 'zwei ü' },
          timestamp,
        },
      );
    },
  },
  {
    name: 'null keys and null values come back as such',
    async run(stage) {
      const topic = await stage.topic('nulls');
      const producer = await stage.producer();
      await producer.send(topic, [{ key: 'tombstone', value: null, partition: 0 }]);
      await producer.send(topic, [{ key: null, value: 'v', partition: 0 }]);
      const records = await readAll(stage, topic, 2);
      assert.deepEqual(
        records.map(({ key, value }) => [key, value]),
        [
          ['tombstone', null],
          [null, 'v'],
        ],
      );
    },
  },
  {
    name: 'an empty value is not null',
    needs: ['empty-values'],
    async run(stage) {
      const topic = await stage.topic('empty');
      const producer = await stage.producer();
      await producer.send(topic, [{ key: 'k', value: '', partition: 0 }]);
      assert.deepEqual(values(await readAll(stage, topic, 1)), ['']);
    },
  },
  {
    name: 'records of a key stay in their order, in one partition',
    async run(stage) {
      const topic = await stage.topic('keyed', 4);
      const producer = await stage.producer();
      const records = Array.from({ length: 400 }, (_, index) => ({ key: `k${index % 10}`, value: String(index) }));
      await producer.send(topic, records);
      const read = await readAll(stage, topic, records.length);
      const byKey = groupByKey(read);
      assert.equal(byKey.size, 10);
      for (const [key, own] of byKey) {
        assert.equal(new Set(own.map(({ partition }) => partition)).size, 1);
        assert.deepEqual(
          own.map(({ value }) => Number(value)),
          Array.from({ length: 40 }, (_, index) => index * 10 + Number(key?.slice(1))),
        );
      }
      assert.ok(new Set(read.map(({ partition }) => partition)).size > 1);
    },
  },
  compressed('none', []),
  compressed('gzip', ['gzip']),
  compressed('snappy', ['snappy']),
  compressed('lz4', ['lz4']),
  compressed('zstd', ['zstd']),
  {
    name: 'a large record comes back, one that is too large is refused',
    async run(stage) {
      const topic = await stage.topic('large', 1, { 'max.message.bytes': '600000' });
      const producer = await stage.producer();
      const large = 'x'.repeat(500_000);
      await producer.send(topic, [{ value: large, partition: 0 }]);
      await assert.rejects(producer.send(topic, [{ value: 'y'.repeat(700_000), partition: 0 }]));
      assert.deepEqual(values(await readAll(stage, topic, 1)), [large]);
    },
  },
  ...([1, -1] as const).map(
    (acks): Scenario => ({
      name: `acks ${acks} acknowledges what is there`,
      async run(stage) {
        const topic = await stage.topic(`acks-${acks}`);
        const producer = await stage.producer({ acks });
        for (const value of ['a', 'b']) await producer.send(topic, [{ value, partition: 0 }]);
        assert.deepEqual(values(await readAll(stage, topic, 2)), ['a', 'b']);
      },
    }),
  ),
  {
    name: 'acks 0 arrives, too',
    needs: ['acks-0'],
    async run(stage) {
      const topic = await stage.topic('acks-0');
      const producer = await stage.producer({ acks: 0 });
      for (const value of ['a', 'b']) await producer.send(topic, [{ value, partition: 0 }]);
      assert.deepEqual(values(await readAll(stage, topic, 2)), ['a', 'b']);
    },
  },
  {
    name: 'an idempotent producer writes each record once',
    async run(stage) {
      const topic = await stage.topic('idempotent', 2);
      const producer = await stage.producer({ idempotent: true });
      for (let round = 0; round < 10; round++) {
        await producer.send(
          topic,
          Array.from({ length: 20 }, (_, index) => ({ key: `k${index}`, value: String(round * 20 + index) })),
        );
      }
      const read = await readAll(stage, topic, 200);
      assert.deepEqual(
        values(read)
          .map(Number)
          .toSorted((a, b) => a - b),
        Array.from({ length: 200 }, (_, index) => index),
      );
    },
  },
];

function groupByKey(records: readonly ReadRecord[]): Map<string | null, ReadRecord[]> {
  const groups = new Map<string | null, ReadRecord[]>();
  for (const record of records) groups.set(record.key, [...(groups.get(record.key) ?? []), record]);
  return groups;
}
