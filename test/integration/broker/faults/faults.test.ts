import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLogger } from '../../../../src/broker/coordinator/deps.ts';
import { Broker, type Fault } from '../../../../src/broker/index.ts';
import {
  CreateTopics,
  DeleteTopics,
  decodeResponse,
  decodeResponseHeader,
  ErrorCode,
  Fetch,
  FindCoordinator,
  Heartbeat,
  ListOffsets,
  Metadata,
  Produce,
} from '../../../../src/protocol/index.ts';
import { TestClock } from '../test-clock.ts';
import { batchOf, WireClient } from '../wire-client.ts';

let broker: Broker;
let client: WireClient;
let clock: TestClock;

beforeEach(async () => {
  clock = new TestClock();
  broker = await Broker.start({ thread: false, log: silentLogger, clock });
  client = await WireClient.connect(broker.port);
  const topic = (name: string) => ({ name, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] });
  await client.send(CreateTopics, 7, { topics: [topic('a'), topic('b')], timeoutMs: 1 });
});

afterEach(async () => {
  await client.close();
  await broker.close();
});

const produceRequest = (...topics: string[]) => ({
  acks: -1,
  timeoutMs: 1,
  topicData: topics.map((name) => ({ name, partitionData: [{ index: 0, records: batchOf(['v']) }] })),
});
const produce = async (on: WireClient, ...topics: string[]): Promise<Record<string, number>> => {
  const { responses } = await on.send(Produce, 9, produceRequest(...topics));
  return Object.fromEntries(responses.map(({ name, partitionResponses }) => [name, partitionResponses[0]!.errorCode]));
};
const endOf = async (name: string): Promise<number> => {
  const other = await WireClient.connect(broker.port);
  const topics = [{ name, partitions: [{ partitionIndex: 0, timestamp: -1 }] }];
  const response = await other.send(ListOffsets, 7, { replicaId: -1, isolationLevel: 0, topics });
  await other.close();
  return response.topics[0]!.partitions[0]!.offset;
};
/** Lets everything that is on its way arrive. */
const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setTimeout(resolve, 1));
};

describe('an error', () => {
  it('is answered where the API has its errors, and nothing is done', async () => {
    const fault = await broker.faults.add({ action: 'error', error: 'NOT_LEADER_OR_FOLLOWER', api: 'Produce', count: 1 });
    expect(await produce(client, 'a', 'b')).toEqual({ a: ErrorCode.NOT_LEADER_OR_FOLLOWER, b: ErrorCode.NOT_LEADER_OR_FOLLOWER });
    expect(await endOf('a')).toBe(0);
    expect(await produce(client, 'a', 'b')).toEqual({ a: 0, b: 0 });
    expect(await fault.hits()).toBe(1);
    expect(await broker.faults.list()).toMatchObject([{ id: fault.id, hits: 1, spent: true }]);
  });

  it('of one topic leaves the others alone', async () => {
    await broker.faults.add({ action: 'error', error: 'KAFKA_STORAGE_ERROR', api: 'Produce', topic: 'b' });
    expect(await produce(client, 'a', 'b')).toEqual({ a: 0, b: ErrorCode.KAFKA_STORAGE_ERROR });
    expect([await endOf('a'), await endOf('b')]).toEqual([1, 0]);
    expect(await produce(client, 'a')).toEqual({ a: 0 });
  });

  it('of a topic is told to clients that use topic ids', async () => {
    const { topics } = await client.send(Metadata, 12, { topics: [{ name: 'a', topicId: Buffer.alloc(16) }] });
    await broker.faults.add({ action: 'error', error: 'UNKNOWN_TOPIC_ID', topic: 'a' });
    const response = await client.send(Produce, 13, {
      acks: -1,
      timeoutMs: 1,
      topicData: [{ topicId: topics[0]!.topicId, partitionData: [{ index: 0, records: batchOf(['v']) }] }],
    });
    expect(response.responses[0]).toMatchObject({ topicId: topics[0]!.topicId });
    expect(response.responses[0]!.partitionResponses[0]!.errorCode).toBe(ErrorCode.UNKNOWN_TOPIC_ID);
  });

  it('with a message is given where the response has a place for it', async () => {
    await broker.faults.add({ action: 'error', error: 'POLICY_VIOLATION', message: 'not today', api: 'DeleteTopics', topic: 'a' });
    const { responses } = await client.send(DeleteTopics, 5, { topicNames: ['a', 'b'], timeoutMs: 1 });
    expect(responses.map(({ name, errorCode, errorMessage }) => [name, errorCode, errorMessage])).toEqual([
      ['a', ErrorCode.POLICY_VIOLATION, 'not today'],
      ['b', 0, null],
    ]);
  });

  it.each([4, 11, 12])('of Fetch %i is in the partitions, where clients look for it', async (version) => {
    await broker.faults.add({ action: 'error', error: 'NOT_LEADER_OR_FOLLOWER', api: 'Fetch' });
    const topics = [{ topic: 'a', partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1000 }] }];
    const response = await client.send(Fetch, version, { maxWaitMs: 1, minBytes: 0, topics });
    expect(response.errorCode).toBe(0);
    expect(response.responses[0]!.partitions[0]!.errorCode).toBe(ErrorCode.NOT_LEADER_OR_FOLLOWER);
  });

  it('makes fetch sessions name their partitions', async () => {
    await broker.faults.add({ action: 'error', error: 'KAFKA_STORAGE_ERROR', api: 'Fetch', topic: 'a', count: 1 });
    const incremental = await client.send(Fetch, 12, { maxWaitMs: 1, minBytes: 0, sessionId: 77, sessionEpoch: 3, topics: [] });
    expect(incremental).toMatchObject({ errorCode: ErrorCode.FETCH_SESSION_ID_NOT_FOUND, responses: [] });
    const topics = [{ topic: 'a', partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1000 }] }];
    const whole = await client.send(Fetch, 12, { maxWaitMs: 1, minBytes: 0, sessionId: 0, sessionEpoch: 0, topics });
    expect(whole).toMatchObject({ errorCode: 0, sessionId: 0 });
    expect(whole.responses[0]!.partitions[0]!.errorCode).toBe(ErrorCode.KAFKA_STORAGE_ERROR);
  });

  it('that is about a session is at the top', async () => {
    await broker.faults.add({ action: 'error', error: 'INVALID_FETCH_SESSION_EPOCH', api: 'Fetch' });
    const response = await client.send(Fetch, 12, { maxWaitMs: 1, minBytes: 0, sessionId: 77, sessionEpoch: 3, topics: [] });
    expect(response.errorCode).toBe(ErrorCode.INVALID_FETCH_SESSION_EPOCH);
  });

  it.each([2, 4])('of FindCoordinator %i is for the group it names', async (version) => {
    await broker.faults.add({ action: 'error', error: 'COORDINATOR_NOT_AVAILABLE', groupId: 'g', count: 1 });
    const body = version < 4 ? { key: 'g', keyType: 0 } : { keyType: 0, coordinatorKeys: ['g'] };
    const codeOf = async (): Promise<number> => {
      const response = await client.send(FindCoordinator, version, body);
      return version < 4 ? response.errorCode : response.coordinators[0]!.errorCode;
    };
    expect(await codeOf()).toBe(ErrorCode.COORDINATOR_NOT_AVAILABLE);
    expect(await codeOf()).toBe(0);
  });

  it('of a request without an answer ends the connection, as in Kafka', async () => {
    await broker.faults.add({ action: 'error', error: 'NOT_LEADER_OR_FOLLOWER', api: 'Produce' });
    client.socket.write(client.frame(Produce, 9, { ...produceRequest('a'), acks: 0 }));
    await client.closed;
    expect(await endOf('a')).toBe(0);
  });

  it('can be for some clients or APIs only', async () => {
    await broker.faults.add({ action: 'error', error: 'REBALANCE_IN_PROGRESS', api: ['Heartbeat', 14], clientId: 'somebody-else' });
    expect(await client.send(Heartbeat, 3, { groupId: 'g', generationId: 1, memberId: 'm' })).toMatchObject({
      errorCode: ErrorCode.UNKNOWN_MEMBER_ID,
    });
  });
});

describe('a delay', () => {
  it('of the request keeps it from being handled', async () => {
    const fault = await broker.faults.add({ action: 'delay', delayMs: 100, api: 'Produce' });
    const answer = produce(client, 'a');
    await fault.waitForHits();
    expect(await endOf('a')).toBe(0);
    clock.advance(99);
    await settle();
    expect(await endOf('a')).toBe(0);
    clock.advance(1);
    expect(await answer).toEqual({ a: 0 });
  });

  it('of the response only keeps the client waiting', async () => {
    await broker.faults.add({ action: 'delay', delayMs: 100, when: 'after', api: 'Produce' });
    const answered: unknown[] = [];
    const answer = produce(client, 'a').then((codes) => answered.push(codes));
    await expect.poll(() => endOf('a')).toBe(1);
    expect(answered).toEqual([]);
    clock.advance(100);
    await answer;
    expect(answered).toEqual([{ a: 0 }]);
  });

  it('adds up with others', async () => {
    await broker.faults.add({ action: 'delay', delayMs: 10 });
    const fault = await broker.faults.add({ action: 'delay', delayMs: 20, api: 'Produce' });
    const answer = produce(client, 'a');
    await fault.waitForHits();
    clock.advance(29);
    await settle();
    expect(await endOfWithoutDelay('a')).toBe(0);
    clock.advance(1);
    expect(await answer).toEqual({ a: 0 });
  });

  it('is served though its client has given up: the zombie', async () => {
    const fault = await broker.faults.add({ action: 'delay', delayMs: 100, api: 'Produce', count: 1 });
    const answer = produce(client, 'a');
    await fault.waitForHits();
    await client.close();
    await expect(answer).rejects.toThrow('connection closed');
    clock.advance(100);
    await expect.poll(() => endOf('a')).toBe(1);
  });
});

async function endOfWithoutDelay(name: string): Promise<number> {
  await broker.faults.clear();
  return endOf(name);
}

describe('a lost request or response', () => {
  it.each([
    ['before', 0],
    ['after', 1],
  ] as const)('dropped %s handling: %i records are written, the connection is silent', async (when, records) => {
    const fault = await broker.faults.add({ action: 'drop', when, api: 'Produce', count: 1 });
    const lost = produce(client, 'a');
    await fault.waitForHits();
    const behind = client.send(Metadata, 4, { topics: [], allowAutoTopicCreation: false });
    await expect.poll(() => endOf('a')).toBe(records);
    expect(client.answered).toHaveLength(1);
    await client.close();
    await expect(lost).rejects.toThrow('connection closed');
    await expect(behind).rejects.toThrow('connection closed');
  });

  it.each([
    ['before', 0],
    ['after', 1],
    ['during', 1],
  ] as const)('cut off %s the answer: %i records are written', async (when, records) => {
    await broker.faults.add({ action: 'disconnect', when, api: 'Produce', count: 1 });
    await expect(produce(client, 'a')).rejects.toThrow('connection closed');
    expect(await endOf('a')).toBe(records);
  });

  it('in the middle of a response as many bytes arrive as were asked for', async () => {
    const bytes: Buffer[] = [];
    client.socket.on('data', (chunk: Buffer) => bytes.push(chunk));
    await broker.faults.add({ action: 'disconnect', when: 'during', bytes: 21, api: 'Produce' });
    await expect(produce(client, 'a')).rejects.toThrow('connection closed');
    expect(Buffer.concat(bytes)).toHaveLength(21);
  });

  it('never sends a whole response, however many bytes are asked for', async () => {
    await broker.faults.add({ action: 'disconnect', when: 'during', bytes: 1_000_000, api: 'Produce' });
    await expect(produce(client, 'a')).rejects.toThrow('connection closed');
  });
});

describe('throttling', () => {
  it('is told in the response and holds the next request of the connection', async () => {
    await broker.faults.add({ action: 'throttle', throttleTimeMs: 500, api: 'Produce', count: 1 });
    const { throttleTimeMs } = await client.send(Produce, 9, produceRequest('a'));
    expect(throttleTimeMs).toBe(500);
    const next = produce(client, 'a');
    await settle();
    expect(await endOf('a')).toBe(1);
    clock.advance(500);
    expect(await next).toEqual({ a: 0 });
  });

  it('of a version that cannot tell only holds the connection', async () => {
    await broker.faults.add({ action: 'throttle', throttleTimeMs: 500, api: 'Metadata' });
    const frame = await client.sendRaw(client.frame(Metadata, 1, { topics: null }));
    const { bodyOffset } = decodeResponseHeader(Metadata, 1, frame);
    expect(decodeResponse(Metadata, 1, frame, bodyOffset).topics).toHaveLength(2);
  });
});

describe('a truncated answer', () => {
  const fetched = async (): Promise<number> => {
    const topics = [{ topic: 'a', partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1_000_000 }] }];
    const { responses } = await client.send(Fetch, 12, { maxWaitMs: 0, minBytes: 1, topics });
    return responses[0]!.partitions[0]!.records!.length;
  };

  it('lacks the end of the last batch; one that comes alone is whole', async () => {
    await produce(client, 'a');
    const one = await fetched();
    await broker.faults.add({ action: 'truncate', bytes: 10 });
    expect(await fetched()).toBe(one);
    await produce(client, 'a');
    expect(await fetched()).toBe(2 * one - 10);
    await broker.faults.clear();
    await broker.faults.add({ action: 'truncate', bytes: 1_000_000, count: 1 });
    expect(await fetched()).toBe(one + 1);
    expect(await fetched()).toBe(2 * one);
  });
});

describe('several faults', () => {
  it('the first that decides is the one that counts', async () => {
    const first = await broker.faults.add({ action: 'error', error: 'NOT_LEADER_OR_FOLLOWER', api: 'Produce', count: 1 });
    const second = await broker.faults.add({ action: 'error', error: 'KAFKA_STORAGE_ERROR', api: 'Produce', count: 1 });
    expect(await produce(client, 'a')).toEqual({ a: ErrorCode.NOT_LEADER_OR_FOLLOWER });
    expect([await first.hits(), await second.hits()]).toEqual([1, 0]);
    expect(await produce(client, 'a')).toEqual({ a: ErrorCode.KAFKA_STORAGE_ERROR });
    expect(await produce(client, 'a')).toEqual({ a: 0 });
  });

  it('can be removed, one or all', async () => {
    const fault: Fault = { action: 'error', error: 'NOT_LEADER_OR_FOLLOWER', api: 'Produce' };
    const [first] = [await broker.faults.add(fault), await broker.faults.add(fault)];
    await first.remove();
    await first.remove();
    expect(await broker.faults.list()).toHaveLength(1);
    await expect(first.hits()).rejects.toMatchObject({ code: 'INVALID_STATE' });
    await broker.faults.clear();
    expect(await produce(client, 'a')).toEqual({ a: 0 });
  });

  it('are refused when they make no sense', async () => {
    const wrong = { action: 'error', error: 'NO_SUCH_ERROR' } as unknown as Fault;
    await expect(broker.faults.add(wrong)).rejects.toMatchObject({ code: 'INVALID_CONFIG', context: { field: 'error' } });
  });
});

describe('a paused node', () => {
  it('takes connections and requests and answers when it is resumed', async () => {
    await broker.pauseNode(1);
    const late = await WireClient.connect(broker.port);
    const answers = [produce(client, 'a'), produce(late, 'b')];
    await settle();
    expect([client.answered.length, late.answered.length]).toEqual([1, 0]);
    await broker.resumeNode(1);
    expect(await Promise.all(answers)).toEqual([{ a: 0 }, { b: 0 }]);
    await late.close();
  });

  it('does not answer what it had begun before', async () => {
    const topics = [{ topic: 'a', partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1000 }] }];
    const fetched = client.send(Fetch, 12, { maxWaitMs: 1000, minBytes: 1, topics });
    await settle();
    await broker.pauseNode(1);
    clock.advance(1000);
    await settle();
    expect(client.answered).toHaveLength(1);
    await broker.resumeNode(1);
    expect(await fetched).toMatchObject({ errorCode: 0 });
  });

  it('can be closed', async () => {
    await broker.pauseNode(1);
    const unanswered = expect(produce(client, 'a')).rejects.toThrow('connection closed');
    await settle();
    await broker.close();
    await unanswered;
  });

  it('must be one of the broker', async () => {
    await expect(broker.pauseNode(2)).rejects.toMatchObject({ code: 'INVALID_STATE' });
  });
});

describe('a broker in a thread', () => {
  it('has the same faults', async () => {
    const threaded = await Broker.start({ topics: [{ name: 'a', partitions: 1 }] });
    const its = await WireClient.connect(threaded.port);
    try {
      const fault = await threaded.faults.add({ action: 'error', error: 'NOT_LEADER_OR_FOLLOWER', api: 'Produce', count: 1 });
      const hit = fault.waitForHits();
      expect(await produce(its, 'a')).toEqual({ a: ErrorCode.NOT_LEADER_OR_FOLLOWER });
      await hit;
      expect(await fault.hits()).toBe(1);
      await expect(threaded.faults.add({ action: 'delay', delayMs: -1 })).rejects.toMatchObject({
        code: 'INVALID_CONFIG',
        context: { field: 'delayMs' },
      });
    } finally {
      await its.close();
      await threaded.close();
    }
  });
});
