import { AddPartitionsToTxn, DeleteRecords, EndTxn, Fetch, ListOffsets, Produce, type RequestInput } from '../../../src/protocol/index.ts';
import { append, batch, makeProducer, makeTopic, produceRequest } from '../preparation.ts';
import { type Scenario, type Talk, versionsOf } from '../talk.ts';

const FIRST_TOPIC_ID_VERSION = 13;
const UNKNOWN_ID = Buffer.alloc(16, 7);

type Request = RequestInput<typeof Fetch>;
type Partition = Request['topics'][number]['partitions'][number];

interface Topic {
  readonly name: string;
  readonly id: Buffer;
}

/** A request for partitions of one topic, by its name or its id, without a session and without waiting. */
function fetchOf(version: number, { name, id }: Topic, partitions: readonly Partial<Partition>[], rest: Partial<Request> = {}): Request {
  const wanted = partitions.map((partition) => ({ partition: 0, fetchOffset: 0, partitionMaxBytes: 1_000_000, ...partition }));
  const topic = version >= FIRST_TOPIC_ID_VERSION ? { topicId: id, partitions: wanted } : { topic: name, partitions: wanted };
  return {
    replicaId: -1,
    maxWaitMs: 0,
    minBytes: 1,
    maxBytes: 10_000_000,
    sessionId: 0,
    sessionEpoch: -1,
    topics: [topic],
    forgottenTopicsData: [],
    ...rest,
  };
}

export const fetch: Scenario = {
  name: '01-fetch',
  async run(talk) {
    const topic = { name: 'fetch', id: await makeTopic(talk, 'fetch') };
    for (const values of [['a', 'b', 'c'], ['d', null], ['e'.repeat(300)]]) await append(talk, topic.name, batch(values));
    const deleted = { name: 'fetch-deleted', id: await makeTopic(talk, 'fetch-deleted', 1) };
    for (let count = 0; count < 3; count++) await append(talk, deleted.name, batch(['x', 'y']));
    const partitions = [{ partitionIndex: 0, offset: 3 }];
    await talk.quiet(DeleteRecords, 2, { topics: [{ name: deleted.name, partitions }], timeoutMs: 5_000 });
    const transactions = await withTransactions(talk);
    for (const version of versionsOf(Fetch)) {
      await plain(talk, version, topic);
      await talk.ask('a deleted beginning', Fetch, version, fetchOf(version, deleted, [{ fetchOffset: 0 }]));
      await talk.ask('a beginning inside a batch', Fetch, version, fetchOf(version, deleted, [{ fetchOffset: 3 }]));
      for (const isolationLevel of [0, 1]) {
        const request = fetchOf(version, transactions, [{ fetchOffset: 0 }], { isolationLevel });
        await talk.ask(`transactions, isolation level ${isolationLevel}`, Fetch, version, request);
        const later = fetchOf(version, transactions, [{ fetchOffset: 6 }], { isolationLevel });
        await talk.ask(`later transactions, isolation level ${isolationLevel}`, Fetch, version, later);
      }
      if (version >= 7) await sessions(talk, version, topic);
    }
  },
};

async function plain(talk: Talk, version: number, topic: Topic): Promise<void> {
  const ask = (step: string, partitions: readonly Partial<Partition>[], rest?: Partial<Request>) =>
    talk.ask(step, Fetch, version, fetchOf(version, topic, partitions, rest));
  await ask('all', [{}]);
  await ask('two partitions', [{}, { partition: 1 }]);
  await ask('from inside a batch', [{ fetchOffset: 1 }]);
  await ask('the second batch', [{ fetchOffset: 3 }]);
  await ask('the end', [{ fetchOffset: 6 }]);
  await ask('past the end', [{ fetchOffset: 7 }]);
  await ask('a negative offset', [{ fetchOffset: -1 }]);
  await ask('one byte of a partition', [{ partitionMaxBytes: 1 }]);
  await ask('one byte in all', [{}, { partition: 1 }], { maxBytes: 1 });
  await ask('a hundred bytes of a partition', [{ partitionMaxBytes: 100 }]);
  await ask('no bytes of a partition', [{ partitionMaxBytes: 0 }]);
  await ask('a partition that is not there', [{ partition: 9 }]);
  await ask('a negative partition', [{ partition: -1 }]);
  await ask('an unknown topic', [{}], fetchOf(version, { name: 'fetch-nowhere', id: UNKNOWN_ID }, [{}]));
  await ask('no topics', [], { topics: [] });
  await ask('no topics and a wait', [], { topics: [], maxWaitMs: 10 });
  if (version >= 9) {
    await ask('the present leader epoch', [{ currentLeaderEpoch: 0 }]);
    await ask('an unknown leader epoch', [{ currentLeaderEpoch: 5 }]);
  }
  if (version >= 12) {
    await ask('a last fetched epoch', [{ lastFetchedEpoch: 0, fetchOffset: 3 }]);
    await ask('a last fetched epoch and an offset past the end', [{ lastFetchedEpoch: 0, fetchOffset: 60 }]);
    await ask('an unknown last fetched epoch', [{ lastFetchedEpoch: 4, fetchOffset: 3 }]);
  }
  if (version >= FIRST_TOPIC_ID_VERSION) await ask('an id of zeros', [], fetchOf(version, { ...topic, id: Buffer.alloc(16) }, [{}]));
}

/** Open, ask for changes, change what is in it, use wrong ids and epochs, close. */
async function sessions(talk: Talk, version: number, topic: Topic): Promise<void> {
  const partitions = [{}, { partition: 1 }];
  const ask = (step: string, sessionId: number, sessionEpoch: number, request: Partial<Request> = { topics: [] }) =>
    talk.call(step, Fetch, version, { ...fetchOf(version, topic, partitions), ...request, sessionId, sessionEpoch });
  const { sessionId } = await ask('a session is opened', 0, 0, {});
  await ask('nothing new', sessionId, 1);
  const moved = fetchOf(version, topic, [{ fetchOffset: 6 }]).topics;
  await ask('a partition moved on', sessionId, 2, { topics: moved });
  await ask('nothing new again', sessionId, 3);
  await ask('a wrong epoch', sessionId, 9);
  await ask('an epoch of before', sessionId, 2);
  await ask('an unknown session', 1_234_567, 1);
  const forgotten =
    version >= FIRST_TOPIC_ID_VERSION ? { topicId: topic.id, partitions: [0, 1] } : { topic: topic.name, partitions: [0, 1] };
  await ask('everything forgotten', sessionId, 4, { topics: [], forgottenTopicsData: [forgotten] });
  await ask('the session is gone', sessionId, 5);
  const second = await ask('a second session', 0, 0, {});
  await ask('closed', second.sessionId, -1, {});
  await ask('closed again', second.sessionId, -1, {});
}

/** committed (0-1, marker 2), aborted (3-4, marker 5), plain (6), committed (7, marker 8), aborted (9, marker 10), open (11). */
async function withTransactions(talk: Talk): Promise<Topic> {
  const name = 'fetch-transactions';
  const id = await makeTopic(talk, name, 1);
  const transactionalId = 'fetch-transaction';
  const producer = await makeProducer(talk, transactionalId);
  let baseSequence = 0;
  let endOffset = 0;
  const write = async (values: readonly string[], end: boolean | undefined): Promise<void> => {
    const topics = [{ name, partitions: [0] }];
    await talk.until(
      AddPartitionsToTxn,
      3,
      {
        v3AndBelowTransactionalId: transactionalId,
        v3AndBelowProducerId: producer.producerId,
        v3AndBelowProducerEpoch: producer.producerEpoch,
        v3AndBelowTopics: topics,
      },
      (response) => response.resultsByTopicV3AndBelow[0]?.resultsByPartition[0]?.partitionErrorCode === 0,
    );
    const records = batch(values, { ...producer, baseSequence, transactional: true });
    baseSequence += values.length;
    await talk.until(
      Produce,
      11,
      produceRequest(name, records, { transactionalId }),
      (response) => response.responses[0]?.partitionResponses[0]?.errorCode === 0,
    );
    if (end === undefined) return;
    await talk.quiet(EndTxn, 3, { transactionalId, ...producer, committed: end });
    endOffset += values.length + 1;
    await untilEnd(talk, name, endOffset);
  };
  await write(['a', 'b'], true);
  await write(['c', 'd'], false);
  await append(talk, name, batch(['plain']));
  endOffset++;
  await write(['e'], true);
  await write(['f'], false);
  await write(['open'], undefined);
  return { name, id };
}

/** A transaction's marker is written some time after its end was acknowledged. */
async function untilEnd(talk: Talk, name: string, offset: number): Promise<void> {
  const topics = [{ name, partitions: [{ partitionIndex: 0, timestamp: -1 }] }];
  await talk.until(ListOffsets, 1, { replicaId: -1, topics }, (response) => response.topics[0]?.partitions[0]?.offset === offset);
}
