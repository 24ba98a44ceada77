/** Producing record batches to the embedded broker: order, no duplicates, transactions of both protocols, trouble. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Fault } from '../../../src/broker/faults/fault.ts';
import {
  BatchProducer,
  ClassicGroupMember,
  commitOffsets,
  fetchOffsets,
  type KafkaClient,
  noMember,
  type ProducerOptions,
} from '../../../src/client/index.ts';
import { DescribeProducers, DescribeTransactions, EndTxn, Produce, TxnOffsetCommit } from '../../../src/protocol/index.ts';
import { batchOf, type Cluster, PREFIX, readAll, startCluster } from './cluster.ts';
import { waitFor } from './wait-for.ts';

let cluster: Cluster;
const producers: BatchProducer[] = [];

function open(options: ProducerOptions = {}, from = cluster): BatchProducer {
  const producer = new BatchProducer(from.client, options);
  producers.push(producer);
  return producer;
}
afterEach(async () => {
  for (const producer of producers.splice(0)) producer.close();
});

const numbered = (count: number): string[] => Array.from({ length: count }, (_, index) => String(index));

async function sendAll(producer: BatchProducer, topic: string, values: readonly string[], partition = 0): Promise<void> {
  for (const value of values) await producer.send({ topic, partition, bytes: batchOf(value) });
}

describe('without transactions', () => {
  beforeAll(async () => {
    cluster = await startCluster({ nodes: 3 }, { requestTimeoutMs: 2_000 });
  });
  afterEach(() => cluster.broker.faults.clear());
  afterAll(() => cluster.close());

  it('batches of several partitions arrive, each partition in order', async () => {
    const topic = await cluster.createTopic(5);
    const producer = open();
    for (let partition = 0; partition < 5; partition++) await sendAll(producer, topic, numbered(60), partition);
    await producer.flush(30_000);
    expect(await readAll(cluster.client, topic, 5)).toEqual(Array.from({ length: 5 }, () => numbered(60)));
    expect(producer.bufferedBytes).toBe(0);
  });

  it('each batch is told its offset, and several in one buffer are taken apart', async () => {
    const topic = await cluster.createTopic(1);
    const producer = open();
    const offsets: number[] = [];
    const bytes = Buffer.concat([batchOf('a', 'b'), batchOf('c')]);
    await producer.send({ topic, partition: 0, bytes }, (error, baseOffset) => offsets.push(error === undefined ? baseOffset : -99));
    await producer.flush(30_000);
    expect(offsets).toEqual([0, 2]);
    expect(await readAll(cluster.client, topic, 1)).toEqual([['a', 'b', 'c']]);
  });

  it.each([0, 1] as const)('acks %i is enough', async (acks) => {
    const topic = await cluster.createTopic(1);
    const producer = open({ acks });
    await sendAll(producer, topic, numbered(20));
    await producer.flush(30_000);
    await waitFor(async () => (await readAll(cluster.client, topic, 1))[0]?.length === 20);
    expect(await readAll(cluster.client, topic, 1)).toEqual([numbered(20)]);
  });

  const faults: [string, Fault][] = [
    ['answers are lost', { action: 'disconnect', when: 'after' }],
    ['answers break off', { action: 'disconnect', when: 'during', bytes: 10 }],
    ['requests are lost', { action: 'disconnect', when: 'before' }],
    ['answers do not come', { action: 'drop', when: 'after' }],
    ['replicas are missing', { action: 'error', error: 'NOT_ENOUGH_REPLICAS' }],
    ['the leader is another', { action: 'error', error: 'NOT_LEADER_OR_FOLLOWER' }],
    ['the topic is not known yet', { action: 'error', error: 'UNKNOWN_TOPIC_OR_PARTITION' }],
    ['the disk fails for a moment', { action: 'error', error: 'KAFKA_STORAGE_ERROR' }],
    ['the batch was damaged on its way', { action: 'error', error: 'CORRUPT_MESSAGE' }],
    ['the broker throttles', { action: 'throttle', throttleTimeMs: 20 }],
  ];
  it.each(faults)('nothing is lost, repeated or out of order when %s', async (_name, fault) => {
    const topic = await cluster.createTopic(2);
    const producer = open();
    await cluster.broker.faults.add({ ...fault, api: 'Produce', topic, probability: 0.3, count: 8, seed: 7 });
    for (const partition of [0, 1]) await sendAll(producer, topic, numbered(40), partition);
    await producer.flush(60_000);
    expect(await readAll(cluster.client, topic, 2)).toEqual([numbered(40), numbered(40)]);
  });

  it('nothing is lost, repeated or out of order when leaders move and nodes stop', async () => {
    const topic = await cluster.createTopic(3);
    const producer = open();
    const values = numbered(120);
    for (const [index, value] of values.entries()) {
      for (let partition = 0; partition < 3; partition++) await producer.send({ topic, partition, bytes: batchOf(value) });
      if (index % 20 === 0) await cluster.broker.moveLeader(topic, index % 3, 1 + ((index / 20) % 3));
      if (index === 50) await cluster.broker.stopNode(2);
      if (index === 70) await cluster.broker.startNode(2);
    }
    await producer.flush(60_000);
    expect(await readAll(cluster.client, topic, 3)).toEqual([values, values, values]);
  });

  it('a batch that is refused is told, and the others go on in order', async () => {
    const topic = await cluster.createTopic(1, { 'max.message.bytes': '1000' });
    const producer = open();
    const failed: string[] = [];
    for (const value of ['0', '1', 'x'.repeat(2_000), '2', '3', '4']) {
      await producer.send({ topic, partition: 0, bytes: batchOf(value) }, (error) => {
        if (error !== undefined) failed.push(`${error.code} ${value.length}`);
      });
    }
    await expect(producer.flush(30_000)).rejects.toMatchObject({ code: 'PRODUCTION_FAILED', context: { topic, partition: 0 } });
    expect(failed).toEqual(['RECORD_TOO_LARGE 2000']);
    expect(await readAll(cluster.client, topic, 1)).toEqual([['0', '1', '2', '3', '4']]);
    await producer.flush(30_000);
  });

  it('sending waits for room', async () => {
    const topic = await cluster.createTopic(1);
    const producer = open({ maxBufferedBytes: 5_000 });
    let most = 0;
    for (const value of numbered(20)) {
      await producer.send({ topic, partition: 0, bytes: batchOf(value.padEnd(1_000)) });
      most = Math.max(most, producer.bufferedBytes);
    }
    expect(most).toBeLessThanOrEqual(5_000);
    await producer.flush(30_000);
  });

  it('a topic that does not exist costs the delivery time and is named', async () => {
    const producer = open({ deliveryTimeoutMs: 300 });
    await producer.send({ topic: 'nowhere', partition: 0, bytes: batchOf('x') });
    await expect(producer.flush(30_000)).rejects.toThrow(/nowhere does not exist/);
  });

  it('after silence that costs the broker its memory of the producer, it goes on', async () => {
    const topic = await cluster.createTopic(1);
    const producer = open();
    await sendAll(producer, topic, ['a', 'b']);
    await producer.flush(30_000);
    const described = await cluster.client.request(
      DescribeProducers,
      { topics: [{ name: topic, partitionIndexes: [0] }] },
      { leader: [topic, 0] },
    );
    const active = described.topics[0]?.partitions[0]?.activeProducers ?? [];
    expect(active).toHaveLength(1);
    expect(await cluster.broker.expireProducer(active[0]!.producerId)).toBe(1);
    await sendAll(producer, topic, ['c']);
    await producer.flush(30_000);
    expect(await readAll(cluster.client, topic, 1)).toEqual([['a', 'b', 'c']]);
  });

  it('what is no batch is refused at once', async () => {
    const producer = open();
    await expect(producer.send({ topic: 't', partition: 0, bytes: Buffer.alloc(70) })).rejects.toThrow(/no record batch at byte 0/);
  });
});

/** Notes each request that adds a partition or offsets to a transaction of protocol 2 while another one does at that broker. */
function watchAdditions(client: KafkaClient): string[] {
  const together: string[] = [];
  const underWay = new Map<string, number>();
  let added = new Set<string>();
  const request = client.request.bind(client);
  client.request = async (api, body, target, options) => {
    const partitions = namesOf(api, body).filter((name) => !added.has(name));
    if (partitions.length === 0) return await request(api, body, target, options);
    // Where the group's coordinator is, nobody has told us: it counts for all.
    const brokers = (api as unknown) === TxnOffsetCommit ? ['1', '2', '3'] : [String((target as { node: number }).node)];
    for (const broker of brokers) {
      const count = (underWay.get(broker) ?? 0) + 1;
      underWay.set(broker, count);
      if (count > 1) together.push(`${count} at broker ${broker}: ${partitions.join()}`);
    }
    try {
      return await request(api, body, target, options);
    } finally {
      for (const broker of brokers) underWay.set(broker, underWay.get(broker)! - 1);
      for (const name of partitions) added.add(name);
    }
  };
  const namesOf = (api: unknown, body: unknown): string[] => {
    if (api === EndTxn) added = new Set();
    if (api === TxnOffsetCommit) return ['offsets'];
    if (api !== Produce) return [];
    const { topicData } = body as { topicData: { partitionData: { index: number }[] }[] };
    return topicData.flatMap(({ partitionData }) => partitionData.map(({ index }) => String(index)));
  };
  return together;
}

describe.each(['1', '2'])('with transactions of version %s', (version) => {
  let ids = 0;
  const nextId = (): string => `${PREFIX}transactional-${version}-${ids++}`;

  beforeAll(async () => {
    cluster = await startCluster({ nodes: 3, config: { 'transaction.version': version } }, { requestTimeoutMs: 2_000 });
  });
  afterEach(() => cluster.broker.faults.clear());
  afterAll(() => cluster.close());

  async function transactional(options: ProducerOptions = {}): Promise<BatchProducer> {
    const producer = open({ transactionalId: nextId(), ...options });
    await producer.initTransactions(30_000);
    return producer;
  }
  const committed = (topic: string, partitions = 1) => readAll(cluster.client, topic, partitions, { readCommitted: true, decided: true });

  it('all partitions and offsets of a committed one count, nothing of an aborted one', async () => {
    const topic = await cluster.createTopic(4);
    const producer = await transactional();
    for (let round = 0; round < 6; round++) {
      await producer.begin();
      for (let partition = 0; partition < 4; partition++) await sendAll(producer, topic, [`${round}`, `${round}`], partition);
      await producer.sendOffsets([{ topic, partition: 0, offset: round, metadata: `round ${round}` }], noMember(`g-${topic}`));
      if (round % 2 === 0) await producer.commit();
      else await producer.abort();
    }
    expect(await committed(topic, 4)).toEqual(Array.from({ length: 4 }, () => ['0', '0', '2', '2', '4', '4']));
    expect(await fetchOffsets(cluster.client, `g-${topic}`, undefined, { requireStable: true })).toMatchObject([
      { offset: 4, metadata: 'round 4' },
    ]);
  });

  it('one request at a time adds to it at a broker: of two, Kafka ends one with NOT_ENOUGH_REPLICAS', async () => {
    const topic = await cluster.createTopic(6);
    const client = await cluster.connect();
    const together = version === '1' ? [] : watchAdditions(client);
    const producer = new BatchProducer(client, { transactionalId: nextId() });
    producers.push(producer);
    await producer.initTransactions(30_000);
    await cluster.broker.faults.add({ action: 'delay', delayMs: 20, api: 'Produce', topic });
    const all: string[] = [];
    for (let round = 0; round < 4; round++) {
      await producer.begin();
      const values = [`${round}a`, `${round}b`, `${round}c`];
      for (let partition = 0; partition < 6; partition++) {
        await sendAll(producer, topic, values, partition);
        if (partition % 2 === 1) await new Promise((resolve) => setTimeout(resolve, 5));
      }
      await producer.sendOffsets([{ topic, partition: 0, offset: round }], noMember(`g-${topic}`));
      await producer.commit();
      all.push(...values);
    }
    expect(together).toEqual([]);
    expect(await committed(topic, 6)).toEqual(Array.from({ length: 6 }, () => all));
  });

  it('an empty one costs nothing', async () => {
    const producer = await transactional();
    await producer.begin();
    await producer.commit();
    await producer.begin();
    await producer.abort();
  });

  it('calls out of turn are refused', async () => {
    const producer = open({ transactionalId: nextId() });
    await expect(producer.begin()).rejects.toThrow(/initTransactions first/);
    await producer.initTransactions(30_000);
    await expect(producer.commit()).rejects.toThrow(/call begin first/);
    await expect(producer.send({ topic: 't', partition: 0, bytes: batchOf('x') })).rejects.toThrow(/call begin first/);
    await expect(open().begin()).rejects.toThrow(/without a transactional id/);
  });

  it('a newer producer fences the older', async () => {
    const topic = await cluster.createTopic(1);
    const transactionalId = nextId();
    const older = await transactional({ transactionalId });
    await older.begin();
    await sendAll(older, topic, ['older']);
    await older.flush(30_000);
    const newer = await transactional({ transactionalId });
    await expect(older.commit()).rejects.toMatchObject({ code: 'PRODUCER_FENCED', fatal: true });
    await expect(older.begin()).rejects.toMatchObject({ code: 'PRODUCER_FENCED', fatal: true });
    await newer.begin();
    await sendAll(newer, topic, ['newer']);
    await newer.commit();
    expect(await committed(topic)).toEqual([['newer']]);
  });

  it('an older producer learns that it is fenced also from the first batch of a transaction', async () => {
    const topic = await cluster.createTopic(1);
    const transactionalId = nextId();
    const older = await transactional({ transactionalId });
    const newer = await transactional({ transactionalId });
    await older.begin();
    await sendAll(older, topic, ['older']);
    await expect(older.commit()).rejects.toMatchObject({ code: 'PRODUCER_FENCED', fatal: true });
    await newer.begin();
    await sendAll(newer, topic, ['newer']);
    await newer.commit();
    expect(await committed(topic)).toEqual([['newer']]);
  });

  it('one that timed out fences its producer', async () => {
    const topic = await cluster.createTopic(1);
    const transactionalId = nextId();
    const producer = await transactional({ transactionalId });
    await producer.begin();
    await sendAll(producer, topic, ['late']);
    await producer.flush(30_000);
    await cluster.broker.expireTransaction(transactionalId);
    await expect(producer.commit()).rejects.toMatchObject({ code: 'PRODUCER_FENCED', fatal: true });
    const next = await transactional({ transactionalId });
    await next.begin();
    await sendAll(next, topic, ['next']);
    await next.commit();
    expect(await committed(topic)).toEqual([['next']]);
  });

  it('offsets of a generation that is over are refused, and an abort goes on from there', async () => {
    const topic = await cluster.createTopic(1);
    const groupId = `g-${topic}`;
    const listener = { onAssigned: async () => undefined, onRevoked: async () => undefined, onLost: async () => undefined };
    const member = new ClassicGroupMember(cluster.client, { groupId, topics: [topic], listener, onError: () => undefined });
    member.start();
    await waitFor(() => member.assignment.length === 1);
    const { generation } = member;
    const producer = await transactional();
    await producer.begin();
    await sendAll(producer, topic, ['stale']);
    const stale = { ...generation, generationId: generation.generationId - 1 };
    await expect(producer.sendOffsets([{ topic, partition: 0, offset: 1 }], stale)).rejects.toMatchObject({
      code: 'TASK_MIGRATED',
      abortable: true,
    });
    await expect(producer.commit()).rejects.toMatchObject({ abortable: true });
    await producer.abort();
    await producer.begin();
    await sendAll(producer, topic, ['fresh']);
    await producer.sendOffsets([{ topic, partition: 0, offset: 2 }], generation);
    await producer.commit();
    expect(await committed(topic)).toEqual([['fresh']]);
    expect((await member.committed([{ topic, partition: 0 }]))[0]?.offset).toBe(2);
    await member.close();
  });

  it('a batch that is refused makes the transaction abortable, and the next one works', async () => {
    const topic = await cluster.createTopic(1, { 'max.message.bytes': '1000' });
    const producer = await transactional();
    await producer.begin();
    await sendAll(producer, topic, ['a', 'x'.repeat(2_000)]);
    await expect(producer.commit()).rejects.toMatchObject({ code: 'RECORD_TOO_LARGE', abortable: true });
    await producer.abort();
    await producer.begin();
    await sendAll(producer, topic, ['b']);
    await producer.commit();
    expect(await committed(topic)).toEqual([['b']]);
  });

  const apis =
    version === '1'
      ? ['AddPartitionsToTxn', 'AddOffsetsToTxn', 'TxnOffsetCommit', 'EndTxn', 'Produce']
      : ['TxnOffsetCommit', 'EndTxn', 'Produce'];
  const trouble = (error: string) => apis.map((api): [string, string] => [api, error]);
  it.each([...trouble('lost'), ...trouble('broken off'), ...trouble('after')])(
    'every one is committed exactly once when the answers of %s are %s',
    async (api, how) => {
      const topic = await cluster.createTopic(2);
      const producer = await transactional();
      const when =
        how === 'lost'
          ? ({ action: 'disconnect', when: 'before' } as const)
          : how === 'after'
            ? ({ action: 'disconnect', when: 'after' } as const)
            : ({ action: 'disconnect', when: 'during', bytes: 6 } as const);
      await cluster.broker.faults.add({ ...when, api, probability: 0.4, count: 5, seed: 11 });
      const values = numbered(12);
      for (const value of values) {
        await producer.begin();
        for (const partition of [0, 1]) await sendAll(producer, topic, [value], partition);
        await producer.sendOffsets([{ topic, partition: 0, offset: Number(value) }], noMember(`g-${topic}`));
        await producer.commit();
      }
      expect(await committed(topic, 2)).toEqual([values, values]);
    },
  );

  it('every one is committed exactly once when coordinators and leaders move', async () => {
    const topic = await cluster.createTopic(2);
    const transactionalId = nextId();
    const groupId = `g-${topic}`;
    const producer = await transactional({ transactionalId });
    await commitOffsets(cluster.client, noMember(groupId), [{ topic, partition: 0, offset: 0 }]);
    const values = numbered(12);
    for (const [index, value] of values.entries()) {
      await producer.begin();
      await sendAll(producer, topic, [value], 0);
      await cluster.broker.moveCoordinator('transaction', transactionalId, 1 + (index % 3));
      await sendAll(producer, topic, [value], 1);
      await cluster.broker.moveLeader(topic, index % 2, 1 + (index % 3));
      await cluster.broker.moveCoordinator('group', groupId, 1 + ((index + 1) % 3));
      await producer.sendOffsets([{ topic, partition: 0, offset: index }], noMember(groupId));
      await producer.commit();
    }
    expect(await committed(topic, 2)).toEqual([values, values]);
    expect((await fetchOffsets(cluster.client, groupId))[0]?.offset).toBe(11);
  });

  it('an abort that meets trouble is done in the end', async () => {
    const topic = await cluster.createTopic(1);
    const transactionalId = nextId();
    const producer = await transactional({ transactionalId });
    await producer.begin();
    await sendAll(producer, topic, ['gone']);
    await cluster.broker.faults.add({ action: 'drop', api: 'Produce', when: 'after', count: 1 });
    await sendAll(producer, topic, ['lost']);
    await producer.abort();
    await producer.begin();
    await sendAll(producer, topic, ['kept']);
    await producer.commit();
    expect(await committed(topic)).toEqual([['kept']]);
    const described = await cluster.client.request(
      DescribeTransactions,
      { transactionalIds: [transactionalId] },
      { coordinator: ['transaction', transactionalId] },
    );
    expect(described.transactionStates[0]?.transactionState).toMatch(/^(Empty|CompleteCommit)$/);
  });
});
