import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { KafkaStreamsConfig } from '../../../src/config.ts';
import { MillraceError } from '../../../src/errors.ts';
import type { Instance } from '../../simulation/instance.ts';
import { Bench } from './bench.ts';

const switches = globalThis as { echoFails?: boolean };

describe('recovery', () => {
  let bench: Bench;
  beforeEach(() => {
    bench = new Bench();
    switches.echoFails = true;
  });
  afterEach(() => bench.close());

  async function running(config: Partial<KafkaStreamsConfig> = {}, respond?: (instance: Instance) => void): Promise<Instance> {
    const instance = bench.instance(config);
    respond?.(instance);
    await instance.streams.start();
    await bench.until(() => instance.streams.state === 'RUNNING');
    return instance;
  }

  it('a dead shard is replaced; its tasks restore and go on from the last commit, all others keep their place', async () => {
    const instance = await running();
    const restored: string[] = [];
    bench.write(0, 'a', 'b');
    bench.write(1, 'c');
    await instance.streams.caughtUp();
    const kept = instance.streams.metrics()!.shards.map(({ tasks }) => tasks);
    instance.killShard(() => 0);
    await bench.until(() => bench.logged.includes('Shard 0 was killed.'));
    bench.write(0, 'd');
    bench.write(1, 'e');
    await bench.until(() => bench.values().length === 5);
    expect(restored).toEqual([]);
    expect([bench.count(0), bench.count(1)]).toEqual([3, 2]);
    expect(instance.streams.metrics()!.shards.map(({ tasks }) => tasks)).toEqual(kept);
    expect(bench.values()).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  it('both shards may die, again and again', async () => {
    const instance = await running({ maxThreadRestarts: 1_000 });
    for (let round = 0; round < 8; round++) {
      bench.write(round % 2, `r${round}`);
      instance.killShard(() => round % 2);
      if (round % 3 === 0) await bench.until(() => instance.streams.state === 'RUNNING');
    }
    await bench.until(() => bench.values().length === 8);
    expect([bench.count(0), bench.count(1)]).toEqual([4, 4]);
  });

  it('gives up after too many restarts, naming the option', async () => {
    const instance = await running({ maxThreadRestarts: 1 });
    instance.killShard(() => 0);
    await bench.until(() => instance.streams.state === 'RUNNING');
    instance.killShard(() => 0);
    await expect(instance.streams.ended()).rejects.toMatchObject({
      code: 'SHARD_DIED',
      message: expect.stringMatching(/Gave up after 1 restarts.*max\.thread\.restarts/),
    });
    expect(instance.streams.state).toBe('ERROR');
  });

  it('a task that fails is started again, and the others do not notice', async () => {
    const instance = await running();
    bench.write(1, 'ok');
    await bench.until(() => bench.values().length === 1);
    bench.write(0, 'a', 'fail', 'b');
    await bench.until(() => bench.committed(0) === -1 && bench.logged.length > 0);
    bench.write(1, 'still ok');
    await bench.until(() => bench.values().includes('still ok'));
    switches.echoFails = false;
    await bench.until(() => bench.values().length === 5);
    expect(bench.values()).toEqual(['a', 'b', 'fail', 'ok', 'still ok']);
    expect([bench.count(0), bench.count(1)]).toEqual([3, 2]);
    await instance.streams.caughtUp();
  });

  it('a recovery does not hold up the rebalance that alone can end its wait for a commit', async () => {
    const instance = await running({ rebalanceDrainTimeoutMs: 100 });
    // As after the session timed out during a callback: the group takes no commit of ours until we have joined again.
    const { producer } = instance.transport!;
    const sendOffsets = producer.sendOffsets.bind(producer);
    const isOut = () => !bench.logged.some((line) => line.startsWith('Revoked tasks did not commit'));
    producer.sendOffsets = async (offsets, consumer) => {
      if (isOut()) throw new MillraceError('TASK_MIGRATED', 'The group went on without us.', { abortable: true });
      return sendOffsets(offsets, consumer);
    };
    bench.write(1, 'ok');
    await bench.until(() => bench.logged.some((line) => line.startsWith('Commit of epoch')));
    bench.write(0, 'fail');
    await bench.until(() => instance.streams.state === 'REBALANCING');
    bench.cluster.group.rebalance();
    switches.echoFails = false;
    await bench.until(() => bench.values().length === 2);
    expect(bench.values()).toEqual(['fail', 'ok']);
  });

  it('a handler that says so ends the application with the error, after what was done is committed', async () => {
    const instance = await running({}, ({ streams }) => streams.setUncaughtExceptionHandler(() => 'shutdown-client'));
    bench.write(1, 'ok');
    await bench.until(() => instance.streams.metrics()?.recordsIn === 1);
    bench.write(0, 'fail');
    await expect(instance.streams.ended()).rejects.toMatchObject({ code: 'PROCESSING_FAILED' });
    expect(instance.streams.state).toBe('ERROR');
    expect(bench.values()).toEqual(['ok']);
    expect(bench.committed(0)).toBe(-1);
    expect(bench.unlocked).toBe(true);
  });

  it('a handler that throws counts as one that says so', async () => {
    const instance = await running({}, ({ streams }) =>
      streams.setUncaughtExceptionHandler(() => {
        throw new Error('The handler is broken.');
      }),
    );
    bench.write(0, 'fail');
    await expect(instance.streams.ended()).rejects.toMatchObject({ code: 'PROCESSING_FAILED' });
    expect(bench.logged).toContain('The uncaught exception handler itself threw: The handler is broken.');
  });

  it('a state listener that throws does no harm', async () => {
    const instance = await running({}, ({ streams }) =>
      streams.setStateListener(() => {
        throw new Error('The listener is broken.');
      }),
    );
    expect(instance.streams.state).toBe('RUNNING');
  });

  it('a topic that an extractor names and that does not exist ends the application, naming it', async () => {
    const instance = await running();
    bench.write(0, 'to nowhere');
    await expect(instance.streams.ended()).rejects.toMatchObject({ code: 'MISSING_TOPIC', message: expect.stringMatching(/"nowhere"/) });
    expect(bench.committed(0)).toBe(-1);
  });

  it('topics that an extractor names are found, and shards told of them', async () => {
    bench.cluster.createTopic('somewhere', 3);
    await running();
    bench.write(0, 'to somewhere');
    await bench.until(() => bench.values('somewhere').length === 1);
    bench.write(0, 'to somewhere', 'to somewhere');
    await bench.until(() => bench.values('somewhere').length === 3);
    const used = [0, 1, 2].filter((partition) => bench.cluster.log({ topic: 'somewhere', partition }).endOffset > 0);
    expect(used).toHaveLength(1); // one key
  });

  it('a processor that blocks its thread is found out, and the thread ended', async () => {
    const instance = bench.instance({ taskTimeoutMs: 200, maxThreadRestarts: 0 }, 'echo.ts', 'threads');
    await instance.streams.start();
    await bench.until(() => instance.streams.state === 'RUNNING');
    bench.write(0, 'spin');
    await expect(instance.streams.ended()).rejects.toMatchObject({ message: expect.stringMatching(/has not answered.*task\.timeout\.ms/) });
  });

  it('pausing stops processing, not polling; resuming goes on', async () => {
    const instance = await running();
    instance.streams.pause();
    bench.write(0, 'a');
    bench.cluster.group.rebalance();
    await bench.until(() => bench.logged.filter((line) => line.startsWith('Assigned')).length >= 2);
    expect(bench.values()).toEqual([]);
    instance.streams.resume();
    await bench.until(() => bench.values().length === 1);
  });
});
