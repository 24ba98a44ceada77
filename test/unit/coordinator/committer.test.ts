import { beforeEach, describe, expect, it } from 'vitest';
import type { ProcessingGuarantee } from '../../../src/config.ts';
import { Committer } from '../../../src/coordinator/committer.ts';
import { MillraceError } from '../../../src/errors.ts';
import { RecordBatchBuilder } from '../../../src/protocol/index.ts';
import type { OutputFrame } from '../../../src/shard/messages.ts';
import { encodeCommitMetadata } from '../../../src/topology/commit-metadata.ts';
import type { TopicPartitionOffset } from '../../../src/transport/transport.ts';
import { FakeCluster } from '../../simulation/fake-cluster.ts';
import { FakeTransport } from '../../simulation/fake-transport.ts';
import type { FaultKind, FaultPoint } from '../../simulation/faults.ts';

const INPUT = { topic: 'in', partition: 0 };
const OUTPUT = { topic: 'out', partition: 0 };

function frame(value: string, generation = 1): OutputFrame {
  const builder = new RecordBatchBuilder();
  builder.append(0, null, Buffer.from(value));
  return { taskId: '0_0', generation, ...OUTPUT, recordCount: 1, bytes: builder.build() };
}

/** A committer on a cluster whose group has this one member. */
class Bench {
  readonly cluster = new FakeCluster({ transactionTimeoutMs: 60_000 });
  readonly transport: FakeTransport;
  readonly committer: Committer;
  readonly onCommitted: (readonly TopicPartitionOffset[])[] = [];
  readonly logged: string[] = [];
  /** Generations below it are lost. */
  fencedBelow = 0;
  /** So many frames of each commit are written ahead. */
  ahead = 0;
  /** Called with the point of each fault, before it strikes. */
  onFault: (point: FaultPoint) => void = () => {};
  #epoch = 1;

  constructor(guarantee: ProcessingGuarantee, taskTimeoutMs = 5_000) {
    this.cluster.createTopic('in', 1);
    this.cluster.createTopic('out', 1);
    this.transport = new FakeTransport(this.cluster, guarantee === 'exactly_once_v2' ? 'tx' : undefined);
    this.committer = new Committer(this.transport, {
      guarantee,
      taskTimeoutMs,
      requestTimeoutMs: 1_000,
      isOurs: (generation) => generation >= this.fencedBelow,
      anchor: (_frame, marker) => ({ ...INPUT, offset: 0, metadata: encodeCommitMetadata(-1, marker) }),
      onCommitted: (offsets) => this.onCommitted.push(offsets),
      log: (_level, message) => this.logged.push(message),
    });
  }

  async start(): Promise<void> {
    const nothing = async () => {};
    await this.transport.consumer.subscribe(['in'], { onAssigned: nothing, onRevoked: nothing, onLost: nothing });
    while (this.cluster.group.generationOf(this.transport.consumer) < 0) await this.transport.consumer.poll(1);
    await this.committer.init();
  }

  async commit(frames: readonly OutputFrame[], offset?: number, generation = 1): Promise<boolean> {
    for (const frame of frames.slice(0, this.ahead)) await this.committer.writeAhead([frame]);
    const offsets = offset === undefined ? [] : [{ ...INPUT, offset, metadata: `m${offset}` }];
    return this.committer.commit({
      epoch: this.#epoch++,
      frames,
      progress: offset === undefined ? [] : [{ taskId: '0_0', generation, offsets, streamTimeMs: 0 }],
    });
  }

  /** Everything a read_committed consumer sees. */
  get output(): string[] {
    const values: string[] = [];
    this.cluster.log(OUTPUT).forEach(({ value }) => {
      values.push(String(value));
    });
    return values;
  }

  get committedOffset(): number {
    return this.cluster.group.committed(INPUT).offset;
  }
}

describe('Committer, exactly_once_v2', () => {
  let bench: Bench;
  beforeEach(async () => {
    bench = new Bench('exactly_once_v2');
    await bench.start();
  });

  it('commits output and offsets in one transaction', async () => {
    expect(await bench.commit([frame('a'), frame('b')], 5)).toBe(true);
    expect(bench.output).toEqual(['a', 'b']);
    expect(bench.committedOffset).toBe(5);
    expect(bench.onCommitted).toEqual([[{ ...INPUT, offset: 5, metadata: 'm5' }]]);
    expect(bench.committer.counters).toMatchObject({ transactions: 1, aborted: 0, recordsOut: 2 });
  });

  it('begins no transaction for nothing', async () => {
    await bench.commit([]);
    expect(bench.committer.counters.transactions).toBe(0);
    expect(bench.onCommitted).toEqual([]);
  });

  const faults: readonly (readonly [FaultPoint, FaultKind])[] = [
    ['begin', 'fatal'],
    ['send', 'abortable'],
    ['send', 'fatal'],
    ['sendOffsets', 'abortable'],
    ['sendOffsets', 'fatal'],
    ['sendOffsets', 'timeout'],
    ['sendOffsets', 'timeout-done'],
    ['commit', 'abortable'],
    ['commit', 'fatal'],
    ['commit', 'fatal-done'],
    ['commit', 'timeout'],
    ['commit', 'timeout-done'],
    ['commit', 'fenced'],
  ];

  describe.each([0, 1, 2])('with %i frames written ahead', (ahead) => {
    beforeEach(() => {
      bench.ahead = ahead;
    });

    it.each(faults)('writes everything once although %s fails: %s', async (point, kind) => {
      bench.cluster.faults.script(point, kind);
      await bench.commit([frame('a'), frame('b')], 5);
      await bench.commit([frame('c')], 6);
      expect(bench.output).toEqual(['a', 'b', 'c']);
      expect(bench.committedOffset).toBe(6);
      expect(bench.committer.counters).toMatchObject({ transactions: 2, aborted: 1 });
    });

    it.each(faults)('also output without progress: %s fails: %s', async (point, kind) => {
      bench.cluster.faults.script(point, kind);
      await bench.commit([frame('a'), frame('b')]);
      await bench.commit([frame('c')]);
      expect(bench.output).toEqual(['a', 'b', 'c']);
    });
  });

  it('writes again without what was dropped after it had been written ahead', async () => {
    const [dropped, kept] = [frame('dropped'), frame('kept')];
    await bench.committer.writeAhead([dropped, kept]);
    await bench.commit([kept], 5);
    expect(bench.output).toEqual(['kept']);
    expect(bench.committer.counters).toMatchObject({ transactions: 1 });
  });

  it('leaves no transaction open when nothing of what was written ahead is to be committed', async () => {
    await bench.committer.writeAhead([frame('dropped')]);
    await bench.commit([]);
    expect(bench.cluster.log(OUTPUT).stableOffset).toBe(bench.cluster.log(OUTPUT).endOffset);
    expect(bench.output).toEqual([]);
  });

  it('writes what was lost and taken back to nobody, and again what is still ours', async () => {
    const [lost, ours] = [frame('lost', 1), frame('ours', 2)];
    await bench.committer.writeAhead([lost, ours]);
    bench.fencedBelow = 2;
    await bench.committer.takeBack();
    expect(bench.cluster.log(OUTPUT).stableOffset).toBe(bench.cluster.log(OUTPUT).endOffset);
    await bench.commit([lost, ours], 7, 2);
    expect(bench.output).toEqual(['ours']);
    expect(bench.committedOffset).toBe(7);
  });

  it('writes nothing ahead once it is told to stop', async () => {
    bench.committer.stop();
    await bench.committer.writeAhead([frame('a')]);
    expect(bench.cluster.log(OUTPUT).endOffset).toBe(0);
  });

  it('finds out about an unknown commit even when that takes several attempts', async () => {
    bench.cluster.faults.script('commit', 'fatal-done');
    bench.cluster.faults.script('replace', 'timeout');
    bench.cluster.faults.script('init', 'timeout');
    bench.cluster.faults.script('committed', 'timeout');
    await bench.commit([frame('a')], 5);
    expect(bench.output).toEqual(['a']);
  });

  it('replaces a producer that cannot even abort', async () => {
    bench.cluster.faults.script('send', 'abortable');
    bench.cluster.faults.script('abort', 'fatal');
    const before = bench.transport.producer;
    await bench.commit([frame('a')], 5);
    expect(bench.output).toEqual(['a']);
    expect(bench.transport.producer).not.toBe(before);
  });

  it('gives up when it is fenced again and again: somebody else uses the transactional id', async () => {
    for (let index = 0; index < 4; index++) bench.cluster.faults.script('commit', 'fenced');
    await expect(bench.commit([frame('a')], 5)).rejects.toMatchObject({ code: 'PRODUCER_FENCED' });
  });

  it('gives up after the task timeout', async () => {
    const impatient = new Bench('exactly_once_v2', 0);
    await impatient.start();
    impatient.cluster.faults.script('send', 'abortable');
    await expect(impatient.commit([frame('a')], 5)).rejects.toMatchObject({ code: 'TRANSACTION_ABORTABLE' });
    expect(impatient.output).toEqual([]);
  });

  it('does not try again what cannot get better', async () => {
    const missing = { ...frame('a'), topic: 'nowhere' };
    await expect(bench.commit([missing], 5)).rejects.toMatchObject({ code: 'MISSING_TOPIC' });
  });

  it('commits nothing of lost generations, and the rest by itself', async () => {
    bench.fencedBelow = 2;
    // Not all was written: memory of what was left out must not be used again.
    expect(await bench.commit([frame('lost', 1), frame('ours', 2)], 9, 1)).toBe(false);
    expect(bench.output).toEqual(['ours']);
    expect(bench.committedOffset).toBe(0); // its anchor
    expect(await bench.commit([frame('lost', 1)], 10, 1)).toBe(false);
    expect(bench.output).toEqual(['ours']);
    expect(bench.committedOffset).toBe(0);
  });

  it('sends no offsets of tasks that were lost while the output was written', async () => {
    const { producer } = bench.transport;
    const send = producer.send.bind(producer);
    producer.send = async (batches) => {
      await send(batches);
      bench.fencedBelow = 2;
    };
    await bench.commit([frame('lost')], 5);
    expect(bench.output).toEqual([]);
    expect(bench.committedOffset).toBe(-1);
    expect(bench.onCommitted).toEqual([]);
  });

  it('stops trying when it is told to', async () => {
    for (let index = 0; index < 20; index++) bench.cluster.faults.script('send', 'abortable');
    const committing = bench.commit([frame('a')], 5);
    while (bench.logged.length === 0) await new Promise((resolve) => setImmediate(resolve));
    bench.committer.stop();
    await expect(committing).rejects.toMatchObject({ code: 'COMMIT_FAILED' });
    await expect(bench.commit([frame('b')], 6)).rejects.toMatchObject({ code: 'COMMIT_FAILED' });
  });
});

describe('Committer, at_least_once', () => {
  it('commits offsets only after the output is acknowledged', async () => {
    const bench = new Bench('at_least_once');
    await bench.start();
    const order: string[] = [];
    const { producer, consumer } = bench.transport;
    const flush = producer.flush.bind(producer);
    producer.flush = async () => {
      await flush();
      order.push(`flushed ${bench.output.length}, committed ${bench.committedOffset}`);
    };
    await bench.commit([frame('a')], 5);
    expect(order).toEqual(['flushed 1, committed -1']);
    expect(bench.committedOffset).toBe(5);
    expect(consumer.topics).toEqual(['in']);
  });

  it('does not write again what is written when only the offsets fail', async () => {
    const bench = new Bench('at_least_once');
    await bench.start();
    bench.cluster.faults.script('commitOffsets', 'timeout');
    await bench.commit([frame('a')], 5);
    expect(bench.output).toEqual(['a']);
    expect(bench.committedOffset).toBe(5);
  });

  it('keeps its producer when a rebalance refuses the offsets, and ends when the tasks are lost', async () => {
    const bench = new Bench('at_least_once');
    await bench.start();
    const { producer } = bench.transport;
    let refused = 0;
    bench.transport.consumer.commit = async () => {
      if (++refused === 2) bench.fencedBelow = 2;
      throw new MillraceError('TASK_MIGRATED', 'The group rebalances.');
    };
    await bench.commit([frame('a')], 5);
    expect(bench.transport.producer).toBe(producer);
    expect(bench.output).toEqual(['a']);
    expect(bench.onCommitted).toEqual([]);
  });

  it.each([
    ['send', 'fatal'],
    ['flush', 'timeout'],
    ['flush', 'timeout-done'],
  ] as const)('loses nothing although %s fails: %s', async (point, kind) => {
    for (const ahead of [0, 1, 2]) {
      const bench = new Bench('at_least_once');
      bench.ahead = ahead;
      await bench.start();
      bench.cluster.faults.script(point, kind);
      await bench.commit([frame('a'), frame('b')], 5);
      expect(new Set(bench.output)).toEqual(new Set(['a', 'b']));
      expect(bench.committedOffset).toBe(5);
    }
  });

  it('does not send again what was written ahead', async () => {
    const bench = new Bench('at_least_once');
    bench.ahead = 2;
    await bench.start();
    await bench.commit([frame('a'), frame('b'), frame('c')], 5);
    await bench.commit([frame('d')], 6);
    expect(bench.output).toEqual(['a', 'b', 'c', 'd']);
  });
});

describe('Committer, at_most_once', () => {
  it.each([
    ['flush', 'timeout'],
    ['flush', 'timeout-done'],
    ['send', 'fatal'],
  ] as const)('writes nothing twice although %s fails: %s; offsets are not its business', async (point, kind) => {
    for (const ahead of [0, 1]) {
      const bench = new Bench('at_most_once');
      bench.ahead = ahead;
      await bench.start();
      bench.cluster.faults.script(point, kind);
      await bench.commit([frame('a')], 5);
      await bench.commit([frame('b')], 6);
      expect(bench.output.filter((value) => value === 'a').length).toBeLessThanOrEqual(1);
      expect(bench.output.filter((value) => value === 'b')).toEqual(['b']);
      expect(bench.committedOffset).toBe(-1);
    }
  });
});
