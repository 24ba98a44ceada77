import {
  AddOffsetsToTxn,
  AddPartitionsToTxn,
  DescribeProducers,
  DescribeTransactions,
  EndTxn,
  FindCoordinator,
  InitProducerId,
  ListTransactions,
  OffsetFetch,
  Produce,
  type RequestInput,
  TxnOffsetCommit,
  WriteTxnMarkers,
} from '../../../src/protocol/index.ts';
import { MADE_UP_PRODUCER_ID } from '../normalise.ts';
import { addPartitions, batch, makeProducer, makeTopic, produceRequest } from '../preparation.ts';
import { type Scenario, type Talk, versionsOf } from '../talk.ts';

const NAME = 'transactions';
const CONCURRENT_TRANSACTIONS = 51;
const FIRST_TV2_END = 5;

/** A transaction's end may still be on its way to the partitions. */
const unfinished = { again: ({ errorCode }: { readonly errorCode: number }): boolean => errorCode === CONCURRENT_TRANSACTIONS };

export const transactions: Scenario = {
  name: '22-transactions',
  async run(talk) {
    await makeTopic(talk, NAME, 3);
    for (const version of versionsOf(FindCoordinator)) await coordinators(talk, version);
    for (const version of versionsOf(InitProducerId)) await producerIds(talk, version);
    for (const version of versionsOf(AddPartitionsToTxn)) await addingPartitions(talk, version);
    for (const version of versionsOf(AddOffsetsToTxn)) await addingOffsets(talk, version);
    for (const version of versionsOf(TxnOffsetCommit)) await committingOffsets(talk, version);
    for (const version of versionsOf(EndTxn)) await ending(talk, version);
    for (const version of [3, 11, 12]) await producing(talk, version);
    for (const version of versionsOf(WriteTxnMarkers)) await markers(talk, version);
    await describing(talk);
    for (const version of versionsOf(ListTransactions)) await listing(talk, version);
  },
};

async function coordinators(talk: Talk, version: number): Promise<void> {
  const ask = (step: string, key: string, keyType: number) => {
    const request = version >= 4 ? { keyType, coordinatorKeys: [key] } : version >= 1 ? { key, keyType } : { key };
    return talk.ask(step, FindCoordinator, version, request);
  };
  await ask('of a group', 'a-group', 0);
  await ask('of no group', '', 0);
  if (version === 0) return;
  await ask('of a transactional id', 'an-id', 1);
  await ask('of no transactional id', '', 1);
  await ask('of an unknown kind', 'a-key', 7);
  if (version < 4) return;
  await talk.ask('two keys', FindCoordinator, version, { keyType: 0, coordinatorKeys: ['one', 'two'] });
  await talk.ask('no keys', FindCoordinator, version, { keyType: 0, coordinatorKeys: [] });
  await ask('of a share group', 'no-share-key', 2);
}

async function producerIds(talk: Talk, version: number): Promise<void> {
  const transactionalId = `transactions-init-${version}`;
  const ask = (step: string, rest: Partial<RequestInput<typeof InitProducerId>>) =>
    talk.call(step, InitProducerId, version, { transactionalId, transactionTimeoutMs: 60_000, ...rest }, unfinished);
  await ask('idempotent', { transactionalId: null });
  await ask('transactional', {});
  const { producerId, producerEpoch } = await ask('again', {});
  await ask('an empty transactional id', { transactionalId: '' });
  await ask('a timeout of zero', { transactionTimeoutMs: 0 });
  await ask('a timeout that is too long', { transactionTimeoutMs: 100_000_000 });
  if (version < 3) return;
  await ask('with the present id and epoch', { producerId, producerEpoch });
  await ask('with the epoch before', { producerId, producerEpoch });
  await ask('with an epoch before that', { producerId, producerEpoch: 0 });
  await ask('with an unknown producer id', { producerId: MADE_UP_PRODUCER_ID, producerEpoch: 0 });
  await ask('an id without an epoch', { producerId, producerEpoch: -1 });
  await ask('an epoch without an id', { producerId: -1, producerEpoch: 3 });
}

async function addingPartitions(talk: Talk, version: number): Promise<void> {
  const transactionalId = `transactions-add-${version}`;
  const producer = await makeProducer(talk, transactionalId);
  const ask = (
    step: string,
    partitions: readonly number[],
    name = NAME,
    rest: { producerId?: number; producerEpoch?: number; id?: string } = {},
  ) => {
    const { producerId, producerEpoch, id } = { ...producer, id: transactionalId, ...rest };
    const topics = [{ name, partitions: [...partitions] }];
    const old = {
      v3AndBelowTransactionalId: id,
      v3AndBelowProducerId: producerId,
      v3AndBelowProducerEpoch: producerEpoch,
      v3AndBelowTopics: topics,
    };
    const batched = { transactions: [{ transactionalId: id, producerId, producerEpoch, verifyOnly: false, topics }] };
    return talk.ask(step, AddPartitionsToTxn, version, version >= 4 ? batched : old);
  };
  await ask('two partitions', [0, 1]);
  await ask('the same again', [0, 1]);
  await ask('a partition that is not there', [0, 9]);
  await ask('an unknown topic', [0], 'transactions-nowhere');
  await ask('an unknown producer', [2], NAME, { producerId: MADE_UP_PRODUCER_ID });
  await ask('an epoch ahead', [2], NAME, { producerEpoch: 7 });
  await ask('an epoch of before', [2], NAME, { producerEpoch: -1 });
  await ask('an unknown transactional id', [2], NAME, { id: 'transactions-unknown' });
  await ask('no partitions', []);
  if (version < 4) return;
  const verify = (step: string, partitions: readonly number[]) => {
    const topics = [{ name: NAME, partitions: [...partitions] }];
    return talk.ask(step, AddPartitionsToTxn, version, { transactions: [{ transactionalId, ...producer, verifyOnly: true, topics }] });
  };
  await verify('verified', [0]);
  await verify('verified, not added', [2]);
}

async function addingOffsets(talk: Talk, version: number): Promise<void> {
  const transactionalId = `transactions-offsets-${version}`;
  const producer = await makeProducer(talk, transactionalId);
  const ask = (step: string, rest: Partial<RequestInput<typeof AddOffsetsToTxn>>) =>
    talk.ask(step, AddOffsetsToTxn, version, { transactionalId, ...producer, groupId: 'transactions-group', ...rest });
  await ask('a group', {});
  await ask('the same again', {});
  await ask('an empty group id', { groupId: '' });
  await ask('an unknown producer', { producerId: MADE_UP_PRODUCER_ID });
  await ask('a wrong epoch', { producerEpoch: 7 });
  await ask('an unknown transactional id', { transactionalId: 'transactions-unknown' });
  await ask('an empty transactional id', { transactionalId: '' });
}

async function committingOffsets(talk: Talk, version: number): Promise<void> {
  const transactionalId = `transactions-commit-${version}`;
  const groupId = `transactions-commit-${version}`;
  const producer = await makeProducer(talk, transactionalId);
  if (version < 5) await talk.quiet(AddOffsetsToTxn, 3, { transactionalId, ...producer, groupId });
  const partition = (partitionIndex: number, rest = {}) => ({ partitionIndex, committedOffset: 3, committedMetadata: 'note', ...rest });
  const ask = (step: string, rest: Partial<RequestInput<typeof TxnOffsetCommit>>) =>
    talk.ask(step, TxnOffsetCommit, version, {
      transactionalId,
      groupId,
      ...producer,
      topics: [{ name: NAME, partitions: [partition(0)] }],
      ...rest,
    });
  await ask('a partition', {});
  await ask('a partition that is not there', { topics: [{ name: NAME, partitions: [partition(9)] }] });
  await ask('an unknown topic', { topics: [{ name: 'transactions-nowhere', partitions: [partition(0)] }] });
  await ask('long metadata', { topics: [{ name: NAME, partitions: [partition(0, { committedMetadata: 'x'.repeat(5_000) })] }] });
  await ask('an empty group id', { groupId: '' });
  await ask('an old epoch', { producerEpoch: -1 });
  await ask('nothing', { topics: [] });
  if (version >= 3) await ask('an unknown member', { memberId: 'nobody', generationId: 1 });
  if (version >= 3) await ask('a generation without a member', { generationId: 5 });
  if (version >= 3) await ask('an unknown instance', { groupInstanceId: 'nobody', memberId: 'nobody', generationId: 1 });
  await talk.ask(`pending ones, version ${version}`, OffsetFetch, 7, {
    groupId,
    topics: [{ name: NAME, partitionIndexes: [0] }],
    requireStable: true,
  });
  await talk.quiet(EndTxn, version < 5 ? 3 : 5, { transactionalId, ...producer, committed: true });
  const pending = {
    again: (response: { topics: { partitions: { errorCode: number }[] }[] }) => response.topics[0]?.partitions[0]?.errorCode === 88,
  };
  const request = { groupId, topics: [{ name: NAME, partitionIndexes: [0] }], requireStable: true };
  await talk.ask(`committed ones, version ${version}`, OffsetFetch, 7, request, pending);
}

function begin(
  talk: Talk,
  transactionalId: string,
  producer: { producerId: number; producerEpoch: number },
  partitions = [0],
): Promise<void> {
  return addPartitions(talk, transactionalId, producer, [{ name: NAME, partitions }]);
}

async function ending(talk: Talk, version: number): Promise<void> {
  const transactionalId = `transactions-end-${version}`;
  let producer = await makeProducer(talk, transactionalId);
  const ask = async (step: string, rest: Partial<RequestInput<typeof EndTxn>>, takes = false) => {
    const response = await talk.call(step, EndTxn, version, { transactionalId, ...producer, committed: true, ...rest }, unfinished);
    if (takes && version >= FIRST_TV2_END && response.errorCode === 0) {
      producer = { producerId: response.producerId, producerEpoch: response.producerEpoch };
    }
  };
  await ask('a commit of nothing', {});
  await begin(talk, transactionalId, producer);
  const before = producer;
  await ask('a commit', {}, true);
  await ask('the same commit again', before);
  await ask('an abort after it', { ...before, committed: false });
  await begin(talk, transactionalId, producer);
  await ask('an abort', { committed: false }, true);
  await ask('an abort of nothing', { committed: false }, true);
  await ask('an unknown producer', { producerId: MADE_UP_PRODUCER_ID });
  await ask('an epoch ahead', { producerEpoch: 27 });
  await ask('an epoch of before', { producerEpoch: -1 });
  await ask('an unknown transactional id', { transactionalId: 'transactions-unknown' });
  await ask('an empty transactional id', { transactionalId: '' });
}

/** Up to version 11 a partition must be added first; from 12 on producing adds it (KIP-890). */
async function producing(talk: Talk, version: number): Promise<void> {
  const transactionalId = `transactions-produce-${version}`;
  const producer = await makeProducer(talk, transactionalId);
  const ask = (
    step: string,
    baseSequence: number,
    rest: { producerEpoch?: number; partition?: number; transactionalId?: string | null } = {},
  ) => {
    const { partition = 0, transactionalId: id = transactionalId, ...epoch } = rest;
    const records = batch(['a'], { ...producer, ...epoch, baseSequence, transactional: true });
    return talk.ask(step, Produce, version, produceRequest(NAME, records, { partition, transactionalId: id }), {
      again: ({ responses }) => responses[0]?.partitionResponses[0]?.errorCode === CONCURRENT_TRANSACTIONS,
    });
  };
  await ask('not added', 0, { partition: 2 });
  await begin(talk, transactionalId, producer);
  await ask('added', 0);
  await ask('the next', 1);
  await ask('a gap', 7);
  await ask('without a transactional id', 2, { transactionalId: null });
  const plain = batch(['plain'], { ...producer, baseSequence: 2 });
  await talk.ask('a batch that is not transactional', Produce, version, produceRequest(NAME, plain, { transactionalId }));
  // Last, as Apache Kafka keeps what it then verifies.
  await ask('an epoch ahead', 0, { producerEpoch: 5 });
}

async function markers(talk: Talk, version: number): Promise<void> {
  const producer = await makeProducer(talk, null);
  const marker = { ...producer, transactionResult: false, coordinatorEpoch: 0, ...(version >= 2 ? { transactionVersion: 1 } : {}) };
  const ask = (step: string, partitionIndexes: number[], name = NAME, rest = {}) =>
    talk.ask(step, WriteTxnMarkers, version, { markers: [{ ...marker, topics: [{ name, partitionIndexes }], ...rest }] });
  await ask('an abort', [2]);
  await ask('an epoch ahead', [2], NAME, { producerEpoch: 5 });
  await ask('an epoch of before', [2], NAME, { producerEpoch: 3 });
  await ask('a partition that is not there', [9]);
  await ask('an unknown topic', [0], 'transactions-nowhere');
  await talk.ask('nothing', WriteTxnMarkers, version, { markers: [] });
}

async function describing(talk: Talk): Promise<void> {
  const transactionalId = 'transactions-describe';
  const ask = (step: string, transactionalIds: readonly string[]) => talk.ask(step, DescribeTransactions, 0, { transactionalIds });
  const producer = await makeProducer(talk, transactionalId);
  await ask('empty', [transactionalId]);
  await begin(talk, transactionalId, producer, [0, 2]);
  await ask('ongoing', [transactionalId]);
  await ask('an unknown one', ['transactions-unknown']);
  await ask('an empty id', ['']);
  await ask('nothing', []);
  await makeTopic(talk, 'transactions-producers', 2);
  const records = batch(['a', 'b'], { ...(await makeProducer(talk, null)), baseSequence: 4 });
  await talk.quiet(Produce, 9, produceRequest('transactions-producers', records));
  const producers = (step: string, partitionIndexes: readonly number[], name = 'transactions-producers') =>
    talk.ask(step, DescribeProducers, 0, { topics: [{ name, partitionIndexes: [...partitionIndexes] }] });
  await producers('an idempotent one', [0]);
  await producers('none', [1]);
  await producers('a partition that is not there', [7]);
  await producers('an unknown topic', [0], 'transactions-nowhere');
  await producers('an invalid topic', [0], 'no such/topic');
}

async function listing(talk: Talk, version: number): Promise<void> {
  const only = `transactions-list-${version}`;
  await makeProducer(talk, `${only}-empty`);
  await begin(talk, `${only}-ongoing`, await makeProducer(talk, `${only}-ongoing`));
  const ask = (step: string, rest: Partial<RequestInput<typeof ListTransactions>> = {}) =>
    talk.ask(step, ListTransactions, version, { stateFilters: [], producerIdFilters: [], ...rest }, { only });
  await ask('all');
  await ask('ongoing ones', { stateFilters: ['Ongoing'] });
  await ask('unknown states', { stateFilters: ['Nonsense', 'Ongoing'] });
  await ask('an unknown producer', { producerIdFilters: [MADE_UP_PRODUCER_ID] });
  if (version >= 1) await ask('long ones', { durationFilter: 1_000_000_000 });
  if (version < 2) return;
  await ask('by pattern', { transactionalIdPattern: `${only}-o.*` });
  await ask('by an empty pattern', { transactionalIdPattern: '' });
  await ask('by a broken pattern', { transactionalIdPattern: '(' });
}
