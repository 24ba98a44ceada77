import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type RestoreRequest, Restorer } from '../../../src/coordinator/restorer.ts';
import { RecordBatchBuilder, RecordCursor } from '../../../src/protocol/index.ts';
import type { ToShard } from '../../../src/shard/messages.ts';
import { FakeCluster } from '../../simulation/fake-cluster.ts';
import { FakeTransport } from '../../simulation/fake-transport.ts';

const CHANGELOG = 'changelog';
const turn = () => new Promise((resolve) => setTimeout(resolve, 1));

function batch(values: readonly string[]): Buffer {
  const builder = new RecordBatchBuilder();
  for (const value of values) builder.append(0, Buffer.from('k'), Buffer.from(value));
  return builder.build();
}

class Bench {
  readonly cluster = new FakeCluster({ transactionTimeoutMs: 60_000 });
  readonly transport = new FakeTransport(this.cluster, undefined);
  readonly posted: Extract<ToShard, { type: 'restore' }>[] = [];
  readonly events: string[] = [];
  readonly errors: Error[] = [];
  readonly waits: string[] = [];
  /** Shards acknowledge at once. */
  acknowledging = true;
  readonly restorer = new Restorer(this.transport, {
    post: (_shard, message) => this.#onPost(message),
    listener: () => ({
      onRestoreStart: ({ partition }, store, start, end) => this.events.push(`start ${store}-${partition} ${start}..${end}`),
      onBatchRestored: ({ partition }, store) => this.events.push(`batch ${store}-${partition}`),
      onRestoreEnd: ({ partition }, store, total) => this.events.push(`end ${store}-${partition} ${total}`),
      onRestoreSuspended: ({ partition }, store) => this.events.push(`suspended ${store}-${partition}`),
    }),
    onError: (error) => this.errors.push(error),
    onWait: (partitions) => this.waits.push(...partitions.map(({ topic, partition }) => `${topic}-${partition}`)),
  });

  constructor() {
    this.cluster.createTopic(CHANGELOG, 4);
  }

  #onPost(message: ToShard): void {
    if (message.type !== 'restore') return;
    this.posted.push(message);
    if (this.acknowledging) setImmediate(() => this.acknowledge(message));
  }

  acknowledge({ taskId, generation, store, recordCount }: Extract<ToShard, { type: 'restore' }>): void {
    this.restorer.acknowledge(taskId, generation, store, recordCount);
  }

  write(partition: number, values: readonly string[]): void {
    this.cluster.append([{ topic: CHANGELOG, partition, recordCount: values.length, bytes: batch(values) }]);
  }

  request(partition: number, generation = 1, extra: Partial<RestoreRequest> = {}): RestoreRequest {
    return { taskId: `0_${partition}`, generation, shard: 0, store: 'store', changelog: { topic: CHANGELOG, partition }, ...extra };
  }

  restore(partition: number, generation = 1, extra: Partial<RestoreRequest> = {}): Promise<boolean> {
    return this.restorer.restore(`0_${partition}`, generation, [this.request(partition, generation, extra)]);
  }

  /** What the shard was sent for a generation. */
  values(generation = 1): string[] {
    return this.posted
      .filter((message) => message.generation === generation)
      .flatMap(({ bytes }) => {
        const values: string[] = [];
        const cursor = new RecordCursor(bytes);
        while (cursor.next()) values.push(cursor.buffer.toString('utf8', cursor.valueStart, cursor.valueStart + cursor.valueLength));
        return values;
      });
  }
}

describe('Restorer', () => {
  let bench: Bench;
  beforeEach(() => {
    bench = new Bench();
  });
  afterEach(() => bench.restorer.close());

  it('resolves when the shard has taken in everything, and tells the listener', async () => {
    bench.write(0, ['a', 'b']);
    bench.write(0, ['c']);
    expect(await bench.restore(0)).toBe(true);
    expect(bench.values()).toEqual(['a', 'b', 'c']);
    expect(bench.events.at(0)).toBe('start store-0 0..3');
    expect(bench.events.at(-1)).toBe('end store-0 3');
    expect(bench.restorer.active).toBe(false);
  });

  it('has nothing to do for an empty changelog, or for none', async () => {
    expect(await bench.restore(0)).toBe(true);
    expect(await bench.restorer.restore('0_1', 1, [])).toBe(true);
    expect(bench.events).toEqual(['start store-0 0..0', 'end store-0 0']);
  });

  it('passes what aborted transactions and markers left behind', async () => {
    const epoch = bench.cluster.initProducer('tx');
    const output = { topic: CHANGELOG, partition: 0, recordCount: 1 };
    bench.cluster.addToTransaction('tx', epoch, [{ ...output, bytes: batch(['committed']) }]);
    bench.cluster.endTransaction('tx', epoch, 'committed');
    bench.cluster.addToTransaction('tx', epoch, [{ ...output, bytes: batch(['aborted']) }]);
    bench.cluster.endTransaction('tx', epoch, 'aborted');
    expect(await bench.restore(0)).toBe(true);
    expect(bench.values()).toEqual(['committed']);
  });

  it('waits for an open transaction below the end, and takes in what it brings', async () => {
    const epoch = bench.cluster.initProducer('tx');
    bench.cluster.addToTransaction('tx', epoch, [{ topic: CHANGELOG, partition: 0, recordCount: 1, bytes: batch(['late']) }]);
    let done = false;
    const restored = bench.restore(0).finally(() => {
      done = true;
    });
    while (bench.waits.length === 0) await turn();
    expect(done).toBe(false);
    expect(bench.waits).toEqual([`${CHANGELOG}-0`]);
    bench.cluster.endTransaction('tx', epoch, 'committed');
    expect(await restored).toBe(true);
    expect(bench.values()).toEqual(['late']);
  });

  it('does not wait for transactions that began later', async () => {
    bench.write(0, ['a']);
    const { admin } = bench.transport;
    const listOffsets = admin.listOffsets.bind(admin);
    admin.listOffsets = async (partitions, at) => {
      const offsets = await listOffsets(partitions, at);
      if (at === 'highWatermark')
        bench.cluster.addToTransaction('tx', bench.cluster.initProducer('tx'), [
          { topic: CHANGELOG, partition: 0, recordCount: 1, bytes: batch(['other']) },
        ]);
      return offsets;
    };
    expect(await bench.restore(0)).toBe(true);
    expect(bench.values()).toEqual(['a']);
  });

  it('restores several tasks at once, also such as come later', async () => {
    for (const partition of [0, 1, 2]) bench.write(partition, [`p${partition}`]);
    const first = Promise.all([bench.restore(0), bench.restore(1)]);
    await turn();
    expect(await bench.restore(2)).toBe(true);
    expect(await first).toEqual([true, true]);
    expect([...bench.values()].sort()).toEqual(['p0', 'p1', 'p2']);
    expect(bench.errors).toEqual([]);
  });

  it('a cancelled restore resolves at once, with false', async () => {
    bench.acknowledging = false;
    bench.write(0, ['a']);
    const restored = bench.restore(0);
    while (bench.posted.length === 0) await turn();
    bench.restorer.cancel('0_0');
    expect(await restored).toBe(false);
    expect(bench.events.at(-1)).toBe('suspended store-0');
  });

  it('is cancelled even before it has begun, and does not get in the way of the next one', async () => {
    bench.write(0, ['a']);
    const old = bench.restore(0, 1);
    bench.restorer.cancel('0_0');
    const next = bench.restore(0, 2);
    expect(await old).toBe(false);
    expect(await next).toBe(true);
    expect(bench.values(1)).toEqual([]);
    expect(bench.values(2)).toEqual(['a']);
  });

  it('what was read for the former life of a task is not taken for the beginning of the next one', async () => {
    bench.acknowledging = false;
    bench.write(0, ['a']);
    bench.write(0, ['b']);
    const { openReader } = bench.transport;
    let again: Promise<boolean> | undefined;
    bench.transport.openReader = async function (this: FakeTransport) {
      const reader = await openReader.call(this);
      const poll = reader.poll.bind(reader);
      reader.poll = async (timeoutMs) => {
        const batches = await poll(timeoutMs);
        if (bench.posted.length === 0 || again !== undefined) return batches;
        // The second batch is in hand when the task ends and comes back.
        bench.restorer.cancel('0_0');
        bench.acknowledging = true;
        again = bench.restore(0, 2);
        while (bench.events.filter((event) => event.startsWith('start')).length < 2) await turn();
        return batches;
      };
      return reader;
    };
    bench.cluster.random.below = () => 1; // batches per poll
    expect(await bench.restore(0)).toBe(false);
    expect(await again).toBe(true);
    expect(bench.values(2)).toEqual(['a', 'b']);
  });

  it('an acknowledgement of an earlier generation does not count', async () => {
    bench.acknowledging = false;
    bench.write(0, ['a']);
    let done = false;
    const restored = bench.restore(0, 2).finally(() => {
      done = true;
    });
    while (bench.posted.length === 0) await turn();
    bench.restorer.acknowledge('0_0', 1, 'store', 1);
    await turn();
    expect(done).toBe(false);
    bench.acknowledge(bench.posted[0]!);
    expect(await restored).toBe(true);
  });

  it('reads no further while too much is on its way', async () => {
    bench.acknowledging = false;
    const many = Array.from({ length: 50_000 }, () => 'v');
    for (let index = 0; index < 8; index++) bench.write(0, many);
    const restored = bench.restore(0);
    while (bench.posted.reduce((sum, { recordCount }) => sum + recordCount, 0) <= 200_000) await turn();
    const before = bench.posted.length;
    for (let index = 0; index < 20; index++) await turn();
    expect(bench.posted).toHaveLength(before);
    bench.acknowledging = true;
    for (const message of [...bench.posted]) bench.acknowledge(message);
    expect(await restored).toBe(true);
    expect(bench.posted.reduce((sum, { recordCount }) => sum + recordCount, 0)).toBe(400_000);
  });

  it('stops at the committed offset where the changelog is an input', async () => {
    bench.write(0, ['a', 'b', 'c', 'd']);
    bench.write(0, ['e']);
    expect(await bench.restore(0, 1, { limitOffset: 3 })).toBe(true);
    expect(bench.values()).toEqual(['a', 'b', 'c']);
  });

  it('close ends what is under way, with false, and all readers', async () => {
    bench.acknowledging = false;
    bench.write(0, ['a']);
    const restored = bench.restore(0);
    while (bench.posted.length === 0) await turn();
    await bench.restorer.close();
    expect(await restored).toBe(false);
    expect(bench.transport.openReaders).toBe(0);
    expect(await bench.restore(0)).toBe(false);
  });

  it('passes on that a changelog is gone', async () => {
    await expect(bench.restore(9)).rejects.toMatchObject({ code: 'MISSING_TOPIC' });
  });
});
