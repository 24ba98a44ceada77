import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadTopology } from '../../../src/dsl/load.ts';
import { PLAIN_BATCHES, RecordBatchBuilder } from '../../../src/protocol/index.ts';
import type { FromShard, ShardStart } from '../../../src/shard/messages.ts';
import { type ShardHandle, ShardPool } from '../../../src/shard/pool.ts';
import { workerEntry } from '../../../src/worker-entry.ts';

const TOPOLOGY = new URL('fixtures/counting.ts', import.meta.url).href;

function start(shard: number, topologyUrl = TOPOLOGY): ShardStart {
  return {
    shard,
    applicationId: 'app',
    topologyUrl,
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
      appConfig: {},
    },
  };
}

describe('ShardPool', () => {
  const events: { shard: number; type: string; message?: FromShard; error?: Error }[] = [];
  const waiting = new Set<() => void>();
  let pool: ShardPool;

  beforeEach(() => {
    events.length = 0;
    const add = (event: (typeof events)[number]) => {
      events.push(event);
      for (const wake of waiting) wake();
    };
    pool = new ShardPool(2, TOPOLOGY, {
      onMessage: ({ index: shard }, message) => add({ shard, type: message.type, message }),
      onDeath: ({ index: shard }, error) => add({ shard, type: 'death', error }),
    });
  });
  afterEach(() => pool.destroy());

  async function until(type: string, shard: number): Promise<(typeof events)[number]> {
    for (;;) {
      const found = events.find((event) => event.type === type && event.shard === shard);
      if (found !== undefined) return found;
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`No ${type} of shard ${shard} came, only ${JSON.stringify(events)}`)), 15_000);
        waiting.add(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  async function launched(shard: number): Promise<ShardHandle> {
    const handle = pool.launch(start(shard));
    await until('ready', shard);
    return handle;
  }

  it('runs each shard on a thread of its own, with the topology of the same module', async () => {
    const handles = await Promise.all([launched(0), launched(1)]);
    const { hash: planHash } = (await loadTopology(TOPOLOGY)).plan();
    expect(events.filter(({ type }) => type === 'ready').map(({ message }) => message)).toEqual([
      { type: 'ready', planHash },
      { type: 'ready', planHash },
    ]);
    for (const handle of handles) handle.post({ type: 'close' });
    await Promise.all(handles.map(({ ended }) => ended));
    expect(events.some(({ type }) => type === 'death')).toBe(false);
  });

  it('transfers buffers', async () => {
    const handle = await launched(0);
    const builder = new RecordBatchBuilder();
    builder.append(0, null, Buffer.from('x'));
    const bytes = builder.build();
    handle.post({ type: 'batch', taskId: '0_0', generation: 1, topic: 'in', partition: 0, bytes, recordCount: 1, nextOffset: 1 }, [
      bytes.buffer as ArrayBuffer,
    ]);
    expect(bytes.byteLength).toBe(0);
  });

  it('reports a thread that is killed, and fills its place', async () => {
    const handle = await launched(0);
    handle.kill();
    expect((await until('death', 0)).error).toMatchObject({
      code: 'SHARD_DIED',
      message: expect.stringMatching(/shard 0 ended unexpectedly/),
    });
    await handle.ended;
    events.length = 0;
    await launched(0);
  });

  it('reports a thread that exits in the middle of its work', async () => {
    const handle = await launched(1);
    handle.post({ type: 'topics', partitions: { out: 1, 'app-counts-changelog': 1 } });
    handle.post({ type: 'createTask', taskId: '0_0', generation: 1, inputs: [] });
    handle.post({
      type: 'runTask',
      taskId: '0_0',
      generation: 1,
      inputs: [{ topic: 'in', partition: 0, startOffset: 0, partitionTimeMs: -1 }],
    });
    const builder = new RecordBatchBuilder();
    builder.append(0, Buffer.from('k'), Buffer.from('exit'));
    handle.post({
      type: 'batch',
      taskId: '0_0',
      generation: 1,
      topic: 'in',
      partition: 0,
      bytes: builder.build(),
      recordCount: 1,
      nextOffset: 1,
    });
    expect((await until('death', 1)).error).toMatchObject({ code: 'SHARD_DIED' });
  });

  it('passes on why a shard did not start, although its thread is done at once', async () => {
    const handle = pool.launch(start(0, new URL('fixtures/no-topology.ts', import.meta.url).href));
    const { message } = await until('startFailed', 0);
    expect(message).toMatchObject({ error: { code: 'TOPOLOGY_LOAD_FAILED' } });
    await handle.ended;
    expect(events.some(({ type }) => type === 'death')).toBe(false);
  });

  it('destroying it ends shards that were not closed', async () => {
    const handle = await launched(0);
    await pool.destroy();
    await handle.ended;
  });
});

describe('workerEntry', () => {
  const js = new URL('file:///app/dist/workers/shard.js');
  const hasLoader = (url: URL, modules: readonly string[] = []) => workerEntry(url, modules).execArgv.includes('--import');

  it('passes the loader where the entry or a module is TypeScript', () => {
    expect(hasLoader(js)).toBe(false);
    expect(hasLoader(js, ['file:///job/topology.mjs'])).toBe(false);
    expect(hasLoader(new URL('file:///app/workers/shard.ts'))).toBe(true);
    for (const name of ['topology.ts', 'topology.mts', 'topology.ts?x=1']) expect(hasLoader(js, [`file:///job/${name}`])).toBe(true);
  });
});
