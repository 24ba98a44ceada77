import { describe, expect, it } from 'vitest';
import { Code, type HandlerMap, OFFSETS_TOPIC } from '../../../../src/broker/coordinator/index.ts';
import { transactionHandlers } from '../../../../src/broker/txn/handlers.ts';
import {
  AddOffsetsToTxn,
  AddPartitionsToTxn,
  DescribeTransactions,
  EndTxn,
  FindCoordinator,
  InitProducerId,
  ListTransactions,
  WriteTxnMarkers,
} from '../../../../src/protocol/index.ts';
import { fakeBroker } from '../coordinator/fakes.ts';
import { call, versionsOf } from '../coordinator/wire.ts';
import { current, dataLog, ID, ongoing, type Started, startTransactions, TIMEOUT_MS } from './harness.ts';

async function wired(nodes = 1): Promise<Started & { readonly handlers: HandlerMap }> {
  const broker = {
    ...fakeBroker(),
    nodes: () => Array.from({ length: nodes }, (_, index) => ({ id: index + 1, host: `host${index + 1}`, port: 9_092 + index })),
  };
  const started = await startTransactions(broker);
  return { ...started, handlers: transactionHandlers(started.transactions) };
}

const everything = { stateFilters: [], producerIdFilters: [] };
const initRequest = { transactionalId: ID, transactionTimeoutMs: TIMEOUT_MS };

describe('transaction handlers, version by version', () => {
  it.each(versionsOf(InitProducerId))('InitProducerId %i', async (version) => {
    const { handlers } = await wired();
    expect(await call(handlers, InitProducerId, version, initRequest)).toMatchObject({ errorCode: 0, producerEpoch: 0 });
    expect(await call(handlers, InitProducerId, version, { transactionalId: null, transactionTimeoutMs: -1 })).toMatchObject({
      errorCode: 0,
      producerEpoch: 0,
    });
    expect(await call(handlers, InitProducerId, version, { ...initRequest, transactionTimeoutMs: 900_001 })).toMatchObject({
      errorCode: Code.INVALID_TRANSACTION_TIMEOUT,
      producerId: -1,
      producerEpoch: -1,
    });
    if (version < 3) return;
    const fenced = await call(handlers, InitProducerId, version, { ...initRequest, producerId: 77, producerEpoch: 0 });
    expect(fenced.errorCode).toBe(version >= 4 ? Code.PRODUCER_FENCED : Code.INVALID_PRODUCER_EPOCH);
    expect((await call(handlers, InitProducerId, version, { ...initRequest, producerId: 77 })).errorCode).toBe(Code.INVALID_REQUEST);
  });

  it.each(versionsOf(AddPartitionsToTxn))('AddPartitionsToTxn %i', async (version) => {
    const { handlers, transactions } = await wired();
    const producer = await transactions.initProducer(ID, TIMEOUT_MS, null);
    const add = async (topics: { name: string; partitions: number[] }[], producerEpoch = 0, verifyOnly = false) => {
      const { producerId } = producer;
      const results =
        version >= 4
          ? (
              await call(handlers, AddPartitionsToTxn, version, {
                transactions: [{ transactionalId: ID, producerId, producerEpoch, verifyOnly, topics }],
              })
            ).resultsByTransaction[0]?.topicResults
          : (
              await call(handlers, AddPartitionsToTxn, version, {
                v3AndBelowTransactionalId: ID,
                v3AndBelowProducerId: producerId,
                v3AndBelowProducerEpoch: producerEpoch,
                v3AndBelowTopics: topics,
              })
            ).resultsByTopicV3AndBelow;
      return results?.map(({ name, resultsByPartition }) => [
        name,
        ...resultsByPartition.map(({ partitionErrorCode }) => partitionErrorCode),
      ]);
    };
    expect(
      await add([
        { name: 'out', partitions: [0, 9] },
        { name: 'in', partitions: [0] },
      ]),
    ).toEqual([
      ['out', Code.OPERATION_NOT_ATTEMPTED, Code.UNKNOWN_TOPIC_OR_PARTITION],
      ['in', Code.OPERATION_NOT_ATTEMPTED],
    ]);
    expect(current(transactions).state).toBe('Empty');
    expect(await add([{ name: 'out', partitions: [0, 1] }])).toEqual([['out', 0, 0]]);
    expect(current(transactions).partitions).toEqual(new Map([['out', new Set([0, 1])]]));
    expect(await add([{ name: 'out', partitions: [0] }], 5)).toEqual([
      ['out', version >= 2 ? Code.PRODUCER_FENCED : Code.INVALID_PRODUCER_EPOCH],
    ]);
    if (version >= 4)
      expect(
        await add(
          [
            { name: 'out', partitions: [0] },
            { name: 'in', partitions: [0] },
          ],
          0,
          true,
        ),
      ).toEqual([
        ['out', 0],
        ['in', Code.TRANSACTION_ABORTABLE],
      ]);
  });

  it.each(versionsOf(AddOffsetsToTxn))('AddOffsetsToTxn %i', async (version) => {
    const { handlers, transactions } = await wired();
    const { producerId } = await transactions.initProducer(ID, TIMEOUT_MS, null);
    const add = async (producerEpoch: number) =>
      (await call(handlers, AddOffsetsToTxn, version, { transactionalId: ID, producerId, producerEpoch, groupId: 'orders' })).errorCode;
    expect(await add(0)).toBe(Code.NONE);
    expect(current(transactions).partitions).toEqual(new Map([[OFFSETS_TOPIC, new Set([0])]]));
    expect(await add(3)).toBe(version >= 2 ? Code.PRODUCER_FENCED : Code.INVALID_PRODUCER_EPOCH);
  });

  it.each(versionsOf(EndTxn))('EndTxn %i', async (version) => {
    const { handlers, transactions } = await wired();
    const { producerId } = await ongoing(transactions);
    const end = (producerEpoch: number) =>
      call(handlers, EndTxn, version, { transactionalId: ID, producerId, producerEpoch, committed: true });
    expect((await end(9)).errorCode).toBe(version >= 2 ? Code.PRODUCER_FENCED : Code.INVALID_PRODUCER_EPOCH);
    expect(await end(0)).toMatchObject({ errorCode: 0, producerId: version >= 5 ? producerId : -1, producerEpoch: version >= 5 ? 1 : -1 });
    expect(current(transactions)).toMatchObject({ state: 'CompleteCommit', producerEpoch: version >= 5 ? 1 : 0 });
  });

  it.each(versionsOf(FindCoordinator))('FindCoordinator %i', async (version) => {
    const { broker, handlers } = await wired(3);
    broker.topics.leader = 2;
    const found = { errorCode: 0, nodeId: 2, host: 'host2', port: 9_093 };
    const types = version === 0 ? [0] : [0, 1];
    for (const keyType of types) {
      const key = version === 0 ? {} : { keyType };
      if (version >= 4)
        expect((await call(handlers, FindCoordinator, version, { ...key, coordinatorKeys: ['a', 'b'] })).coordinators).toMatchObject([
          { key: 'a', ...found },
          { key: 'b', ...found },
        ]);
      else expect(await call(handlers, FindCoordinator, version, { key: 'a', ...key })).toMatchObject(found);
    }
    broker.topics.leader = 99;
    const lost =
      version >= 4
        ? (await call(handlers, FindCoordinator, version, { keyType: 0, coordinatorKeys: ['a'] })).coordinators[0]
        : await call(handlers, FindCoordinator, version, { key: 'a' });
    expect(lost).toMatchObject({ errorCode: Code.COORDINATOR_NOT_AVAILABLE, nodeId: -1, host: '', port: -1 });
    if (version >= 1 && version < 4)
      expect((await call(handlers, FindCoordinator, version, { key: 'a', keyType: 2 })).errorCode).toBe(Code.INVALID_REQUEST);
  });

  it('DescribeTransactions 0', async () => {
    const { broker, handlers, transactions } = await wired();
    const { producerId } = await ongoing(transactions);
    const { transactionStates } = await call(handlers, DescribeTransactions, 0, { transactionalIds: [ID, 'unknown', ''] });
    expect(transactionStates).toMatchObject([
      {
        errorCode: 0,
        transactionalId: ID,
        transactionState: 'Ongoing',
        transactionTimeoutMs: TIMEOUT_MS,
        transactionStartTimeMs: broker.clock.nowMs(),
        producerId,
        producerEpoch: 0,
        topics: [{ topic: 'out', partitions: [0, 1] }],
      },
      { errorCode: Code.TRANSACTIONAL_ID_NOT_FOUND },
      { errorCode: Code.INVALID_REQUEST },
    ]);
  });

  it.each(versionsOf(ListTransactions))('ListTransactions %i', async (version) => {
    const { broker, handlers, transactions } = await wired();
    const { producerId } = await ongoing(transactions);
    await transactions.initProducer('other', TIMEOUT_MS, null);
    await broker.clock.advance(5_000);
    const ids = async (filters: object) =>
      (await call(handlers, ListTransactions, version, { ...everything, ...filters })).transactionStates.map(
        ({ transactionalId }) => transactionalId,
      );
    expect(await ids({})).toEqual([ID, 'other']);
    expect(await ids({ stateFilters: ['Ongoing'] })).toEqual([ID]);
    expect(await ids({ producerIdFilters: [producerId + 1] })).toEqual(['other']);
    expect((await call(handlers, ListTransactions, version, { ...everything, stateFilters: ['Nonsense'] })).unknownStateFilters).toEqual([
      'Nonsense',
    ]);
    if (version >= 1)
      expect([
        await ids({ stateFilters: ['Ongoing'], durationFilter: 5_001 }),
        await ids({ stateFilters: ['Ongoing'], durationFilter: 4_999 }),
      ]).toEqual([[], [ID]]);
    if (version >= 2) {
      expect(await ids({ transactionalIdPattern: 'o.*' })).toEqual(['other']);
      expect(await ids({ transactionalIdPattern: 'the' })).toEqual([]);
      expect((await call(handlers, ListTransactions, 2, { ...everything, transactionalIdPattern: '(' })).errorCode).toBe(
        Code.INVALID_REGULAR_EXPRESSION,
      );
    }
  });

  it('answers a pattern that would run away with backtracking', async () => {
    const { handlers, transactions } = await wired();
    await transactions.initProducer('a'.repeat(40), TIMEOUT_MS, null);
    const response = await call(handlers, ListTransactions, 2, { ...everything, transactionalIdPattern: '(a+)+b' });
    expect(response).toMatchObject({ errorCode: Code.NONE, transactionStates: [] });
  });

  it.each(versionsOf(WriteTxnMarkers))('WriteTxnMarkers %i ends a hanging transaction, offsets too', async (version) => {
    const { broker, groups, handlers } = await wired();
    await groups.offsetsPartition('orders');
    await groups.offsets.commitInTransaction({
      groupId: 'orders',
      memberId: '',
      groupInstanceId: null,
      generationId: -1,
      producerId: 5,
      producerEpoch: 2,
      offsets: [{ topic: 'in', partition: 0, offset: 1, leaderEpoch: -1, metadata: null }],
    });
    const { markers } = await call(handlers, WriteTxnMarkers, version, {
      markers: [
        {
          producerId: 5,
          producerEpoch: 2,
          transactionResult: true,
          coordinatorEpoch: 3,
          topics: [
            { name: 'out', partitionIndexes: [1, 9] },
            { name: OFFSETS_TOPIC, partitionIndexes: [0] },
          ],
        },
      ],
    });
    expect(markers).toEqual([
      {
        producerId: 5,
        topics: [
          {
            name: 'out',
            partitions: [
              { partitionIndex: 1, errorCode: 0 },
              { partitionIndex: 9, errorCode: Code.UNKNOWN_TOPIC_OR_PARTITION },
            ],
          },
          { name: OFFSETS_TOPIC, partitions: [{ partitionIndex: 0, errorCode: 0 }] },
        ],
      },
    ]);
    expect(dataLog(broker, 1).markers).toEqual([{ producerId: 5, producerEpoch: 2, commit: true, coordinatorEpoch: 3 }]);
    expect(groups.store.get('orders', 'in', 0)?.offset).toBe(1);
  });
});

describe('at the wrong node', () => {
  it('answers NOT_COORDINATOR, but hands out producer ids', async () => {
    const { handlers } = await wired(2);
    expect((await call(handlers, InitProducerId, 4, initRequest, 2)).errorCode).toBe(Code.NOT_COORDINATOR);
    expect((await call(handlers, InitProducerId, 4, { transactionalId: null, transactionTimeoutMs: -1 }, 2)).errorCode).toBe(Code.NONE);
    expect((await call(handlers, EndTxn, 3, { transactionalId: ID, producerId: 0, producerEpoch: 0, committed: true }, 2)).errorCode).toBe(
      Code.NOT_COORDINATOR,
    );
    expect((await call(handlers, ListTransactions, 0, everything, 2)).transactionStates).toEqual([]);
  });
});
