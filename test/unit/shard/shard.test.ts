import { MessageChannel } from 'node:worker_threads';
import { afterEach, describe, expect, it } from 'vitest';
import { resolveConfig } from '../../../src/config.ts';
import { loadTopology } from '../../../src/dsl/load.ts';
import { PLAIN_BATCHES, RecordBatchBuilder, RecordCursor } from '../../../src/protocol/index.ts';
import type { FromShard, OutputFrame, ShardStart, ToShard } from '../../../src/shard/messages.ts';
import { Shard } from '../../../src/shard/shard.ts';

const TOPOLOGY = new URL('fixtures/counting.ts', import.meta.url).href;
const config = resolveConfig({ applicationId: 'app', bootstrapServers: 'h:1' });
const START: ShardStart = {
  shard: 0,
  applicationId: 'app',
  topologyUrl: TOPOLOGY,
  planHash: '',
  settings: {
    processingGuarantee: 'exactly_once_v2',
    maxTaskIdleMs: 0,
    cacheMaxBytes: 0,
    outputFlushBytes: 1_000_000,
    outputFormat: PLAIN_BATCHES,
    deserializationExceptionHandler: 'fail',
    processingExceptionHandler: 'fail',
    productionExceptionHandler: 'fail',
    deadLetterTopic: undefined,
    maxRequestBytes: 1_000_000,
    appConfig: config.app,
  },
};

const WAIT_TIMEOUT_MS = 5_000;

type Of<T extends FromShard['type']> = Extract<FromShard, { type: T }>;

function batch(values: readonly string[]): Uint8Array {
  const builder = new RecordBatchBuilder();
  for (const value of values) builder.append(1_000, Buffer.from('k'), Buffer.from(value));
  return builder.build();
}

function valuesOf(frames: readonly OutputFrame[], topic: string): string[] {
  const values: string[] = [];
  for (const { bytes } of frames.filter((frame) => frame.topic === topic)) {
    const cursor = new RecordCursor(bytes);
    while (cursor.next()) {
      const value = cursor.buffer.subarray(cursor.valueStart, cursor.valueStart + cursor.valueLength);
      values.push(topic === 'out' ? value.toString() : String(value.readBigInt64BE()));
    }
  }
  return values;
}

/** The coordinator's side of a shard that runs in this thread. */
class Bench {
  readonly received: FromShard[] = [];
  readonly ended: Promise<void>;
  readonly #port: MessageChannel['port1'];
  readonly #waiting = new Set<() => void>();
  #offset = 0;

  private constructor(shard: Shard, port: MessageChannel['port1']) {
    this.ended = shard.ended;
    this.#port = port;
    port.on('message', (message: FromShard) => {
      this.received.push(message);
      for (const wake of this.#waiting) wake();
    });
    shard.listen();
  }

  static async start(settings: Partial<ShardStart['settings']> = {}): Promise<Bench> {
    const { port1, port2 } = new MessageChannel();
    const bench = new Bench(
      new Shard({ ...START, settings: { ...START.settings, ...settings } }, port2, await loadTopology(TOPOLOGY)),
      port1,
    );
    bench.post({ type: 'topics', partitions: { out: 1, 'app-counts-changelog': 2 } });
    return bench;
  }

  post(message: ToShard): void {
    this.#port.postMessage(message);
  }

  run(taskId: string, generation: number, startOffset = 0): void {
    this.post({ type: 'createTask', taskId, generation, inputs: [] });
    this.resume(taskId, generation, startOffset);
  }

  resume(taskId: string, generation: number, startOffset = 0): void {
    this.#offset = startOffset;
    const partition = Number(taskId.split('_')[1]);
    this.post({ type: 'runTask', taskId, generation, inputs: [{ topic: 'in', partition, startOffset, partitionTimeMs: -1 }] });
  }

  write(taskId: string, generation: number, ...values: readonly string[]): void {
    const builder = new RecordBatchBuilder();
    for (const value of values) builder.appendAt(this.#offset++, 1_000, Buffer.from('k'), Buffer.from(value));
    this.post({
      type: 'batch',
      taskId,
      generation,
      topic: 'in',
      partition: Number(taskId.split('_')[1]),
      bytes: builder.build(),
      recordCount: values.length,
      nextOffset: this.#offset,
    });
  }

  commit(epoch: number, suspendBelow = 0): Promise<Of<'epochDone'>> {
    this.post({ type: 'commit', epoch, suspendBelow });
    return this.next('epochDone', (message) => message.epoch === epoch);
  }

  async next<T extends FromShard['type']>(type: T, matches: (message: Of<T>) => boolean = () => true): Promise<Of<T>> {
    for (;;) {
      const found = this.received.find((message): message is Of<T> => message.type === type && matches(message as Of<T>));
      if (found !== undefined) return found;
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`No ${type} came, only ${JSON.stringify(this.received)}`)), WAIT_TIMEOUT_MS);
        this.#waiting.add(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  consumed(records: number): Promise<unknown> {
    return this.next(
      'consumed',
      () => this.received.reduce((sum, message) => sum + (message.type === 'consumed' ? message.recordCount : 0), 0) >= records,
    );
  }

  close(): void {
    this.post({ type: 'close' });
  }
}

describe('Shard', () => {
  const benches: Bench[] = [];
  const start = async (settings: Partial<ShardStart['settings']> = {}) => {
    const bench = await Bench.start(settings);
    benches.push(bench);
    return bench;
  };
  afterEach(async () => {
    for (const bench of benches.splice(0)) {
      bench.close();
      await bench.ended;
    }
  });

  it('says which plan it has', async () => {
    const bench = await start();
    expect((await bench.next('ready')).planHash).toBe((await loadTopology(TOPOLOGY)).plan().hash);
  });

  it('processes batches, and hands over output, changes and offsets when the epoch closes', async () => {
    const bench = await start();
    bench.run('0_1', 5);
    bench.write('0_1', 5, 'a', 'b');
    await bench.consumed(2);
    const done = await bench.commit(1);
    expect(valuesOf(done.frames, 'out')).toEqual(['a', 'b']);
    expect(valuesOf(done.frames, 'app-counts-changelog')).toEqual(['2']);
    expect(done.frames.every((frame) => frame.generation === 5 && frame.taskId === '0_1')).toBe(true);
    expect(done.tasks).toMatchObject([{ taskId: '0_1', generation: 5, offsets: [{ topic: 'in', partition: 1, offset: 2 }] }]);
    expect(done.stats.recordsProcessed).toBe(2);
    expect((await bench.commit(2)).frames).toEqual([]);
  });

  it('drops batches of another generation', async () => {
    const bench = await start();
    bench.run('0_0', 2);
    bench.write('0_0', 1, 'stale');
    bench.resume('0_0', 2);
    bench.write('0_0', 2, 'current');
    await bench.consumed(1);
    expect(valuesOf((await bench.commit(1)).frames, 'out')).toEqual(['current']);
  });

  it('suspends tasks in the step that closes their last epoch: nothing gets into the store after it', async () => {
    const bench = await start();
    bench.run('0_0', 1);
    bench.write('0_0', 1, 'a');
    await bench.consumed(1);
    // All in one go, as on a busy port: the batch lies before the commit, and is processed after it if at all.
    bench.write('0_0', 1, 'b');
    const done = await bench.commit(1, 2);
    const committed = done.tasks[0]?.offsets[0]?.offset ?? -1;
    for (let turns = 0; turns < 10; turns++) await new Promise((resolve) => setImmediate(resolve));
    bench.resume('0_0', 2, committed);
    if (committed === 1) bench.write('0_0', 2, 'b');
    bench.write('0_0', 2, 'c');
    await bench.next('consumed', (message) => message.generation === 2 && message.recordCount === 1);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(valuesOf((await bench.commit(2)).frames, 'app-counts-changelog').at(-1)).toBe('3');
  });

  it('does not suspend tasks given out after the decision', async () => {
    const bench = await start();
    bench.run('0_0', 7);
    await bench.commit(1, 7);
    bench.write('0_0', 7, 'a');
    await bench.consumed(1);
    expect(valuesOf((await bench.commit(2)).frames, 'out')).toEqual(['a']);
  });

  it('restores before it runs', async () => {
    const bench = await start();
    bench.post({ type: 'createTask', taskId: '0_0', generation: 1, inputs: [] });
    const builder = new RecordBatchBuilder();
    const count = Buffer.alloc(8);
    count.writeBigInt64BE(41n);
    builder.append(0, Buffer.from('k'), count);
    bench.post({ type: 'restore', taskId: '0_0', generation: 1, store: 'counts', bytes: builder.build(), recordCount: 1 });
    expect(await bench.next('restored')).toMatchObject({ taskId: '0_0', generation: 1, store: 'counts', recordCount: 1 });
    bench.resume('0_0', 1);
    bench.write('0_0', 1, 'a');
    await bench.consumed(1);
    expect(valuesOf((await bench.commit(1)).frames, 'app-counts-changelog')).toEqual(['42']);
  });

  it('a task that fails is closed and reported; its output is gone, the others go on', async () => {
    const bench = await start();
    bench.run('0_0', 1);
    bench.run('0_1', 2);
    bench.write('0_0', 1, 'lost', 'fail');
    const failed = await bench.next('taskFailed');
    expect(failed).toMatchObject({ taskId: '0_0', generation: 1, error: { code: 'PROCESSING_FAILED' } });
    bench.resume('0_1', 2);
    bench.write('0_1', 2, 'fine');
    await bench.next('consumed', ({ taskId }) => taskId === '0_1');
    const done = await bench.commit(1);
    expect(valuesOf(done.frames, 'out')).toEqual(['fine']);
    expect(done.tasks.map(({ taskId }) => taskId)).toEqual(['0_1']);
    bench.run('0_0', 3);
    bench.write('0_0', 3, 'again');
    await bench.next('consumed', ({ generation }) => generation === 3);
    expect(valuesOf((await bench.commit(2)).frames, 'out')).toEqual(['again']);
  });

  it('a global table that fails stops the shard and says why', async () => {
    const bench = await start();
    bench.run('0_0', 1);
    bench.post({ type: 'globalBatch', store: 'rows-store', partition: 0, bytes: batch(['fine']), recordCount: 1 });
    bench.post({ type: 'globalBatch', store: 'rows-store', partition: 0, bytes: new Uint8Array(100), recordCount: 1 });
    expect((await bench.next('failed')).error.code).toBe('CORRUPT_RECORD');
    bench.write('0_0', 1, 'a');
    expect((await bench.commit(1)).frames).toEqual([]);
  });

  it('hands large output over before the commit, in order', async () => {
    const bench = await start({ outputFlushBytes: 100 });
    bench.run('0_0', 1);
    bench.write('0_0', 1, 'a'.repeat(200));
    const early = await bench.next('output');
    expect(valuesOf(early.frames, 'out')).toEqual(['a'.repeat(200)]);
    bench.write('0_0', 1, 'b');
    await bench.consumed(2);
    expect(valuesOf((await bench.commit(1)).frames, 'out')).toEqual(['b']);
  });

  it('pauses and resumes', async () => {
    const bench = await start();
    bench.run('0_0', 1);
    bench.post({ type: 'pause' });
    bench.write('0_0', 1, 'a');
    expect((await bench.commit(1)).tasks).toEqual([]);
    bench.post({ type: 'resume' });
    await bench.consumed(1);
    expect(valuesOf((await bench.commit(2)).frames, 'out')).toEqual(['a']);
  });

  it('looks at its port in the middle of a long queue', async () => {
    const bench = await start();
    bench.run('0_0', 1);
    const values = Array.from({ length: 2_000 }, (_, index) => `v${index}`);
    for (let batches = 0; batches < 100; batches++) bench.write('0_0', 1, ...values);
    await bench.consumed(2_000);
    const done = await bench.commit(1);
    expect(done.stats.recordsProcessed).toBeLessThan(200_000);
  });

  it('ends when it is closed, and says nothing more', async () => {
    const bench = await start();
    bench.run('0_0', 1);
    bench.close();
    await bench.ended;
    const before = bench.received.length;
    bench.post({ type: 'commit', epoch: 1, suspendBelow: 0 });
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(bench.received).toHaveLength(before);
  });
});
