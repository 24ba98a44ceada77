import assert from 'node:assert/strict';
import type { TestProducer } from '../client.ts';
import { type Scenario, type Stage, take, until } from '../scenario.ts';

/** `a` committed, `b` aborted, `c` committed, then `end` outside of a transaction. */
async function writeTransactions(stage: Stage): Promise<string> {
  const topic = await stage.topic('written');
  const producer = await stage.producer({ transactionalId: stage.name('writer') });
  for (const [value, commits] of [
    ['a', true],
    ['b', false],
    ['c', true],
  ] as const) {
    await producer.begin();
    await producer.send(topic, [{ value, partition: 0 }]);
    await (commits ? producer.commit() : producer.abort());
  }
  await producer.close();
  const plain = await stage.producer();
  await plain.send(topic, [{ value: 'end', partition: 0 }]);
  return topic;
}

export const transactionScenarios: readonly Scenario[] = [
  {
    name: 'read_committed sees committed transactions only',
    needs: ['transactions'],
    async run(stage) {
      const topic = await writeTransactions(stage);
      const consumer = await stage.consumer({ group: stage.name('group'), topic });
      assert.deepEqual(
        (await take(consumer, 3)).map(({ value }) => value),
        ['a', 'c', 'end'],
      );
    },
  },
  {
    name: 'read_uncommitted sees aborted ones as well',
    needs: ['transactions', 'read-uncommitted'],
    async run(stage) {
      const topic = await writeTransactions(stage);
      const consumer = await stage.consumer({ group: stage.name('group'), topic, isolation: 'read_uncommitted' });
      assert.deepEqual(
        (await take(consumer, 4)).map(({ value }) => value),
        ['a', 'b', 'c', 'end'],
      );
    },
  },
  {
    name: 'a second producer with the same transactional id fences the first',
    needs: ['transactions', 'fencing'],
    async run(stage) {
      const topic = await stage.topic('fenced');
      const transactionalId = stage.name('fenced');
      const first = await stage.producer({ transactionalId });
      await first.begin();
      await first.send(topic, [{ value: 'lost', partition: 0 }]);
      const second = await stage.producer({ transactionalId });
      // Some clients take up their transactional id with the first transaction only.
      await second.begin();
      await assert.rejects(first.commit());
      await second.send(topic, [{ value: 'kept', partition: 0 }]);
      await second.commit();
      const consumer = await stage.consumer({ group: stage.name('group'), topic });
      assert.deepEqual(
        (await take(consumer, 1)).map(({ value }) => value),
        ['kept'],
      );
    },
  },
  {
    name: 'offsets are committed with a transaction and dropped with it',
    needs: ['transactions', 'send-offsets', 'groups'],
    async run(stage) {
      const input = await stage.topic('input');
      const output = await stage.topic('output');
      const group = stage.name('copier');
      const plain = await stage.producer();
      await plain.send(
        input,
        ['a', 'b'].map((value) => ({ value, partition: 0 })),
      );
      const consumer = await stage.consumer({ group, topic: input });
      await take(consumer, 2);
      const admin = await stage.admin();
      const producer = await stage.producer({ transactionalId: stage.name('copier') });
      const copy = async (value: string, offset: number, end: (of: TestProducer) => Promise<void>): Promise<void> => {
        await producer.begin();
        await producer.send(output, [{ value, partition: 0 }]);
        await producer.sendOffset(consumer, input, 0, offset);
        await end(producer);
      };
      await copy('a', 1, (of) => of.commit());
      await until('the offset is committed', async () => (await admin.committed(group, input, 0)) === 1);
      await copy('b', 2, (of) => of.abort());
      assert.equal(await admin.committed(group, input, 0), 1);
      await copy('b', 2, (of) => of.commit());
      await until('the next offset is committed', async () => (await admin.committed(group, input, 0)) === 2);
      const reader = await stage.consumer({ group: stage.name('reader'), topic: output });
      assert.deepEqual(
        (await take(reader, 2)).map(({ value }) => value),
        ['a', 'b'],
      );
    },
  },
];
