import { describe, expect, it } from 'vitest';
import { type EpochContent, type EpochHooks, Epochs } from '../../../src/coordinator/epochs.ts';
import type { OutputFrame, TaskProgress } from '../../../src/shard/messages.ts';

const frame = (taskId: string, bytes = 10, generation = 1): OutputFrame => ({
  taskId,
  generation,
  topic: 'out',
  partition: 0,
  recordCount: 1,
  bytes: new Uint8Array(bytes),
});
const progress = (taskId: string, generation = 1): TaskProgress => ({
  taskId,
  generation,
  offsets: [{ topic: 'in', partition: 0, offset: 5, metadata: '' }],
  streamTimeMs: 0,
});
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Shards that answer by hand, and commits that end by hand. */
class Bench {
  live = [0, 1];
  readonly requested: { epoch: number; suspendBelow: number }[] = [];
  readonly committed: EpochContent[] = [];
  readonly ends: { resolve: (written?: boolean) => void; reject: (error: Error) => void }[] = [];
  readonly givenBack: { shard: number; memory: readonly SharedArrayBuffer[] }[] = [];
  /** What was written ahead, call by call; `back` where it was taken back. */
  readonly ahead: string[] = [];
  readonly epochs: Epochs;

  constructor(aheadMaxMs = 0) {
    const hooks: EpochHooks = {
      requestCommit: (epoch, suspendBelow) => {
        this.requested.push({ epoch, suspendBelow });
        return this.live;
      },
      commit: (content) => {
        this.committed.push(content);
        return new Promise((resolve, reject) => this.ends.push({ resolve: (written = true) => resolve(written), reject }));
      },
      writeAhead: async (frames) => void this.ahead.push(frames.map(({ taskId }) => taskId).join(' ')),
      takeBack: async () => void this.ahead.push('back'),
      giveBack: (shard, memory) => void this.givenBack.push({ shard, memory }),
    };
    this.epochs = new Epochs(hooks, aheadMaxMs);
  }

  tasksCommitted(): string[] {
    return this.committed.at(-1)?.frames.map(({ taskId }) => taskId) ?? [];
  }
}

describe('Epochs', () => {
  it('give shared memory back to the shard it is from, once the frames in it are written', async () => {
    const bench = new Bench();
    const shared = (taskId: string) => ({ ...frame(taskId), bytes: new Uint8Array(new SharedArrayBuffer(16), 0, 10) });
    const [early, late, lost] = [shared('a'), shared('a'), shared('b')];
    bench.epochs.addFrames(0, [early]);
    const closed = bench.epochs.close();
    bench.epochs.shardDone(1, 1, [frame('b')], []);
    bench.epochs.shardDone(0, 1, [late], []);
    await turn();
    expect(bench.givenBack).toEqual([]);
    bench.ends[0]?.resolve();
    await closed;
    expect(bench.givenBack).toHaveLength(1);
    expect(bench.givenBack[0]?.shard).toBe(0);
    expect(bench.givenBack[0]?.memory[0]).toBe(early?.bytes.buffer);
    expect(bench.givenBack[0]?.memory[1]).toBe(late?.bytes.buffer);
    bench.live = [1];
    const second = bench.epochs.close();
    bench.epochs.shardDone(1, 2, [lost!], []);
    await turn();
    bench.ends[1]?.resolve(false);
    await second;
    expect(bench.givenBack).toHaveLength(1);
  });

  it('commits what all shards gave, once all have closed', async () => {
    const bench = new Bench();
    bench.epochs.addFrames(0, [frame('early')]);
    const closed = bench.epochs.close(7);
    expect(bench.requested).toEqual([{ epoch: 1, suspendBelow: 7 }]);
    bench.epochs.shardDone(1, 1, [frame('b')], [progress('b')]);
    await turn();
    expect(bench.committed).toEqual([]);
    bench.epochs.shardDone(0, 1, [frame('a')], [progress('a')]);
    await turn();
    expect(bench.tasksCommitted()).toEqual(['early', 'b', 'a']);
    expect(bench.committed[0]?.progress.map(({ taskId }) => taskId)).toEqual(['b', 'a']);
    bench.ends[0]?.resolve();
    await closed;
    expect(bench.epochs.idle).toBe(true);
  });

  it('puts output into the epoch that its shard closes next, whatever the others have done', async () => {
    const bench = new Bench();
    void bench.epochs.close();
    bench.epochs.shardDone(0, 1, [], []);
    bench.epochs.addFrames(0, [frame('of the second epoch')]);
    bench.epochs.addFrames(1, [frame('of the first')]);
    bench.epochs.shardDone(1, 1, [], []);
    await turn();
    expect(bench.tasksCommitted()).toEqual(['of the first']);
    void bench.epochs.close();
    bench.epochs.shardDone(0, 2, [], []);
    bench.epochs.shardDone(1, 2, [], []);
    bench.ends[0]?.resolve();
    await turn();
    expect(bench.tasksCommitted()).toEqual(['of the second epoch']);
  });

  it('closes the next epoch while the one before is being committed, and commits in order', async () => {
    const bench = new Bench();
    bench.live = [0];
    void bench.epochs.close();
    bench.epochs.shardDone(0, 1, [frame('first')], []);
    void bench.epochs.close();
    await turn();
    bench.epochs.shardDone(0, 2, [frame('second')], []);
    await turn();
    expect(bench.committed.map(({ epoch }) => epoch)).toEqual([1]);
    bench.ends[0]?.resolve();
    await turn();
    expect(bench.committed.map(({ epoch }) => epoch)).toEqual([1, 2]);
  });

  it('is busy while a close is under way, or when two epochs wait to be committed', async () => {
    const bench = new Bench();
    bench.live = [0];
    const close = async (epoch: number) => {
      void bench.epochs.close();
      await turn();
      expect(bench.epochs.busy).toBe(true);
      bench.epochs.shardDone(0, epoch, [], []);
      await turn();
    };
    await close(1);
    expect(bench.epochs.busy).toBe(false);
    await close(2);
    expect(bench.epochs.busy).toBe(true);
    bench.ends[0]?.resolve();
    await turn();
    expect(bench.epochs.busy).toBe(false);
  });

  it('closes at once when there is no shard', async () => {
    const bench = new Bench();
    bench.live = [];
    const closed = bench.epochs.close();
    await turn();
    bench.ends[0]?.resolve();
    await closed;
    expect(bench.committed[0]?.frames).toEqual([]);
  });

  it('drops the open share of a dead shard and waits for it no longer', async () => {
    const bench = new Bench();
    bench.epochs.addFrames(0, [frame('of the dead')]);
    bench.epochs.addFrames(1, [frame('of the living')]);
    void bench.epochs.close();
    bench.epochs.shardDone(1, 1, [], []);
    bench.epochs.dropShard(0);
    await turn();
    expect(bench.tasksCommitted()).toEqual(['of the living']);
  });

  it('keeps what a shard had closed before it died', async () => {
    const bench = new Bench();
    void bench.epochs.close();
    bench.epochs.shardDone(0, 1, [frame('closed')], [progress('closed')]);
    bench.epochs.addFrames(0, [frame('open')]);
    bench.epochs.dropShard(0);
    bench.epochs.shardDone(1, 1, [], []);
    await turn();
    expect(bench.tasksCommitted()).toEqual(['closed']);
    expect(bench.committed[0]?.progress).toHaveLength(1);
    expect(bench.epochs.bufferedBytes).toBe(10);
  });

  it('drops the open share of one task only', async () => {
    const bench = new Bench();
    bench.epochs.addFrames(0, [frame('failed'), frame('fine')]);
    bench.epochs.dropTask(0, 'failed');
    void bench.epochs.close();
    bench.epochs.addFrames(0, [frame('failed too')]);
    bench.epochs.dropTask(0, 'failed too');
    bench.epochs.shardDone(0, 1, [], []);
    bench.epochs.shardDone(1, 1, [], []);
    await turn();
    expect(bench.tasksCommitted()).toEqual(['fine']);
  });

  it('counts the bytes that wait for a commit, to the last one', async () => {
    const bench = new Bench();
    bench.live = [0];
    bench.epochs.addFrames(0, [frame('a', 100), frame('b', 50)]);
    expect(bench.epochs.bufferedBytes).toBe(150);
    bench.epochs.dropTask(0, 'b');
    expect(bench.epochs.bufferedBytes).toBe(100);
    const closed = bench.epochs.close();
    bench.epochs.shardDone(0, 1, [frame('a', 11)], []);
    await turn();
    expect(bench.epochs.bufferedBytes).toBe(111);
    bench.ends[0]?.resolve();
    await closed;
    expect(bench.epochs.bufferedBytes).toBe(0);
  });

  it('commits nothing after a commit that failed for good', async () => {
    const bench = new Bench();
    bench.live = [0];
    const first = bench.epochs.close();
    bench.epochs.shardDone(0, 1, [], []);
    await turn();
    const second = bench.epochs.close();
    bench.epochs.shardDone(0, 2, [], []);
    bench.ends[0]?.reject(new Error('for good'));
    await expect(first).rejects.toThrow('for good');
    await expect(second).rejects.toThrow('for good');
    expect(bench.committed).toHaveLength(1);
  });

  it('a close waits for the one under way, so that it covers what came in between', async () => {
    const bench = new Bench();
    bench.live = [0];
    void bench.epochs.close();
    void bench.epochs.close();
    await turn();
    expect(bench.requested.map(({ epoch }) => epoch)).toEqual([1]);
    bench.epochs.shardDone(0, 1, [], []);
    await turn();
    expect(bench.requested.map(({ epoch }) => epoch)).toEqual([1, 2]);
  });

  it('refuses an answer that nobody asked for', () => {
    const bench = new Bench();
    expect(() => bench.epochs.shardDone(0, 1, [], [])).toThrow(/Shard 0 closed epoch 1/);
    void bench.epochs.close();
    bench.epochs.shardDone(0, 1, [], []);
    expect(() => bench.epochs.shardDone(0, 1, [], [])).toThrow(/nobody asked/);
  });

  it('tells the watchdog which shards have not answered', () => {
    const bench = new Bench();
    expect(bench.epochs.waitingFor(performance.now())).toBeUndefined();
    void bench.epochs.close();
    bench.epochs.shardDone(0, 1, [], []);
    expect(bench.epochs.waitingFor(performance.now() + 5_000)?.shards).toEqual([1]);
    expect(bench.epochs.waitingFor(performance.now() + 5_000)?.elapsedMs).toBeGreaterThanOrEqual(5_000);
  });
});

describe('Epochs, writing ahead', () => {
  it('give what comes before the close, each once, and all of it to the commit', async () => {
    const bench = new Bench(60_000);
    bench.epochs.addFrames(0, [frame('a')]);
    await turn();
    bench.epochs.addFrames(1, [frame('b')]);
    await turn();
    void bench.epochs.close();
    bench.epochs.shardDone(1, 1, [frame('c')], []);
    await turn();
    bench.epochs.shardDone(0, 1, [frame('d')], []);
    await turn();
    expect(bench.ahead).toEqual(['a', 'b', 'c']);
    expect(bench.tasksCommitted()).toEqual(['a', 'b', 'c', 'd']);
  });

  it('wait for the commit before, and then begin with what came meanwhile', async () => {
    const bench = new Bench(60_000);
    bench.live = [0];
    void bench.epochs.close();
    bench.epochs.shardDone(0, 1, [], []);
    bench.epochs.addFrames(0, [frame('a')]);
    await turn();
    bench.epochs.addFrames(0, [frame('b')]);
    expect(bench.ahead).toEqual([]);
    bench.ends[0]?.resolve();
    await turn();
    expect(bench.ahead).toEqual(['a b']);
  });

  it('write nothing of an epoch that is closed by the time it would have its turn', async () => {
    const bench = new Bench(60_000);
    bench.live = [0];
    bench.epochs.addFrames(0, [frame('a')]);
    void bench.epochs.close();
    bench.epochs.shardDone(0, 1, [], []);
    await turn();
    void bench.epochs.close();
    bench.epochs.addFrames(0, [frame('of the second')]);
    bench.epochs.shardDone(0, 2, [], []);
    await turn();
    expect(bench.ahead.join()).not.toMatch(/second/);
    bench.ends[0]?.resolve();
    await turn();
    expect(bench.tasksCommitted()).toEqual(['of the second']);
  });

  it('go no further once something of it is dropped, and begin anew with the next epoch', async () => {
    const bench = new Bench(60_000);
    bench.live = [0];
    bench.epochs.addFrames(0, [frame('fine'), frame('failed')]);
    await turn();
    bench.epochs.dropTask(0, 'failed');
    bench.epochs.addFrames(0, [frame('more')]);
    await turn();
    expect(bench.ahead).toEqual(['fine failed']);
    void bench.epochs.close();
    bench.epochs.shardDone(0, 1, [], []);
    await turn();
    bench.epochs.addFrames(0, [frame('next')]);
    bench.ends[0]?.resolve();
    await turn();
    expect(bench.ahead).toEqual(['fine failed', 'next']);
  });

  it('leave what has no partition yet, and all after it, to the commit', async () => {
    const bench = new Bench(60_000);
    bench.epochs.addFrames(0, [{ ...frame('a'), partition: -1 }]);
    bench.epochs.addFrames(0, [frame('b')]);
    await turn();
    expect(bench.ahead).toEqual([]);
  });

  it('take it back when asked to, and when the commit does not come', async () => {
    const bench = new Bench(20);
    bench.epochs.addFrames(0, [frame('a')]);
    bench.epochs.takeBack();
    bench.epochs.addFrames(0, [frame('b')]);
    await turn();
    expect(bench.ahead).toEqual(['back']);
    void bench.epochs.close();
    bench.epochs.addFrames(0, [frame('c')]);
    bench.epochs.shardDone(0, 1, [], []);
    bench.epochs.shardDone(1, 1, [], []);
    await turn();
    bench.ends[0]?.resolve();
    bench.epochs.addFrames(1, [frame('d')]);
    await expect.poll(() => bench.ahead).toEqual(['back', 'd', 'back']);
  });
});
