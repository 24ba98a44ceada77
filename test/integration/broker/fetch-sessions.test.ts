import { afterEach, beforeEach, expect, it } from 'vitest';
import { silentLogger } from '../../../src/broker/coordinator/deps.ts';
import { Broker } from '../../../src/broker/index.ts';
import {
  CreateTopics,
  DeleteTopics,
  ErrorCode,
  Fetch,
  type Metadata,
  Metadata as MetadataApi,
  Produce,
  type ResponseOf,
} from '../../../src/protocol/index.ts';
import { batchOf, WireClient } from './wire-client.ts';

let broker: Broker;
let client: WireClient;

beforeEach(async () => {
  broker = await Broker.start({ thread: false, log: silentLogger, nodes: 2 });
  client = await WireClient.connect(broker.port);
  const assignments = [0, 1, 2].map((partitionIndex) => ({ partitionIndex, brokerIds: [1, 2] }));
  await client.send(CreateTopics, 7, {
    topics: [{ name: 't', numPartitions: -1, replicationFactor: -1, assignments, configs: [] }],
    timeoutMs: 1000,
  });
});

afterEach(async () => {
  await client.close();
  await broker.close();
});

const produce = (index: number, value = 'a') =>
  client.send(Produce, 9, {
    acks: -1,
    timeoutMs: 1000,
    transactionalId: null,
    topicData: [{ name: 't', partitionData: [{ index, records: batchOf([value]) }] }],
  });

interface Asked {
  readonly session?: readonly [id: number, epoch: number];
  readonly partitions?: readonly (readonly [partition: number, offset: number])[];
  readonly forgotten?: readonly number[];
  readonly maxWaitMs?: number;
  readonly minBytes?: number;
}

/** Each on a connection of its own, as a fetch that waits holds up those behind it. */
async function fetch({ session = [0, -1], partitions = [], forgotten = [], maxWaitMs = 0, minBytes = 1 }: Asked) {
  const via = await WireClient.connect(broker.port);
  try {
    return await via.send(Fetch, 12, {
      maxWaitMs,
      minBytes,
      maxBytes: 1_000_000,
      isolationLevel: 0,
      sessionId: session[0],
      sessionEpoch: session[1],
      topics: partitions.map(([partition, fetchOffset]) => ({
        topic: 't',
        partitions: [{ partition, fetchOffset, partitionMaxBytes: 100_000 }],
      })),
      forgottenTopicsData: forgotten.map((partition) => ({ topic: 't', partitions: [partition] })),
    });
  } finally {
    await via.close();
  }
}

const told = ({ responses }: ResponseOf<typeof Fetch>): number[] =>
  responses.flatMap(({ partitions }) => partitions.map(({ partitionIndex }) => partitionIndex));

it('tells only what is new, and keeps the offsets that the client gave before', async () => {
  const first = await fetch({
    session: [0, 0],
    partitions: [
      [0, 0],
      [1, 0],
      [2, 0],
    ],
  });
  expect(told(first)).toEqual([0, 1, 2]);
  const id = first.sessionId;
  expect(id).toBeGreaterThan(0);
  expect(told(await fetch({ session: [id, 1] }))).toEqual([]);
  await produce(1);
  expect(told(await fetch({ session: [id, 2] }))).toEqual([1]);
  await produce(2);
  // The client has not said that it has read partition 1 further, so it gets that again, and after the other one.
  expect(told(await fetch({ session: [id, 3] }))).toEqual([2, 1]);
  expect(told(await fetch({ session: [id, 4], partitions: [[1, 1]], forgotten: [2] }))).toEqual([]);
});

it('wakes a fetch of a session that waits', async () => {
  const { sessionId } = await fetch({
    session: [0, 0],
    partitions: [
      [0, 0],
      [1, 0],
    ],
  });
  const waiting = fetch({ session: [sessionId, 1], maxWaitMs: 30_000 });
  await produce(1);
  expect(told(await waiting)).toEqual([1]);
});

it('waits for as many bytes as are asked for, of all partitions together', async () => {
  const bytes = batchOf(['a']).length;
  const waiting = fetch({
    partitions: [
      [0, 0],
      [1, 0],
    ],
    maxWaitMs: 30_000,
    minBytes: 3 * bytes,
  });
  let answered = false;
  void waiting.then(() => {
    answered = true;
  });
  await produce(0);
  await produce(1);
  // A fetch that would be answered by now is: its answer was written before this one.
  await fetch({ partitions: [[0, 0]] });
  expect(answered).toBe(false);
  await produce(1);
  const { responses } = await waiting;
  expect(responses[0]?.partitions.map(({ highWatermark }) => highWatermark)).toEqual([1, 2]);
  expect(responses.flatMap(({ partitions }) => partitions).reduce((sum, { records }) => sum + (records?.length ?? 0), 0)).toBe(3 * bytes);
});

it('answers at once when a partition is deleted or moves to another node', async () => {
  const moved = fetch({ partitions: [[0, 0]], maxWaitMs: 30_000 });
  // The fetch waits by the time that another request is answered.
  await fetch({ partitions: [[1, 0]] });
  await broker.moveLeader('t', 0, 2);
  expect((await moved).responses[0]?.partitions[0]?.errorCode).toBe(ErrorCode.NOT_LEADER_OR_FOLLOWER);
  const deleted = fetch({ partitions: [[1, 0]], maxWaitMs: 30_000 });
  await fetch({ partitions: [[2, 0]] });
  await client.send(DeleteTopics, 5, { topicNames: ['t'], timeoutMs: 1000 });
  expect((await deleted).responses[0]?.partitions[0]?.errorCode).toBe(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
});

it('tells of a topic id that nobody has each time it is fetched', async () => {
  const metadata: ResponseOf<typeof Metadata> = await client.send(MetadataApi, 12, { topics: [{ name: 't', topicId: Buffer.alloc(16) }] });
  const { topicId } = metadata.topics[0]!;
  const byId = (session: readonly [number, number], topics: readonly Buffer[]) =>
    client.send(Fetch, 16, {
      maxWaitMs: 0,
      minBytes: 1,
      maxBytes: 1_000_000,
      isolationLevel: 0,
      sessionId: session[0],
      sessionEpoch: session[1],
      topics: topics.map((id) => ({ topicId: id, partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1000 }] })),
      forgottenTopicsData: [],
    });
  const first = await byId([0, 0], [topicId, Buffer.alloc(16, 7)]);
  expect(first.responses.map(({ partitions }) => partitions[0]?.errorCode)).toEqual([0, ErrorCode.UNKNOWN_TOPIC_ID]);
  const second = await byId([first.sessionId, 1], []);
  expect(second.responses.map((response) => [response.topicId[0], response.partitions[0]?.errorCode])).toEqual([
    [7, ErrorCode.UNKNOWN_TOPIC_ID],
  ]);
});
