import assert from 'node:assert/strict';
import { type Scenario, take, until } from '../scenario.ts';

export const adminScenarios: readonly Scenario[] = [
  {
    name: 'creates, describes and deletes topics',
    async run(stage) {
      const topic = await stage.topic('created', 3);
      const admin = await stage.admin();
      assert.equal(await admin.partitionsOf(topic), 3);
      await assert.rejects(admin.createTopic({ name: topic, partitions: 1 }));
      await admin.deleteTopic(topic);
      await until('the topic is gone', async () => !(await admin.topics()).includes(topic));
    },
  },
  {
    name: 'adds partitions',
    needs: ['create-partitions'],
    async run(stage) {
      const topic = await stage.topic('extended', 1);
      const admin = await stage.admin();
      await admin.addPartitions(topic, 3);
      await until('there are three', async () => (await admin.partitionsOf(topic)) === 3);
      await assert.rejects(admin.addPartitions(topic, 2));
    },
  },
  {
    name: 'sets and reads configs of a topic',
    needs: ['alter-configs'],
    async run(stage) {
      const topic = await stage.topic('configured', 1, { 'cleanup.policy': 'compact' });
      const admin = await stage.admin();
      assert.equal(await admin.config(topic, 'cleanup.policy'), 'compact');
      await admin.setConfig(topic, 'retention.ms', '123456789');
      await until('it is set', async () => (await admin.config(topic, 'retention.ms')) === '123456789');
      await assert.rejects(admin.setConfig(topic, 'retention.ms', 'long'));
    },
  },
  {
    name: 'finds first and next offsets and those by time',
    needs: ['offset-at-time', 'timestamps'],
    async run(stage) {
      const topic = await stage.topic('times', 1, { 'retention.ms': '-1' });
      const producer = await stage.producer();
      for (const timestamp of [1_700_000_000_010, 1_700_000_000_020, 1_700_000_000_030]) {
        await producer.send(topic, [{ value: 'x', timestamp, partition: 0 }]);
      }
      const admin = await stage.admin();
      assert.deepEqual(await admin.offsets(topic, 0), { first: 0, next: 3 });
      assert.equal(await admin.offsetAt(topic, 0, 1_700_000_000_015), 1);
      assert.equal(await admin.offsetAt(topic, 0, 1_700_000_000_030), 2);
    },
  },
  {
    name: 'deletes records, and consumers begin after them',
    needs: ['delete-records'],
    async run(stage) {
      const topic = await stage.topic('truncated');
      const producer = await stage.producer();
      for (const value of ['a', 'b', 'c', 'd']) await producer.send(topic, [{ value, partition: 0 }]);
      const admin = await stage.admin();
      await admin.deleteRecords(topic, 0, 2);
      assert.deepEqual(await admin.offsets(topic, 0), { first: 2, next: 4 });
      const consumer = await stage.consumer({ group: stage.name('group'), topic });
      assert.deepEqual(
        (await take(consumer, 2)).map(({ value }) => value),
        ['c', 'd'],
      );
    },
  },
];
