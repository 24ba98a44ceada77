import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLogger } from '../../../../src/broker/coordinator/deps.ts';
import { Broker } from '../../../../src/broker/index.ts';
import {
  AddPartitionsToTxn,
  EndTxn,
  ErrorCode,
  Fetch,
  FindCoordinator,
  Heartbeat,
  InitProducerId,
  JoinGroup,
  OffsetCommit,
  OffsetFetch,
  Produce,
  SyncGroup,
  validateBatchCrc,
} from '../../../../src/protocol/index.ts';
import { batchOf, WireClient } from '../wire-client.ts';

let broker: Broker;
let clients: WireClient[];

beforeEach(async () => {
  broker = await Broker.start({
    thread: false,
    log: silentLogger,
    nodes: 3,
    clock: 'manual',
    config: { 'group.initial.rebalance.delay.ms': '0' },
    topics: [{ name: 't', partitions: 1, replicationFactor: 3 }],
  });
  clients = await Promise.all(broker.ports.map((port) => WireClient.connect(port)));
});

afterEach(async () => {
  for (const client of clients) await client.close();
  await broker.close();
});

const at = (node: number): WireClient => clients[node - 1]!;
const coordinatorOf = async (keyType: number, key: string, ask = 1): Promise<number> => {
  const { coordinators } = await at(ask).send(FindCoordinator, 4, { keyType, coordinatorKeys: [key] });
  return coordinators[0]!.nodeId;
};
const otherThan = (node: number): number => (node % 3) + 1;

/** One member in a stable group. */
const join = async (node: number, groupId: string): Promise<{ memberId: string; generationId: number }> => {
  const request = { groupId, sessionTimeoutMs: 10_000, rebalanceTimeoutMs: 10_000, protocolType: 'consumer', groupInstanceId: null };
  const protocols = [{ name: 'range', metadata: Buffer.alloc(0) }];
  const { memberId } = await at(node).send(JoinGroup, 5, { ...request, memberId: '', protocols });
  const { generationId } = await at(node).send(JoinGroup, 5, { ...request, memberId, protocols });
  const assignments = [{ memberId, assignment: Buffer.from('all') }];
  await at(node).send(SyncGroup, 3, { groupId, generationId, memberId, groupInstanceId: null, assignments });
  return { memberId, generationId };
};
const heartbeat = async (node: number, groupId: string, member: { memberId: string; generationId: number }): Promise<number> =>
  (await at(node).send(Heartbeat, 3, { groupId, ...member, groupInstanceId: null })).errorCode;

describe('moving a coordinator', () => {
  it('of a group: the old node sends clients away, the new one knows members and offsets', async () => {
    const old = await coordinatorOf(0, 'g');
    const member = await join(old, 'g');
    const offsets = [{ name: 't', partitions: [{ partitionIndex: 0, committedOffset: 7, committedMetadata: 'm' }] }];
    const commit = { groupId: 'g', generationIdOrMemberEpoch: member.generationId, memberId: member.memberId, topics: offsets };
    expect((await at(old).send(OffsetCommit, 8, commit)).topics[0]!.partitions[0]!.errorCode).toBe(0);

    const next = otherThan(old);
    await broker.moveCoordinator('group', 'g', next);
    expect(await coordinatorOf(0, 'g', old)).toBe(next);
    expect(await heartbeat(old, 'g', member)).toBe(ErrorCode.NOT_COORDINATOR);
    expect(await heartbeat(next, 'g', member)).toBe(0);
    const fetched = await at(next).send(OffsetFetch, 7, { groupId: 'g', topics: null, requireStable: false });
    expect(fetched.topics[0]!.partitions[0]).toMatchObject({ committedOffset: 7, metadata: 'm' });
  });

  it('of a group: a member that waits for others is sent away', async () => {
    const old = await coordinatorOf(0, 'g');
    const { memberId } = await join(old, 'g');
    const request = { groupId: 'g', sessionTimeoutMs: 10_000, rebalanceTimeoutMs: 10_000, protocolType: 'consumer', groupInstanceId: null };
    const protocols = [{ name: 'range', metadata: Buffer.from('new') }];
    const second = await WireClient.connect(broker.ports[old - 1]!);
    const { memberId: secondId } = await second.send(JoinGroup, 5, { ...request, memberId: '', protocols });
    const waiting = second.send(JoinGroup, 5, { ...request, memberId: secondId, protocols });
    await expect.poll(() => heartbeat(old, 'g', { memberId, generationId: 1 })).toBe(ErrorCode.REBALANCE_IN_PROGRESS);
    await broker.moveCoordinator('group', 'g', otherThan(old));
    expect((await waiting).errorCode).toBe(ErrorCode.NOT_COORDINATOR);
    await second.close();
  });

  it('of a transaction: it is ended at the new one', async () => {
    const old = await coordinatorOf(1, 'x');
    const { producerId, producerEpoch } = await at(old).send(InitProducerId, 4, { transactionalId: 'x', transactionTimeoutMs: 60_000 });
    const transaction = { transactionalId: 'x', producerId, producerEpoch };
    await at(old).send(AddPartitionsToTxn, 3, {
      v3AndBelowTransactionalId: 'x',
      v3AndBelowProducerId: producerId,
      v3AndBelowProducerEpoch: producerEpoch,
      v3AndBelowTopics: [{ name: 't', partitions: [0] }],
    });
    const next = otherThan(old);
    await broker.moveCoordinator('transaction', 'x', next);
    expect((await at(old).send(EndTxn, 3, { ...transaction, committed: true })).errorCode).toBe(ErrorCode.NOT_COORDINATOR);
    expect((await broker.state()).transactions).toMatchObject([{ transactionalId: 'x', state: 'Ongoing', coordinator: next }]);
    expect((await at(next).send(EndTxn, 3, { ...transaction, committed: true })).errorCode).toBe(0);
    expect((await broker.state()).transactions).toMatchObject([{ state: 'CompleteCommit' }]);
  });

  it('by stopping its node keeps the group', async () => {
    const old = await coordinatorOf(0, 'g');
    const member = await join(old, 'g');
    await broker.stopNode(old);
    const next = await coordinatorOf(0, 'g', otherThan(old));
    expect(next).not.toBe(old);
    expect(await heartbeat(next, 'g', member)).toBe(0);
  });

  it('is refused where it makes no sense', async () => {
    await expect(broker.moveCoordinator('share' as 'group', 'g', 1)).rejects.toMatchObject({ code: 'INVALID_CONFIG' });
    await expect(broker.moveCoordinator('group', '', 1)).rejects.toMatchObject({ code: 'INVALID_CONFIG' });
    await expect(broker.moveCoordinator('group', 'g', 4)).rejects.toMatchObject({ code: 'INVALID_STATE' });
  });
});

describe('a clock that is advanced', () => {
  it('ends sessions of members that are silent', async () => {
    const node = await coordinatorOf(0, 'g');
    const member = await join(node, 'g');
    await broker.advanceClock(9_000);
    expect(await heartbeat(node, 'g', member)).toBe(0);
    await broker.advanceClock(10_001);
    expect(await heartbeat(node, 'g', member)).toBe(ErrorCode.UNKNOWN_MEMBER_ID);
    expect((await broker.state()).groups).toMatchObject([{ groupId: 'g', type: 'classic', state: 'Empty', members: 0, coordinator: node }]);
  });

  it('stands still in between', async () => {
    const { nowMs } = await broker.state();
    await broker.advanceClock(5);
    expect((await broker.state()).nowMs).toBe(nowMs + 5);
    await expect(broker.advanceClock(-1)).rejects.toMatchObject({ code: 'INVALID_CONFIG' });
  });

  it('can be that of a broker in a thread, which goes on in between', async () => {
    const threaded = await Broker.start();
    const { nowMs } = await threaded.state();
    await Promise.all([threaded.advanceClock(60_000), threaded.advanceClock(60_000)]);
    const after = await threaded.state();
    expect(after.nowMs).toBeGreaterThanOrEqual(nowMs + 120_000);
    await threaded.close();
  });
});

describe('what expires on demand', () => {
  it('a transaction: it is aborted and its producer fenced', async () => {
    const node = await coordinatorOf(1, 'x');
    const { producerId, producerEpoch } = await at(node).send(InitProducerId, 4, { transactionalId: 'x', transactionTimeoutMs: 60_000 });
    await expect(broker.expireTransaction('x')).rejects.toMatchObject({
      code: 'INVALID_STATE',
      message: expect.stringContaining('INVALID_TXN_STATE'),
    });
    await at(node).send(AddPartitionsToTxn, 3, {
      v3AndBelowTransactionalId: 'x',
      v3AndBelowProducerId: producerId,
      v3AndBelowProducerEpoch: producerEpoch,
      v3AndBelowTopics: [{ name: 't', partitions: [0] }],
    });
    await broker.expireTransaction('x');
    const end = { transactionalId: 'x', producerId, producerEpoch, committed: true };
    expect((await at(node).send(EndTxn, 3, end)).errorCode).toBe(ErrorCode.PRODUCER_FENCED);
    expect((await at(node).send(EndTxn, 1, end)).errorCode).toBe(ErrorCode.INVALID_PRODUCER_EPOCH);
  });

  it('a producer: any sequence is taken then, as of one that is not known', async () => {
    const { producerId, producerEpoch } = await at(1).send(InitProducerId, 4, { transactionalId: null, transactionTimeoutMs: 1000 });
    const produce = async (baseSequence: number): Promise<number> => {
      const records = batchOf(['v'], { producerId, producerEpoch, baseSequence });
      const topicData = [{ name: 't', partitionData: [{ index: 0, records }] }];
      return (await at(1).send(Produce, 9, { acks: -1, timeoutMs: 1, topicData })).responses[0]!.partitionResponses[0]!.errorCode;
    };
    expect(await produce(0)).toBe(0);
    expect(await produce(5)).toBe(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER);
    expect(await broker.expireProducer(producerId)).toBe(1);
    expect(await produce(5)).toBe(0);
    expect(await broker.expireProducer(producerId + 1)).toBe(0);
  });

  it('a member: its group goes on without it', async () => {
    const node = await coordinatorOf(0, 'g');
    const member = await join(node, 'g');
    await broker.expireMember('g', member.memberId);
    expect(await heartbeat(node, 'g', member)).toBe(ErrorCode.UNKNOWN_MEMBER_ID);
    await expect(broker.expireMember('g', member.memberId)).rejects.toMatchObject({ code: 'INVALID_STATE' });
  });
});

describe('a damaged batch', () => {
  it('has a CRC that does not match; its neighbours are whole', async () => {
    for (const value of ['a', 'b', 'c']) {
      const topicData = [{ name: 't', partitionData: [{ index: 0, records: batchOf([value, value]) }] }];
      await at(1).send(Produce, 9, { acks: -1, timeoutMs: 1, topicData });
    }
    await broker.corruptBatch('t', 0, 3);
    const crcs: boolean[] = [];
    for (const fetchOffset of [0, 2, 4]) {
      const topics = [{ topic: 't', partitions: [{ partition: 0, fetchOffset, partitionMaxBytes: 1 }] }];
      const { responses } = await at(1).send(Fetch, 12, { maxWaitMs: 0, minBytes: 1, topics });
      crcs.push(validateBatchCrc(responses[0]!.partitions[0]!.records!, 0));
    }
    expect(crcs).toEqual([true, false, true]);
    await expect(broker.corruptBatch('t', 0, 6)).rejects.toMatchObject({ code: 'INVALID_STATE' });
    await expect(broker.corruptBatch('t', 1, 0)).rejects.toMatchObject({ code: 'INVALID_STATE' });
  });
});
