import assert from 'node:assert/strict';
import { type Scenario, take } from '../scenario.ts';

const PARTITIONS = 3;
const ROUNDS = 6;

export const failoverScenarios: readonly Scenario[] = [
  {
    name: 'nothing is lost when nodes stop and start while records are produced and consumed',
    needs: ['failover'],
    stopsNodes: true,
    async run(stage) {
      const topic = await stage.topic('failover', PARTITIONS, {}, 3);
      const producer = await stage.producer({ idempotent: true });
      const consumer = await stage.consumer({ group: stage.name('failover'), topic });
      const send = async (round: number): Promise<void> => {
        for (let partition = 0; partition < PARTITIONS; partition++)
          await producer.send(topic, [{ value: `${round}-${partition}`, partition }]);
      };
      for (let round = 0; round < ROUNDS; round++) {
        const node = (round % 3) + 1;
        await send(round * 2);
        await stage.nodes?.stop(node);
        await send(round * 2 + 1);
        await stage.nodes?.start(node);
      }
      const records = await take(consumer, ROUNDS * 2 * PARTITIONS);
      const expected = Array.from(
        { length: ROUNDS * 2 * PARTITIONS },
        (_, index) => `${Math.floor(index / PARTITIONS)}-${index % PARTITIONS}`,
      );
      assert.deepEqual([...new Set(records.map(({ value }) => value))].toSorted(), expected.toSorted());
    },
  },
];
