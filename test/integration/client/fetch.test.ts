/** Reading record batches from the embedded broker: what comes, in which order, and what becomes of trouble. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { BatchFetcher, BatchProducer, type FetcherOptions, type FetchFrom } from '../../../src/client/index.ts';
import { DeleteRecords } from '../../../src/protocol/index.ts';
import { batchOf, type Cluster, PREFIX, readAll, startCluster, valuesOf } from './cluster.ts';
import { waitFor } from './wait-for.ts';

let cluster: Cluster;
let producer: BatchProducer;
const fetchers: BatchFetcher[] = [];

beforeAll(async () => {
  cluster = await startCluster();
  producer = new BatchProducer(cluster.client);
});
afterEach(async () => {
  for (const fetcher of fetchers.splice(0)) fetcher.close();
  await cluster.broker.faults.clear();
});
afterAll(async () => {
  producer.close();
  await cluster.close();
});

function open(from: readonly FetchFrom[], options: FetcherOptions = {}): BatchFetcher {
  const fetcher = new BatchFetcher(cluster.client, { maxWaitMs: 100, ...options });
  fetchers.push(fetcher);
  fetcher.assign(from);
  return fetcher;
}

/** Polls until there are so many values of a partition, and gives them with their offsets. */
async function take(fetcher: BatchFetcher, count: number, partition = 0): Promise<{ readonly offset: number; readonly value: string }[]> {
  const taken: { offset: number; value: string }[] = [];
  await waitFor(async () => {
    for (const records of await fetcher.poll(100)) {
      if (records.partition === partition) taken.push(...valuesOf(records.bytes, records.firstOffset));
    }
    return taken.length >= count;
  });
  return taken;
}

async function produce(topic: string, partition: number, ...batches: readonly Buffer[]): Promise<void> {
  for (const bytes of batches) await producer.send({ topic, partition, bytes });
  await producer.flush(30_000);
}

describe('a fetcher', () => {
  it('reads many partitions of several nodes, each in its order', async () => {
    const topic = await cluster.createTopic(9);
    const wanted = Array.from({ length: 9 }, (_, partition) => Array.from({ length: 50 }, (_unused, index) => `${partition}:${index}`));
    for (let index = 0; index < 50; index++) {
      for (let partition = 0; partition < 9; partition++)
        await producer.send({ topic, partition, bytes: batchOf(wanted[partition]![index]!) });
    }
    await producer.flush(30_000);
    expect(await readAll(cluster.client, topic, 9)).toEqual(wanted);
  });

  it('gives out a batch that begins below the offset, and says so', async () => {
    const topic = await cluster.createTopic(1);
    await produce(topic, 0, batchOf('a', 'b', 'c'), batchOf('d'));
    const fetcher = open([{ topic, partition: 0, offset: 1 }]);
    const [first, second] = await fetcher.poll(10_000);
    expect(first).toMatchObject({ firstOffset: 1, nextOffset: 3, startsBelow: true });
    expect(second).toMatchObject({ firstOffset: 3, nextOffset: 4, startsBelow: false, recordCount: 1 });
  });

  it('begins at the end, and hears of what comes then', async () => {
    const topic = await cluster.createTopic(1);
    await produce(topic, 0, batchOf('old'));
    const fetcher = open([{ topic, partition: 0, offset: 'latest' }]);
    await waitFor(async () => (await fetcher.poll(50)).length === 0 && fetcher.position(topic, 0) === 1);
    await produce(topic, 0, batchOf('new'));
    expect(await take(fetcher, 1)).toEqual([{ offset: 1, value: 'new' }]);
  });

  it('tells once that an end was reached, and again after more', async () => {
    const topic = await cluster.createTopic(1);
    await produce(topic, 0, batchOf('a'));
    const fetcher = open([{ topic, partition: 0, offset: 0 }]);
    await take(fetcher, 1);
    expect(fetcher.takeCaughtUp()).toEqual([{ topic, partition: 0, offset: 1 }]);
    expect(await fetcher.poll(300)).toEqual([]);
    expect(fetcher.takeCaughtUp()).toEqual([]);
    await produce(topic, 0, batchOf('b'));
    await take(fetcher, 1);
    expect(fetcher.takeCaughtUp()).toEqual([{ topic, partition: 0, offset: 2 }]);
    expect(fetcher.highWatermark(topic, 0)).toBe(2);
  });

  it('tells of the end again when a partition is assigned again, though nothing has changed there', async () => {
    const topic = await cluster.createTopic(2);
    await produce(topic, 0, batchOf('a'));
    const from = [0, 1].map((partition) => ({ topic, partition, offset: 1 - partition }));
    const fetcher = open(from);
    for (let round = 0; round < 3; round++) {
      fetcher.assign(from);
      const ends = new Set<number>();
      await waitFor(async () => {
        await fetcher.poll(50);
        for (const { partition } of fetcher.takeCaughtUp()) ends.add(partition);
        return ends.size === 2;
      });
    }
    expect(fetcher.highWatermark(topic, 0)).toBe(1);
  });

  it('gives nothing of a paused partition, and everything after', async () => {
    const topic = await cluster.createTopic(2);
    const fetcher = open([0, 1].map((partition) => ({ topic, partition, offset: 0 })));
    fetcher.pause([{ topic, partition: 0 }]);
    await produce(topic, 0, batchOf('held'));
    await produce(topic, 1, batchOf('free'));
    expect(await take(fetcher, 1, 1)).toEqual([{ offset: 0, value: 'free' }]);
    expect(await fetcher.poll(200)).toEqual([]);
    fetcher.resume([{ topic, partition: 0 }]);
    expect(await take(fetcher, 1, 0)).toEqual([{ offset: 0, value: 'held' }]);
  });

  it('fetches a resumed partition at once, though a fetch of others is waiting', async () => {
    const topic = await cluster.createTopic(6);
    const quiet = Array.from({ length: 6 }, (_, partition) => ({ topic, partition, offset: 0 }));
    await produce(topic, 0, batchOf('a'));
    const fetcher = open(quiet, { maxWaitMs: 20_000 });
    fetcher.pause([{ topic, partition: 0 }]);
    const fetches = await cluster.broker.faults.add({ action: 'delay', api: 'Fetch', delayMs: 0 });
    await fetches.waitForHits(3);
    fetcher.resume([{ topic, partition: 0 }]);
    // Far less than the others wait.
    const resumed = await Promise.race([take(fetcher, 1), new Promise((resolve) => setTimeout(() => resolve('late'), 15_000).unref())]);
    expect(resumed).toEqual([{ offset: 0, value: 'a' }]);
  });

  it('reads a resumed partition to its end, answer after answer, though a fetch of others is waiting', async () => {
    const topic = await cluster.createTopic(6);
    const all = Array.from({ length: 6 }, (_, partition) => ({ topic, partition, offset: 0 }));
    const wanted = Array.from({ length: 40 }, (_, index) => `${index}:${'x'.repeat(1_000)}`);
    await produce(topic, 0, ...wanted.map((value) => batchOf(value)));
    // One batch in an answer.
    const fetcher = open(all, { maxWaitMs: 20_000, maxPartitionBytes: 1_100 });
    fetcher.pause([{ topic, partition: 0 }]);
    const fetches = await cluster.broker.faults.add({ action: 'delay', api: 'Fetch', delayMs: 0 });
    await fetches.waitForHits(3);
    fetcher.resume([{ topic, partition: 0 }]);
    const late = new Promise<'late'>((resolve) => setTimeout(() => resolve('late'), 15_000).unref());
    const read = await Promise.race([take(fetcher, wanted.length), late]);
    expect(read === 'late' ? read : read.map(({ value }) => value)).toEqual(wanted);
  });

  it('goes elsewhere when sought, and gives out nothing from before', async () => {
    const topic = await cluster.createTopic(1);
    await produce(topic, 0, ...['a', 'b', 'c', 'd'].map((value) => batchOf(value)));
    const fetcher = open([{ topic, partition: 0, offset: 0 }]);
    await waitFor(() => fetcher.bufferedBytes > 0);
    fetcher.seek(topic, 0, 2);
    expect(fetcher.bufferedBytes).toBe(0);
    expect(fetcher.position(topic, 0)).toBe(2);
    expect(await take(fetcher, 2)).toEqual([
      { offset: 2, value: 'c' },
      { offset: 3, value: 'd' },
    ]);
    expect(() => fetcher.seek(topic, 7, 0)).toThrow(/not assigned/);
  });

  it('fetches no more than it has room for, and all of it in the end', async () => {
    const topic = await cluster.createTopic(4);
    const value = 'x'.repeat(10_000);
    for (let index = 0; index < 40; index++) {
      for (let partition = 0; partition < 4; partition++) await producer.send({ topic, partition, bytes: batchOf(value) });
    }
    await producer.flush(30_000);
    const from = Array.from({ length: 4 }, (_, partition) => ({ topic, partition, offset: 0 }));
    const fetcher = open(from, { maxBufferedBytes: 100_000, maxPartitionBytes: 20_000 });
    let records = 0;
    let most = 0;
    await waitFor(async () => {
      most = Math.max(most, fetcher.bufferedBytes);
      for (const { recordCount } of await fetcher.poll(100, 1)) records += recordCount;
      return records === 160;
    });
    // Three nodes may each answer with what there was room for when they were asked.
    expect(most).toBeLessThan(3 * 100_000);
    expect(fetcher.bufferedBytes).toBe(0);
  });

  it('keeps no more of paused partitions than there is room for, and reads the others all the same', async () => {
    const topic = await cluster.createTopic(4);
    const value = 'x'.repeat(10_000);
    for (let index = 0; index < 20; index++) {
      for (let partition = 0; partition < 3; partition++) await producer.send({ topic, partition, bytes: batchOf(value) });
    }
    await producer.flush(30_000);
    const from = Array.from({ length: 4 }, (_, partition) => ({ topic, partition, offset: 0 }));
    const fetcher = open(from, { maxBufferedBytes: 20_000, maxPartitionBytes: 20_000 });
    await waitFor(() => fetcher.bufferedBytes >= 20_000);
    fetcher.pause(from.slice(0, 3));
    const full = fetcher.bufferedBytes;
    for (let round = 0; round < 20; round++) await produce(topic, 3, batchOf(`round ${round}`));
    const taken = await take(fetcher, 20, 3);
    expect(taken.at(-1)).toEqual({ offset: 19, value: 'round 19' });
    // What was under way when they were paused may have come in: of each node as much as there was room for.
    expect(fetcher.bufferedBytes).toBeLessThan(full + 3 * 20_000);
    fetcher.resume(from);
    let records = 0;
    await waitFor(async () => {
      for (const { recordCount } of await fetcher.poll(100)) records += recordCount;
      return records === 60;
    });
    expect(fetcher.bufferedBytes).toBe(0);
  });

  it('leaves out what was aborted and waits for what is open, if it is to', async () => {
    const topic = await cluster.createTopic(1);
    const transactional = new BatchProducer(cluster.client, { transactionalId: `fetch-${topic}` });
    await transactional.initTransactions(30_000);
    for (const outcome of ['commit', 'abort', 'commit', 'open']) {
      await transactional.begin();
      await transactional.send({ topic, partition: 0, bytes: batchOf(`${outcome} 1`, `${outcome} 2`) });
      await transactional.flush(30_000);
      await produce(topic, 0, batchOf(`beside ${outcome}`));
      if (outcome === 'commit') await transactional.commit();
      if (outcome === 'abort') await transactional.abort();
    }
    const committed = ['commit 1', 'commit 2', 'beside commit'];
    const all = [...committed, 'abort 1', 'abort 2', 'beside abort', ...committed, 'open 1', 'open 2', 'beside open'];
    expect(await readAll(cluster.client, topic, 1)).toEqual([all]);
    expect(await readAll(cluster.client, topic, 1, { readCommitted: true })).toEqual([[...committed, 'beside abort', ...committed]]);
    const fetcher = open([{ topic, partition: 0, offset: 0 }], { readCommitted: true });
    await take(fetcher, 7);
    // Past the marker of the last transaction that ended.
    expect(fetcher.position(topic, 0)).toBe(12);
    await transactional.commit();
    expect((await take(fetcher, 3)).map(({ value }) => value)).toEqual(['open 1', 'open 2', 'beside open']);
    transactional.close();
  });
});

describe('an offset that does not exist', () => {
  async function trimmed(): Promise<string> {
    const topic = await cluster.createTopic(1);
    await produce(topic, 0, batchOf('a'), batchOf('b'), batchOf('c'));
    await cluster.client.request(
      DeleteRecords,
      { topics: [{ name: topic, partitions: [{ partitionIndex: 0, offset: 2 }] }], timeoutMs: 5_000 },
      { leader: [topic, 0] },
    );
    return topic;
  }

  it('leads to the beginning or the end, as wanted', async () => {
    const topic = await trimmed();
    const earliest = open([{ topic, partition: 0, offset: 0 }], { autoOffsetReset: 'earliest' });
    expect(await take(earliest, 1)).toEqual([{ offset: 2, value: 'c' }]);
    const latest = open([{ topic, partition: 0, offset: 77 }], { autoOffsetReset: 'latest' });
    await waitFor(async () => (await latest.poll(50)).length === 0 && latest.position(topic, 0) === 3);
  });

  it('is an error otherwise, until it is sought', async () => {
    const topic = await trimmed();
    const fetcher = open([{ topic, partition: 0, offset: 0 }]);
    await expect(fetcher.poll(10_000)).rejects.toMatchObject({
      context: { topic, partition: 0, offset: 0, kafkaError: 'OFFSET_OUT_OF_RANGE' },
    });
    await expect(fetcher.poll(10_000)).rejects.toThrow(/auto\.offset\.reset/);
    fetcher.seek(topic, 0, 2);
    expect(await take(fetcher, 1)).toEqual([{ offset: 2, value: 'c' }]);
  });
});

describe('trouble', () => {
  it('with a leader that moves is got over, without gaps or repetitions', async () => {
    const topic = await cluster.createTopic(1);
    const fetcher = open([{ topic, partition: 0, offset: 0 }]);
    const read: number[] = [];
    for (let round = 0; round < 6; round++) {
      await produce(topic, 0, batchOf(`round ${round}`));
      read.push(...(await take(fetcher, 1)).map(({ offset }) => offset));
      await cluster.broker.moveLeader(topic, 0, 1 + (round % 3));
    }
    expect(read).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it('with a node that stops and starts is got over', async () => {
    const topic = await cluster.createTopic(3);
    const fetcher = open([0, 1, 2].map((partition) => ({ topic, partition, offset: 0 })));
    for (const node of [1, 2, 3]) {
      await cluster.broker.stopNode(node);
      await produce(topic, node - 1, batchOf(`without ${node}`));
      expect((await take(fetcher, 1, node - 1))[0]?.value).toBe(`without ${node}`);
      await cluster.broker.startNode(node);
    }
  });

  it.each([
    ['disconnects in the middle of an answer', { action: 'disconnect', when: 'during', bytes: 40 }],
    ['disconnects before it', { action: 'disconnect' }],
    ['a forgotten session', { action: 'error', error: 'FETCH_SESSION_ID_NOT_FOUND' }],
    ['a wrong session epoch', { action: 'error', error: 'INVALID_FETCH_SESSION_EPOCH' }],
    ['a fenced leader epoch', { action: 'error', error: 'FENCED_LEADER_EPOCH' }],
    ['an unknown leader epoch', { action: 'error', error: 'UNKNOWN_LEADER_EPOCH' }],
    ['an unknown topic id', { action: 'error', error: 'UNKNOWN_TOPIC_ID' }],
    ['a failing disk', { action: 'error', error: 'KAFKA_STORAGE_ERROR' }],
    ['an error that nobody expected', { action: 'error', error: 'UNKNOWN_SERVER_ERROR' }],
    ['throttling', { action: 'throttle', throttleTimeMs: 50 }],
  ] as const)('by %s is got over, without gaps or repetitions', async (_name, fault) => {
    const topic = await cluster.createTopic(1);
    const fetcher = open([{ topic, partition: 0, offset: 0 }]);
    await produce(topic, 0, batchOf('a'), batchOf('b'));
    const read = await take(fetcher, 2);
    const handle = await cluster.broker.faults.add({ ...fault, api: 'Fetch', count: 3 });
    await handle.waitForHits(3);
    await produce(topic, 0, batchOf('c'));
    read.push(...(await take(fetcher, 1)));
    expect(read.map(({ offset, value }) => `${offset}${value}`)).toEqual(['0a', '1b', '2c']);
  });

  it('with the CRC of a batch is told, with topic, partition and offset, and nothing is skipped', async () => {
    const topic = await cluster.createTopic(1);
    await produce(topic, 0, batchOf('good'), batchOf('damaged'), batchOf('after'));
    await cluster.broker.corruptBatch(topic, 0, 1);
    const fetcher = open([{ topic, partition: 0, offset: 1 }]);
    const failure = fetcher.poll(30_000);
    await expect(failure).rejects.toMatchObject({ code: 'CORRUPT_RECORD', context: { topic, partition: 0, offset: 1 } });
    expect(fetcher.position(topic, 0)).toBe(1);
    fetcher.seek(topic, 0, 2);
    expect(await take(fetcher, 1)).toEqual([{ offset: 2, value: 'after' }]);
  });

  it('with rights is told', async () => {
    const topic = await cluster.createTopic(1);
    const fetcher = open([{ topic, partition: 0, offset: 0 }]);
    await cluster.broker.faults.add({ action: 'error', error: 'TOPIC_AUTHORIZATION_FAILED', api: 'Fetch', topic });
    await expect(fetcher.poll(30_000)).rejects.toMatchObject({ context: { kafkaError: 'TOPIC_AUTHORIZATION_FAILED', topic } });
  });

  it('with a topic that is not there lasts until it is', async () => {
    const next = Number(/\d+$/.exec(await cluster.createTopic(1))?.[0]) + 1;
    const fetcher = open([{ topic: `${PREFIX}topic-${next}`, partition: 0, offset: 'earliest' }]);
    expect(await fetcher.poll(100)).toEqual([]);
    const topic = await cluster.createTopic(1);
    expect(topic).toBe(`${PREFIX}topic-${next}`);
    await produce(topic, 0, batchOf('here'));
    expect(await take(fetcher, 1)).toEqual([{ offset: 0, value: 'here' }]);
  });
});
