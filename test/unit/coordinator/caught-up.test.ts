import { afterEach, beforeEach, expect, it } from 'vitest';
import { RecordBatchBuilder } from '../../../src/protocol/index.ts';
import type { OutputBatch } from '../../../src/transport/transport.ts';
import { Bench } from './bench.ts';

let bench: Bench;
beforeEach(() => {
  bench = new Bench(1);
});
afterEach(() => bench.close());

function batchTo(topic: string, value: string): OutputBatch {
  const builder = new RecordBatchBuilder();
  builder.append(1_000, Buffer.from('key'), Buffer.from(value));
  return { topic, partition: 0, recordCount: 1, bytes: builder.build() };
}

it('input of a repartition topic counts from when it is written, not from when its markers are', async () => {
  const instance = bench.instance({}, 'repartition.ts');
  await instance.streams.start();
  bench.write(0, 'a');
  await instance.streams.caughtUp();
  const { admin } = instance.transport!;
  let asks = 0;
  const listOffsets = admin.listOffsets.bind(admin);
  admin.listOffsets = async (...parameters) => {
    asks++;
    return listOffsets(...parameters);
  };
  // As a coordinator leaves it that has answered EndTxn and writes the markers later.
  const epoch = bench.cluster.initProducer('neighbour');
  bench.cluster.addToTransaction('neighbour', epoch, [batchTo('echo-through-repartition', 'late')]);
  let caughtUp = false;
  const waiting = instance.streams.caughtUp().then(() => {
    caughtUp = true;
  });
  await bench.until(() => caughtUp || asks >= 3);
  expect(caughtUp).toBe(false);
  bench.cluster.endTransaction('neighbour', epoch, 'committed');
  await waiting;
  expect(bench.values()).toEqual(['a', 'late']);
});

it('a transaction that somebody left open in a topic of others is not waited for', async () => {
  const instance = bench.instance({}, 'repartition.ts');
  await instance.streams.start();
  const epoch = bench.cluster.initProducer('stranger');
  bench.cluster.addToTransaction('stranger', epoch, [batchTo('in', 'open')]);
  await instance.streams.caughtUp();
  expect(bench.values()).toEqual([]);
});
