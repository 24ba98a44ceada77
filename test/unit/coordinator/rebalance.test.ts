import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { KafkaStreamsConfig } from '../../../src/config.ts';
import type { Instance } from '../../simulation/instance.ts';
import { Bench } from './bench.ts';

describe('rebalances', () => {
  let bench: Bench;
  beforeEach(() => {
    bench = new Bench(4);
  });
  afterEach(() => bench.close());

  async function running(config: Partial<KafkaStreamsConfig> = {}): Promise<Instance> {
    const instance = bench.instance(config);
    await instance.streams.start();
    await bench.until(() => instance.streams.state === 'RUNNING');
    return instance;
  }

  const assignments = () => bench.logged.filter((line) => line.startsWith('Assigned '));

  it('commits what is processed before partitions are given up', async () => {
    const instance = await running({ commitIntervalMs: 60_000, transactionTimeoutMs: 60_000 });
    bench.write(0, 'a', 'b');
    await bench.until(() => instance.streams.metrics()?.recordsIn === 2);
    bench.cluster.group.rebalance();
    await bench.until(() => assignments().length === 2);
    await bench.until(() => instance.streams.state === 'RUNNING');
    await instance.streams.caughtUp();
    expect(bench.values()).toEqual(['a', 'b']);
    expect(bench.count(0)).toBe(2);
  });

  it('tasks that come back keep their stores: nothing is restored', async () => {
    const restores: string[] = [];
    const instance = bench.instance();
    instance.streams.setGlobalStateRestoreListener({
      onRestoreStart: ({ partition }, store, _start, end) => restores.push(`${store}-${partition} to ${end}`),
    });
    await instance.streams.start();
    bench.write(0, 'a');
    await instance.streams.caughtUp();
    const before = restores.length;
    bench.cluster.group.rebalance();
    await bench.until(() => assignments().length === 2);
    expect(assignments()[1]).toBe('Assigned 4 tasks, 4 of them kept their state.');
    bench.write(0, 'b');
    await bench.until(() => bench.values().length === 2);
    await instance.streams.caughtUp();
    expect(bench.count(0)).toBe(2);
    expect(restores).toHaveLength(before);
  });

  it('tasks that somebody else had meanwhile are restored', async () => {
    const first = await running();
    for (let partition = 0; partition < 4; partition++) bench.write(partition, 'a');
    await first.streams.caughtUp();
    const second = await running();
    for (let partition = 0; partition < 4; partition++) bench.write(partition, 'b');
    await bench.until(() => bench.values().length === 8);
    await second.streams.close();
    for (let partition = 0; partition < 4; partition++) bench.write(partition, 'c');
    await bench.until(() => bench.values().length === 12);
    await bench.until(() => [0, 1, 2, 3].every((partition) => bench.count(partition) === 3));
  });

  it('lost partitions: nothing of what was not committed is, and the next owner repeats it', async () => {
    const instance = await running({ commitIntervalMs: 60_000, transactionTimeoutMs: 60_000 });
    bench.write(0, 'a');
    await bench.until(() => instance.streams.metrics()?.recordsIn === 1);
    const { producer } = instance.transport!;
    let sent = 0;
    const send = producer.send.bind(producer);
    producer.send = (batches) => {
      sent += batches.length;
      return send(batches);
    };
    bench.cluster.group.throwOutOne();
    await bench.until(() => bench.logged.some((line) => line.startsWith('Partitions were lost')));
    expect(sent).toBe(0);
    await bench.until(() => instance.streams.state === 'RUNNING' && instance.streams.metrics()!.recordsIn >= 2);
    await instance.streams.close();
    expect(bench.values()).toEqual(['a']);
    expect(bench.count(0)).toBe(1);
  });

  it('a commit that cannot be made in time is dropped, and the group does not wait', async () => {
    const instance = await running({ rebalanceDrainTimeoutMs: 50 });
    const { producer } = instance.transport!;
    const send = producer.send.bind(producer);
    let release = () => {};
    producer.send = (batches) =>
      new Promise((resolve, reject) => {
        release = () => void send(batches).then(resolve, reject);
      });
    bench.write(0, 'a');
    await bench.until(() => instance.streams.metrics()?.recordsIn === 1);
    bench.cluster.group.rebalance();
    await bench.until(() => bench.logged.some((line) => line.startsWith('Revoked tasks did not commit within 50 ms')));
    producer.send = send;
    release();
    await bench.until(() => bench.values().length > 0);
    await instance.streams.caughtUp();
    expect(bench.values()).toEqual(['a']);
    expect(bench.count(0)).toBe(1);
  });

  it('a task revoked in the middle of its restore is given up at once', async () => {
    const suspended: string[] = [];
    bench.cluster.createTopic('echo-counts-changelog', 4);
    bench.write(0, 'x');
    const { bytes } = bench.cluster.log({ topic: 'in', partition: 0 }).read(0)!;
    const epoch = bench.cluster.initProducer('slow');
    bench.cluster.addToTransaction('slow', epoch, [{ topic: 'echo-counts-changelog', partition: 0, recordCount: 1, bytes }]);
    const instance = bench.instance();
    instance.streams.setGlobalStateRestoreListener({ onRestoreSuspended: (_partition, store) => suspended.push(store) });
    await instance.streams.start();
    await bench.until(() => assignments().length === 1);
    bench.cluster.group.rebalance();
    await bench.until(() => assignments().length === 2);
    expect(instance.streams.state).toBe('REBALANCING');
    bench.cluster.endTransaction('slow', epoch, 'aborted');
    await bench.until(() => bench.values().length === 1);
    expect(instance.streams.state).toBe('RUNNING');
  });

  it('at_most_once finishes what it had committed ahead before it gives partitions up', async () => {
    const instance = await running({ processingGuarantee: 'at_most_once' });
    bench.write(0, ...Array.from({ length: 300 }, (_, index) => `v${index}`));
    await bench.until(() => bench.committed(0) === 300);
    bench.cluster.group.rebalance();
    await bench.until(() => assignments().length === 2);
    await instance.streams.caughtUp();
    expect(bench.values()).toHaveLength(300);
  });

  it('several rebalances in a row end well', async () => {
    const first = await running();
    const second = bench.instance();
    void second.streams.start();
    for (let round = 0; round < 12; round++) {
      bench.write(round % 4, `r${round}`);
      bench.cluster.group.rebalance();
      await new Promise((resolve) => setTimeout(resolve, round));
    }
    await bench.until(() => bench.values().length === 12);
    await bench.until(() => [0, 1, 2, 3].every((partition) => bench.count(partition) === 3));
    expect(first.streams.error).toBeUndefined();
  });
});
