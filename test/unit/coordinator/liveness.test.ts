import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FakeTransport } from '../../simulation/fake-transport.ts';
import type { Instance } from '../../simulation/instance.ts';
import { Bench } from './bench.ts';

/** A promise that never settles: what a call does that hangs. */
const never = () => new Promise<never>(() => {});
const turn = () => new Promise((resolve) => setTimeout(resolve, 1));

function expectReleased(bench: Bench, { transport }: Instance): void {
  expect(bench.unlocked).toBe(true);
  expect(transport?.openReaders ?? 0).toBe(0);
  expect(transport?.closed ?? true).toBe(true);
  expect(bench.cluster.group.memberCount).toBe(0);
}

describe('closing', () => {
  let bench: Bench;
  beforeEach(() => {
    bench = new Bench();
  });
  afterEach(() => bench.close());

  it('commits what is processed and releases everything', async () => {
    bench.write(0, 'a', 'b');
    const instance = bench.instance({ commitIntervalMs: 60_000, transactionTimeoutMs: 60_000 });
    await instance.streams.start();
    await bench.until(() => instance.streams.state === 'RUNNING');
    await instance.streams.caughtUp();
    bench.write(1, 'c');
    await bench.until(() => (instance.streams.metrics()?.recordsIn ?? 0) === 3);
    await instance.streams.close();
    expect(instance.streams.state).toBe('NOT_RUNNING');
    expect(bench.values()).toEqual(['a', 'b', 'c']);
    expectReleased(bench, instance);
  });

  it('twice, and at the same time, is once', async () => {
    const instance = bench.instance();
    await instance.streams.start();
    const [first, second] = [instance.streams.close(), instance.streams.close()];
    expect(second).toBe(first);
    await first;
    await instance.streams.close();
    await instance.streams.ended();
    expect(instance.streams.state).toBe('NOT_RUNNING');
  });

  it('before start leaves nothing to start', async () => {
    const { streams } = bench.instance();
    await streams.close();
    expect(streams.state).toBe('NOT_RUNNING');
    await expect(streams.start()).rejects.toMatchObject({ code: 'INVALID_STATE' });
  });

  const steps: readonly (readonly [string, (transport: FakeTransport) => void])[] = [
    ['connecting', (transport) => Object.assign(transport, { connect: never })],
    ['asking for topics', ({ admin }) => Object.assign(admin, { metadata: never })],
    ['initialising transactions', ({ producer }) => Object.assign(producer, { initTransactions: never })],
    ['joining the group', ({ consumer }) => Object.assign(consumer, { subscribe: never })],
  ];

  it.each(steps)('while start hangs in %s', async (_step, hang) => {
    const instance = bench.instance();
    instance.onTransport = hang;
    const started = instance.streams.start();
    started.catch(() => {});
    await bench.until(() => instance.transport !== undefined);
    for (let index = 0; index < 100; index++) await turn();
    await instance.streams.close(400);
    expect(instance.streams.state).toBe('NOT_RUNNING');
    expectReleased(bench, instance);
  });

  it.each([0, 1, 3, 8, 15, 30, 60])('%i ms after start began', async (delayMs) => {
    const instance = bench.instance();
    const started = instance.streams.start().then(
      () => 'started',
      (error: { code: string }) => error.code,
    );
    await new Promise((resolve) => setTimeout(resolve, delayMs));
    await instance.streams.close(2_000);
    expect(['started', 'INVALID_STATE']).toContain(await started);
    expect(instance.streams.state).toBe('NOT_RUNNING');
    expectReleased(bench, instance);
  });

  it('while a restore waits for a transaction that nobody ends', async () => {
    bench.cluster.createTopic('echo-counts-changelog', 2);
    bench.write(0, 'x');
    const source = bench.cluster.log({ topic: 'in', partition: 0 }).read(0)!;
    bench.cluster.addToTransaction('dead', bench.cluster.initProducer('dead'), [
      { topic: 'echo-counts-changelog', partition: 0, recordCount: 1, bytes: source.bytes },
    ]);
    const instance = bench.instance();
    await instance.streams.start();
    await bench.until(() => bench.logged.some((line) => line.startsWith('Restoring waits')));
    await instance.streams.close(2_000);
    expect(instance.streams.state).toBe('NOT_RUNNING');
    expectReleased(bench, instance);
  });

  it('while an assignment waits for committed offsets', async () => {
    const instance = bench.instance();
    instance.onTransport = ({ consumer }) => Object.assign(consumer, { committed: never });
    await instance.streams.start();
    await bench.until(() => bench.cluster.group.memberCount === 1);
    for (let index = 0; index < 30; index++) await turn();
    await instance.streams.close(400);
    expect(instance.streams.state).toBe('NOT_RUNNING');
    expectReleased(bench, instance);
  });

  it('while a commit hangs', async () => {
    const instance = bench.instance();
    await instance.streams.start();
    await bench.until(() => instance.streams.state === 'RUNNING');
    Object.assign(instance.transport!.producer, { send: never });
    bench.write(0, 'a');
    await bench.until(() => instance.streams.metrics()?.recordsIn === 1);
    await instance.streams.close(400);
    expect(instance.streams.state).toBe('NOT_RUNNING');
    expect(bench.values()).toEqual([]);
    expectReleased(bench, instance);
  });

  it('while a commit is refused again and again', async () => {
    const instance = bench.instance();
    await instance.streams.start();
    await bench.until(() => instance.streams.state === 'RUNNING');
    for (let index = 0; index < 50; index++) bench.cluster.faults.script('send', 'abortable');
    bench.write(0, 'a');
    await bench.until(() => bench.logged.some((line) => line.startsWith('Commit of epoch')));
    await instance.streams.close(400);
    expect(instance.streams.state).toBe('NOT_RUNNING');
    expectReleased(bench, instance);
  });

  it('with a shard that dies during the last commit', async () => {
    const instance = bench.instance();
    await instance.streams.start();
    await bench.until(() => instance.streams.state === 'RUNNING');
    bench.write(0, 'a');
    const closed = instance.streams.close(20_000);
    instance.killShard(() => 0);
    instance.killShard(() => 0);
    await closed;
    expect(instance.streams.state).toBe('NOT_RUNNING');
    expectReleased(bench, instance);
  });

  it('during a rebalance', async () => {
    const instance = bench.instance();
    await instance.streams.start();
    await bench.until(() => instance.streams.state === 'RUNNING');
    bench.cluster.group.rebalance();
    await instance.streams.close(2_000);
    expect(instance.streams.state).toBe('NOT_RUNNING');
    expectReleased(bench, instance);
  });
});

describe('committing', () => {
  let bench: Bench;
  beforeEach(() => {
    bench = new Bench();
  });
  afterEach(() => bench.close());

  it('puts all that comes during a commit into the one that follows it at once', async () => {
    const instance = bench.instance({ commitIntervalMs: 20 });
    await instance.streams.start();
    await bench.until(() => instance.streams.state === 'RUNNING');
    const { producer } = instance.transport!;
    const commit = producer.commit.bind(producer);
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    let commits = 0;
    producer.commit = async () => {
      if (++commits === 1) await held;
      await commit();
    };
    bench.write(0, 'a');
    await bench.until(() => commits === 1);
    for (const [index, value] of ['b', 'c', 'd'].entries()) {
      bench.write(0, value);
      await bench.until(() => instance.streams.metrics()!.recordsIn === index + 2);
      // More than one interval.
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    release();
    await bench.until(() => bench.values().length === 4);
    expect(commits).toBe(2);
  });
});

describe('a start that fails', () => {
  let bench: Bench;
  beforeEach(() => {
    bench = new Bench();
  });
  afterEach(() => bench.close());

  it.each([
    ['a topic is missing', 'MISSING_TOPIC', () => ({}), (bench: Bench) => Object.assign(bench.cluster, { partitions: () => undefined })],
    [
      'the cluster does not answer',
      'BROKER_UNREACHABLE',
      (instance: Instance) => {
        instance.onTransport = (transport) =>
          Object.assign(transport, {
            connect: () => Promise.reject(Object.assign(new Error('nobody there'), { name: 'MillraceError', code: 'BROKER_UNREACHABLE' })),
          });
      },
      () => ({}),
    ],
  ])('because %s releases everything', async (_why, code, prepare, break_) => {
    break_(bench);
    const instance = bench.instance();
    prepare(instance);
    await expect(instance.streams.start()).rejects.toMatchObject({ code });
    expect(instance.streams.state).toBe('ERROR');
    expect(instance.streams.error).toMatchObject({ code });
    await expect(instance.streams.ended()).rejects.toMatchObject({ code });
    expectReleased(bench, instance);
    await instance.streams.close();
    expect(instance.streams.state).toBe('ERROR');
  });

  it('because a shard cannot load the topology', async () => {
    const instance = bench.instance({}, 'fails-in-shards.ts');
    await expect(instance.streams.start()).rejects.toMatchObject({
      code: 'TOPOLOGY_LOAD_FAILED',
      message: expect.stringMatching(/No topology here/),
    });
    expectReleased(bench, instance);
  });

  it('because shards build another topology', async () => {
    const instance = bench.instance({}, 'differs.ts');
    await expect(instance.streams.start()).rejects.toMatchObject({ code: 'PLAN_MISMATCH' });
    expectReleased(bench, instance);
  });

  it('gives the transient a chance', async () => {
    for (const point of ['metadata', 'init', 'listOffsets', 'committed'] as const) bench.cluster.faults.script(point, 'timeout');
    const instance = bench.instance();
    await instance.streams.start();
    await bench.until(() => instance.streams.state === 'RUNNING');
  });
});
