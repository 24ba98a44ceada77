import assert from 'node:assert/strict';
import type { Ability, ConsumerOptions, TestConsumer } from '../client.ts';
import { type Scenario, type Stage, take, until } from '../scenario.ts';

const PARTITIONS = 4;

const sorted = (partitions: readonly number[]): number[] => partitions.toSorted((a, b) => a - b);
const all = (...consumers: readonly TestConsumer[]): string => sorted(consumers.flatMap((consumer) => consumer.assignment())).join();

async function sendToAll(stage: Stage, topic: string, value: string): Promise<void> {
  const producer = await stage.producer();
  for (let partition = 0; partition < PARTITIONS; partition++) await producer.send(topic, [{ value: `${value}${partition}`, partition }]);
  await producer.close();
}

/** Two members share the partitions; when one leaves the other has them all, and nothing is lost or read twice. */
function sharing(title: string, needs: readonly Ability[], protocol: NonNullable<ConsumerOptions['protocol']>): Scenario {
  return {
    name: `two consumers share a topic, and one takes over when the other leaves: ${title}`,
    needs: ['several-consumers', ...needs],
    async run(stage) {
      const topic = await stage.topic(`shared-${protocol}`, PARTITIONS);
      const group = stage.name(`shared-${protocol}`);
      const first = await stage.consumer({ group, topic, protocol });
      await until('the first has all partitions', () => first.assignment().length === PARTITIONS);
      const second = await stage.consumer({ group, topic, protocol });
      await until(
        'both have two partitions',
        () => first.assignment().length === 2 && second.assignment().length === 2 && all(first, second) === '0,1,2,3',
      );
      await sendToAll(stage, topic, 'a');
      await until('all records are there', () => first.received.length + second.received.length >= PARTITIONS);
      const read = [...first.received, ...second.received].map(({ value }) => value).toSorted();
      const expected = ['a0', 'a1', 'a2', 'a3'];
      if (stage.has('clean-handover')) assert.deepEqual(read, expected);
      else
        await until('each record is there', () =>
          expected.every((value) => [...first.received, ...second.received].some((each) => each.value === value)),
        );
      for (const { partition, offset } of second.received) await second.commit(topic, partition, offset + 1);
      for (const { partition, offset } of first.received) await first.commit(topic, partition, offset + 1);
      await second.close();
      await until('the first has all partitions again', () => all(first) === '0,1,2,3');
      const before = first.received.length;
      await sendToAll(stage, topic, 'b');
      await until('the first has the new records', () => first.received.length >= before + PARTITIONS);
      const later = first.received.slice(before).map(({ value }) => value);
      assert.deepEqual([...new Set(later)].filter((value) => value?.startsWith('b')).toSorted(), ['b0', 'b1', 'b2', 'b3']);
    },
  };
}

export const groupScenarios: readonly Scenario[] = [
  {
    name: 'a group goes on where it committed',
    async run(stage) {
      const topic = await stage.topic('resumed');
      const group = stage.name('resumed');
      const producer = await stage.producer();
      await producer.send(
        topic,
        ['a', 'b', 'c'].map((value) => ({ value, partition: 0 })),
      );
      const first = await stage.consumer({ group, topic });
      await take(first, 3);
      await first.commit(topic, 0, 2);
      await first.close();
      const second = await stage.consumer({ group, topic });
      const [record] = await take(second, 1);
      assert.deepEqual([record?.value, record?.offset], ['c', 2]);
    },
  },
  {
    name: 'a group without an offset begins at the end when it is told so',
    needs: ['latest'],
    async run(stage) {
      const topic = await stage.topic('late');
      const producer = await stage.producer();
      await producer.send(topic, [{ value: 'before', partition: 0 }]);
      const consumer = await stage.consumer({ group: stage.name('late'), topic, from: 'latest' });
      await until('it has the partition', () => consumer.assignment().length === 1);
      // The consumer may look up the end of the log after it got the partition, so it is written to until it notices.
      await until('something comes', async () => {
        await producer.send(topic, [{ value: 'after', partition: 0 }]);
        return consumer.received.length > 0;
      });
      assert.equal(consumer.received[0]?.value, 'after');
    },
  },
  {
    name: 'a consumer goes back by seeking',
    needs: ['seek'],
    async run(stage) {
      const topic = await stage.topic('sought');
      const producer = await stage.producer();
      await producer.send(
        topic,
        ['a', 'b', 'c'].map((value) => ({ value, partition: 0 })),
      );
      const consumer = await stage.consumer({ group: stage.name('sought'), topic });
      await take(consumer, 3);
      await consumer.seek(topic, 0, 1);
      const records = await take(consumer, 5);
      assert.deepEqual(
        records.slice(3).map(({ value, offset }) => [value, offset]),
        [
          ['b', 1],
          ['c', 2],
        ],
      );
    },
  },
  sharing('eager', [], 'eager'),
  sharing('cooperative', ['cooperative'], 'cooperative'),
  sharing('consumer protocol (KIP-848)', ['consumer-protocol'], 'consumer'),
  {
    name: 'a static member comes back to its partitions without a rebalance of the other',
    needs: ['several-consumers', 'static-members'],
    async run(stage) {
      const topic = await stage.topic('static', PARTITIONS);
      const group = stage.name('static');
      const first = await stage.consumer({ group, topic, instanceId: 'first' });
      await until('the first has all partitions', () => first.assignment().length === PARTITIONS);
      const second = await stage.consumer({ group, topic, instanceId: 'second' });
      await until('both have two', () => first.assignment().length === 2 && second.assignment().length === 2);
      const [ofFirst, ofSecond] = [sorted(first.assignment()), sorted(second.assignment())];
      await second.close();
      const again = await stage.consumer({ group, topic, instanceId: 'second' });
      await until('it has its partitions again', () => again.assignment().length === 2);
      assert.deepEqual([sorted(first.assignment()), sorted(again.assignment())], [ofFirst, ofSecond]);
    },
  },
  {
    name: 'groups are listed, described and deleted, with their offsets',
    needs: ['groups'],
    async run(stage) {
      const topic = await stage.topic('grouped');
      const group = stage.name('grouped');
      const producer = await stage.producer();
      await producer.send(topic, [{ value: 'a', partition: 0 }]);
      const consumer = await stage.consumer({ group, topic });
      await take(consumer, 1);
      await consumer.commit(topic, 0, 1);
      const admin = await stage.admin();
      assert.ok((await admin.groups()).includes(group));
      const described = await admin.group(group);
      assert.deepEqual([described.state.toUpperCase(), described.members], ['STABLE', 1]);
      assert.equal(await admin.committed(group, topic, 0), 1);
      await assert.rejects(admin.deleteGroup(group));
      await consumer.close();
      await until('the group is empty', async () => (await admin.group(group)).state.toUpperCase() === 'EMPTY');
      await admin.deleteGroup(group);
      await until('the group is gone', async () => !(await admin.groups()).includes(group));
    },
  },
];
