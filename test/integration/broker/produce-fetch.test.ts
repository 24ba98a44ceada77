import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLogger } from '../../../src/broker/coordinator/deps.ts';
import { Broker } from '../../../src/broker/index.ts';
import {
  AddPartitionsToTxn,
  ApiVersions,
  CreateTopics,
  DeleteTopics,
  EndTxn,
  ErrorCode,
  Fetch,
  InitProducerId,
  ListOffsets,
  Metadata,
  Produce,
  RecordCursor,
  type ResponseOf,
  validateBatchCrc,
} from '../../../src/protocol/index.ts';
import { TestClock } from './test-clock.ts';
import { batchOf, WireClient } from './wire-client.ts';

let clock: TestClock;
let broker: Broker;
let client: WireClient;

beforeEach(async () => {
  clock = new TestClock();
  broker = await Broker.start({ thread: false, clock, log: silentLogger });
  client = await WireClient.connect(broker.port);
  await client.send(CreateTopics, 7, {
    topics: [{ name: 't', numPartitions: 2, replicationFactor: 1, assignments: [], configs: [] }],
    timeoutMs: 1000,
  });
});

afterEach(async () => {
  await client.close();
  await broker.close();
});

const produceRequest = (
  records: Buffer | null,
  options: { acks?: number; index?: number; name?: string; transactionalId?: string } = {},
) => ({
  acks: options.acks ?? -1,
  timeoutMs: 1000,
  transactionalId: options.transactionalId ?? null,
  topicData: [{ name: options.name ?? 't', partitionData: [{ index: options.index ?? 0, records }] }],
});

const produce = async (
  records: Buffer | null,
  options: Parameters<typeof produceRequest>[1] & { version?: number; via?: WireClient } = {},
) => {
  const response = await (options.via ?? client).send(Produce, options.version ?? 9, produceRequest(records, options));
  return response.responses[0]!.partitionResponses[0]!;
};

interface FetchOptions {
  readonly offset?: number;
  readonly maxWaitMs?: number;
  readonly minBytes?: number;
  readonly maxBytes?: number;
  readonly readCommitted?: boolean;
  readonly epoch?: number;
  readonly partitions?: readonly number[];
}

const fetchRequest = (options: FetchOptions = {}) => ({
  maxWaitMs: options.maxWaitMs ?? 0,
  minBytes: options.minBytes ?? 1,
  maxBytes: options.maxBytes ?? 1_000_000,
  isolationLevel: options.readCommitted === true ? 1 : 0,
  topics: [
    {
      topic: 't',
      partitions: (options.partitions ?? [0]).map((partition) => ({
        partition,
        fetchOffset: options.offset ?? 0,
        partitionMaxBytes: options.maxBytes ?? 1_000_000,
        currentLeaderEpoch: options.epoch ?? -1,
      })),
    },
  ],
});

const fetch = (options: FetchOptions = {}, via = client): Promise<ResponseOf<typeof Fetch>> => via.send(Fetch, 12, fetchRequest(options));
const firstOf = (response: ResponseOf<typeof Fetch>) => response.responses[0]!.partitions[0]!;

function valuesOf(records: Buffer | null): string[] {
  const values: string[] = [];
  const cursor = new RecordCursor(records ?? Buffer.alloc(0));
  while (cursor.next()) values.push(cursor.buffer.toString('utf8', cursor.valueStart, cursor.valueStart + cursor.valueLength));
  return values;
}

describe('Produce', () => {
  it('gives consecutive offsets and keeps the bytes', async () => {
    expect(await produce(batchOf(['a', 'b']))).toMatchObject({ errorCode: 0, baseOffset: 0, logStartOffset: 0 });
    expect(await produce(batchOf(['c']))).toMatchObject({ errorCode: 0, baseOffset: 2 });
    const { records, highWatermark } = firstOf(await fetch());
    expect(valuesOf(records)).toEqual(['a', 'b', 'c']);
    expect(highWatermark).toBe(3);
    expect(validateBatchCrc(records!, 0)).toBe(true);
  });

  it.each([3, 4, 5, 6, 7, 8, 9, 10, 11, 12])('version %i works', async (version) => {
    expect(await produce(batchOf(['a']), { version })).toMatchObject({ errorCode: 0, baseOffset: 0 });
  });

  it('version 13 names topics by id', async () => {
    const metadata = await client.send(Metadata, 12, { topics: [{ name: 't', topicId: Buffer.alloc(16) }] });
    const { topicId } = metadata.topics[0]!;
    const partitionData = [{ index: 0, records: batchOf(['a']) }];
    const request = {
      acks: -1,
      timeoutMs: 1,
      topicData: [
        { topicId, partitionData },
        { topicId: Buffer.alloc(16, 1), partitionData },
      ],
    };
    const response = await client.send(Produce, 13, request);
    expect(response.responses.map(({ partitionResponses }) => partitionResponses[0]!.errorCode)).toEqual([0, ErrorCode.UNKNOWN_TOPIC_ID]);
  });

  it.each([0, 1, 2])('version %i is advertised, and refused in a response that its client can read', async (version) => {
    expect(await produce(batchOf(['a']), { version })).toMatchObject({ errorCode: ErrorCode.UNSUPPORTED_VERSION });
    expect(firstOf(await fetch()).highWatermark).toBe(0);
  });

  it.each([
    ['an unknown topic', () => produce(batchOf(['a']), { name: 'nope' }), ErrorCode.UNKNOWN_TOPIC_OR_PARTITION],
    ['an unknown partition', () => produce(batchOf(['a']), { index: 7 }), ErrorCode.UNKNOWN_TOPIC_OR_PARTITION],
    ['acks that do not exist', () => produce(batchOf(['a']), { acks: 2 }), ErrorCode.INVALID_REQUIRED_ACKS],
    ['no records', () => produce(null), ErrorCode.INVALID_RECORD],
    ['half a header', () => produce(batchOf(['a']).subarray(0, 30)), ErrorCode.INVALID_RECORD],
    ['two batches', () => produce(Buffer.concat([batchOf(['a']), batchOf(['b'])])), ErrorCode.INVALID_RECORD],
    ['a batch that is cut off', () => produce(batchOf(['abc']).subarray(0, -1)), ErrorCode.INVALID_RECORD],
    ['a wrong CRC', () => produce(flipped(batchOf(['abc']))), ErrorCode.CORRUPT_MESSAGE],
    ['a batch above max.message.bytes', () => produce(batchOf(['x'.repeat(1_100_000)])), ErrorCode.MESSAGE_TOO_LARGE],
  ])('refuses %s and appends nothing', async (_, send, errorCode) => {
    expect(await send()).toMatchObject({ errorCode, baseOffset: -1 });
    expect(firstOf(await fetch()).highWatermark).toBe(0);
  });

  it('does not answer acks=0, but goes on with what follows', async () => {
    client.socket.write(client.frame(Produce, 9, produceRequest(batchOf(['silent']), { acks: 0 })));
    expect(valuesOf(firstOf(await fetch()).records)).toEqual(['silent']);
  });

  it('ends the connection when acks=0 fails, as there is no other way to tell', async () => {
    const other = await WireClient.connect(broker.port);
    other.socket.write(other.frame(Produce, 9, produceRequest(batchOf(['a']), { acks: 0, name: 'nope' })));
    await other.closed;
    expect((await produce(batchOf(['a']))).errorCode).toBe(0);
  });

  it('refuses clients that write to internal topics', async () => {
    await client.send(InitProducerId, 4, { transactionalId: 'x', transactionTimeoutMs: 1000 });
    expect(await produce(batchOf(['a']), { name: '__transaction_state' })).toMatchObject({ errorCode: ErrorCode.INVALID_TOPIC_EXCEPTION });
  });

  it('refuses acks=all where fewer replicas live than min.insync.replicas wants', async () => {
    const configs = [{ name: 'min.insync.replicas', value: '2' }];
    await client.send(CreateTopics, 7, {
      topics: [{ name: 'safe', numPartitions: 1, replicationFactor: 1, assignments: [], configs }],
      timeoutMs: 1,
    });
    expect(await produce(batchOf(['a']), { name: 'safe' })).toMatchObject({ errorCode: ErrorCode.NOT_ENOUGH_REPLICAS });
    expect(await produce(batchOf(['a']), { name: 'safe', acks: 1 })).toMatchObject({ errorCode: 0 });
  });
});

function flipped(batch: Buffer): Buffer {
  batch[batch.length - 1]! ^= 1;
  return batch;
}

describe('Fetch', () => {
  it.each([4, 5, 6, 7, 8, 9, 10, 11, 12])('version %i works', async (version) => {
    await produce(batchOf(['a']));
    const response = await client.send(Fetch, version, fetchRequest());
    expect(valuesOf(firstOf(response).records)).toEqual(['a']);
  });

  it.each([13, 14, 15, 16, 17, 18])('version %i names topics by id', async (version) => {
    await produce(batchOf(['a']));
    const metadata = await client.send(Metadata, 12, { topics: [{ name: 't', topicId: Buffer.alloc(16) }] });
    const [topic] = fetchRequest().topics;
    const topics = [metadata.topics[0]!.topicId, Buffer.alloc(16, 9)].map((topicId) => ({ topicId, partitions: topic!.partitions }));
    const response = await client.send(Fetch, version, { ...fetchRequest(), topics });
    expect(response.responses.map(({ partitions }) => partitions[0]!.errorCode)).toEqual([0, ErrorCode.UNKNOWN_TOPIC_ID]);
    expect(valuesOf(response.responses[0]!.partitions[0]!.records)).toEqual(['a']);
  });

  it('returns the whole batch that an offset lies in', async () => {
    await produce(batchOf(['a', 'b', 'c']));
    expect(valuesOf(firstOf(await fetch({ offset: 1 })).records)).toEqual(['a', 'b', 'c']);
  });

  it('returns the first batch however small the limit is, and no second one beyond it', async () => {
    await produce(batchOf(['a'.repeat(500)]));
    await produce(batchOf(['b'.repeat(500)]));
    await produce(batchOf(['c'.repeat(500)]), { index: 1 });
    const response = await fetch({ maxBytes: 1, partitions: [0, 1] });
    expect(response.responses[0]!.partitions.map(({ records }) => valuesOf(records).length)).toEqual([1, 0]);
  });

  it.each([5, -1])('answers OFFSET_OUT_OF_RANGE at once for offset %i', async (offset) => {
    await produce(batchOf(['a']));
    expect(firstOf(await fetch({ offset, maxWaitMs: 60_000 })).errorCode).toBe(ErrorCode.OFFSET_OUT_OF_RANGE);
  });

  it('answers an unknown topic at once', async () => {
    const request = {
      ...fetchRequest({ maxWaitMs: 60_000 }),
      topics: [{ topic: 'nope', partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1 }] }],
    };
    expect(firstOf(await client.send(Fetch, 12, request)).errorCode).toBe(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
  });

  it('fences a client with another leader epoch', async () => {
    await produce(batchOf(['a']));
    expect(firstOf(await fetch({ epoch: 5, maxWaitMs: 60_000 })).errorCode).toBe(ErrorCode.UNKNOWN_LEADER_EPOCH);
    expect(firstOf(await fetch({ epoch: 0 })).errorCode).toBe(0);
  });

  it('a long poll ends by a produce, though no time passes', async () => {
    const producer = await WireClient.connect(broker.port);
    const polled = fetch({ maxWaitMs: 60_000, partitions: [0, 1] });
    await produce(batchOf(['late']), { via: producer, index: 1 });
    const response = await polled;
    expect(response.responses[0]!.partitions.map(({ records }) => valuesOf(records))).toEqual([[], ['late']]);
    await producer.close();
  });

  it('a long poll waits for as many bytes as were asked for', async () => {
    const producer = await WireClient.connect(broker.port);
    const batch = batchOf(['x'.repeat(100)]);
    const polled = fetch({ maxWaitMs: 60_000, minBytes: batch.length * 2 });
    await produce(batch, { via: producer });
    await produce(batch, { via: producer });
    expect(valuesOf(firstOf(await polled).records)).toHaveLength(2);
    await producer.close();
  });

  it('a long poll ends with nothing when its time is over, and not before', async () => {
    let ended = false;
    const polled = fetch({ maxWaitMs: 500 }).finally(() => {
      ended = true;
    });
    const other = await WireClient.connect(broker.port);
    clock.advance(499);
    await other.send(Metadata, 1, { topics: [] });
    expect(ended).toBe(false);
    // The request may not even have been read before the clock moved; time goes on until it is over.
    while (!ended) {
      clock.advance(500);
      await other.send(Metadata, 1, { topics: [] });
    }
    expect(firstOf(await polled)).toMatchObject({ errorCode: 0, highWatermark: 0 });
    await other.close();
  });

  it('a long poll ends when its topic is deleted', async () => {
    const other = await WireClient.connect(broker.port);
    const polled = fetch({ maxWaitMs: 60_000 });
    await other.send(Metadata, 1, { topics: [] });
    await other.send(DeleteTopics, 5, { topicNames: ['t'], timeoutMs: 1 });
    expect(firstOf(await polled).errorCode).toBe(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
    await other.close();
  });

  it('with read_committed waits for the end of the transaction and names the aborted', async () => {
    const producer = await WireClient.connect(broker.port);
    const transactionalId = 'tx';
    const { producerId, producerEpoch } = await producer.send(InitProducerId, 4, { transactionalId, transactionTimeoutMs: 60_000 });
    const write = async (value: string, baseSequence: number, committed: boolean) => {
      await producer.send(AddPartitionsToTxn, 3, {
        v3AndBelowTransactionalId: transactionalId,
        v3AndBelowProducerId: producerId,
        v3AndBelowProducerEpoch: producerEpoch,
        v3AndBelowTopics: [{ name: 't', partitions: [0] }],
      });
      const batch = batchOf([value], { producerId, producerEpoch, baseSequence, transactional: true });
      expect(await produce(batch, { via: producer, transactionalId })).toMatchObject({ errorCode: 0 });
      return () => producer.send(EndTxn, 3, { transactionalId, producerId, producerEpoch, committed });
    };
    const abort = await write('aborted', 0, false);
    expect(firstOf(await fetch({ readCommitted: true }))).toMatchObject({ lastStableOffset: 0, highWatermark: 1 });
    const polled = fetch({ readCommitted: true, maxWaitMs: 60_000 });
    await abort();
    const first = firstOf(await polled);
    expect(first).toMatchObject({ lastStableOffset: 2, abortedTransactions: [{ producerId, firstOffset: 0 }] });
    const commit = await write('committed', 1, true);
    await commit();
    const { records, abortedTransactions } = firstOf(await fetch({ readCommitted: true, offset: 2 }));
    expect([valuesOf(records), abortedTransactions]).toEqual([['committed'], []]);
    await producer.close();
  });

  it('refuses a transactional batch outside of a transaction', async () => {
    const { producerId, producerEpoch } = await client.send(InitProducerId, 4, { transactionalId: 'tx', transactionTimeoutMs: 60_000 });
    const batch = batchOf(['a'], { producerId, producerEpoch, baseSequence: 0, transactional: true });
    expect(await produce(batch, { transactionalId: 'tx' })).toMatchObject({ errorCode: ErrorCode.INVALID_TXN_STATE });
  });
});

describe('ListOffsets', () => {
  const offsets = async (timestamp: number, version = 11) => {
    const response = await client.send(ListOffsets, version, {
      replicaId: -1,
      topics: [{ name: 't', partitions: [{ partitionIndex: 0, timestamp }] }],
    });
    return response.topics[0]!.partitions[0]!;
  };

  it.each([
    ['latest', -1, { offset: 3 }],
    ['earliest', -2, { offset: 0 }],
    ['the largest timestamp', -3, { offset: 2, timestamp: 3 }],
    ['earliest local', -4, { offset: 0 }],
    ['latest tiered', -5, { offset: -1 }],
    ['a time between records', 2, { offset: 1, timestamp: 2 }],
    ['a time after all', 99, { offset: -1, timestamp: -1 }],
  ])('finds %s', async (_, timestamp, expected) => {
    await produce(batchOf(['a', 'b', 'c']));
    expect(await offsets(timestamp)).toMatchObject({ errorCode: 0, ...expected });
  });

  it('refuses special timestamps that the version does not know', async () => {
    expect(await offsets(-3, 6)).toMatchObject({ errorCode: ErrorCode.UNSUPPORTED_VERSION });
  });
});

describe('a connection', () => {
  it('answers pipelined requests in their order, also behind a slow one', async () => {
    const producer = await WireClient.connect(broker.port);
    const slow = fetch({ maxWaitMs: 60_000 });
    const fast = Array.from({ length: 5 }, () => client.send(Metadata, 1, { topics: [] }));
    await produce(batchOf(['go']), { via: producer });
    await Promise.all([slow, ...fast]);
    expect(client.answered).toEqual([...client.answered].sort((a, b) => a - b));
    await producer.close();
  });

  it('does not keep an answer back for a slow request that came with its own', async () => {
    const frames = [client.frame(Metadata, 1, { topics: [] }), client.frame(Fetch, 12, fetchRequest({ maxWaitMs: 60_000 }))];
    frames[1]!.writeInt32BE(frames[0]!.readInt32BE(8) + 1, 8);
    const first = client.sendRaw(Buffer.concat(frames));
    const second = client.sendRaw(Buffer.alloc(0));
    await first;
    await produce(batchOf(['go']), { via: await WireClient.connect(broker.port) });
    await second;
  });

  it('ApiVersions in a version nobody knows is answered in version 0 with the whole list', async () => {
    const frame = client.frame(ApiVersions, 4, { clientSoftwareName: 'x', clientSoftwareVersion: '1' });
    frame.writeInt16BE(99, 6);
    const response = await client.sendRaw(frame);
    expect(response.readInt16BE(4)).toBe(ErrorCode.UNSUPPORTED_VERSION);
    const count = response.readInt32BE(6);
    expect(response.length).toBe(10 + count * 6);
    const entries = Array.from({ length: count }, (_, index) => [0, 2, 4].map((at) => response.readInt16BE(10 + index * 6 + at)));
    expect(entries).toContainEqual([18, 0, 4]);
    expect(entries).toContainEqual([0, 0, 13]);
  });

  it('ApiVersions refuses names that are none', async () => {
    expect(await client.send(ApiVersions, 3, { clientSoftwareName: '-x', clientSoftwareVersion: '1' })).toMatchObject({
      errorCode: ErrorCode.INVALID_REQUEST,
    });
    expect(await client.send(ApiVersions, 4, { clientSoftwareName: 'x', clientSoftwareVersion: '1.0' })).toMatchObject({
      errorCode: 0,
      finalizedFeatures: expect.arrayContaining([{ name: 'transaction.version', maxVersionLevel: 2, minVersionLevel: 2 }]),
    });
  });
});
