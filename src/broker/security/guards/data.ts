/** Guards of the requests that read and write records, but for Fetch: that one checks each partition as it reads it. */

import {
  batchLength,
  DeleteRecords,
  ErrorCode,
  isTransactionalBatch,
  KafkaProtocolError,
  ListOffsets,
  OffsetForLeaderEpoch,
  Produce,
  type RequestOf,
} from '../../../protocol/index.ts';
import type { RequestContext } from '../../seams.ts';
import { ConnectionFault } from '../../server/connection.ts';
import { Operation } from '../acl/constants.ts';
import { type GuardDeps, type GuardMap, guard, split } from './guard.ts';

type ProduceRequest = RequestOf<typeof Produce>;
type ProduceTopic = ProduceRequest['topicData'][number];

const FIRST_PRODUCE_BY_ID = 13;
/** Older versions are refused by the handler whatever they hold. */
const FIRST_PRODUCE = 3;
const BATCH_HEADER_BYTES = 61;
const DENIED = ErrorCode.TOPIC_AUTHORIZATION_FAILED;

export function addDataGuards(guards: GuardMap, deps: GuardDeps): void {
  const { access } = deps;
  addProduceGuard(guards, deps);

  guard(guards, ListOffsets, async (request, context, next) => {
    const { allowed, denied } = split(request.topics, ({ name }) => access.topic(context, Operation.DESCRIBE, name));
    if (denied.length === 0) return next(request);
    const response = await next({ ...request, topics: [...allowed] });
    const refused = denied.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode: DENIED })),
    }));
    return { ...response, topics: [...response.topics, ...refused] };
  });

  guard(guards, DeleteRecords, async (request, context, next) => {
    const { allowed, denied } = split(request.topics, ({ name }) => access.topic(context, Operation.DELETE, name));
    if (denied.length === 0) return next(request);
    const response = await next({ ...request, topics: [...allowed] });
    const refused = denied.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, lowWatermark: -1, errorCode: DENIED })),
    }));
    return { ...response, topics: [...response.topics, ...refused] };
  });

  guard(guards, OffsetForLeaderEpoch, async (request, context, next) => {
    if (access.cluster(context, Operation.CLUSTER_ACTION)) return next(request);
    const { allowed, denied } = split(request.topics, ({ topic }) => access.topic(context, Operation.DESCRIBE, topic));
    if (denied.length === 0) return next(request);
    const response = await next({ ...request, topics: [...allowed] });
    const refused = denied.map(({ topic, partitions }) => ({
      topic,
      partitions: partitions.map(({ partition }) => ({ partition, errorCode: DENIED })),
    }));
    return { ...response, topics: [...response.topics, ...refused] };
  });
}

function addProduceGuard(guards: GuardMap, { access, topics }: GuardDeps): void {
  const mayWrite = (topic: ProduceTopic, context: RequestContext): boolean => {
    const name = context.apiVersion >= FIRST_PRODUCE_BY_ID ? topics.getById(topic.topicId)?.name : topic.name;
    // Of an id that nobody has, the handler says so.
    return name === undefined || access.topic(context, Operation.WRITE, name);
  };
  guard(guards, Produce, async (request, context, next) => {
    if (context.apiVersion < FIRST_PRODUCE) return next(request);
    const { transactionalId, acks, topicData } = request;
    if (hasTransactionalRecords(topicData)) {
      const mayUse = transactionalId !== null && access.transactionalId(context, Operation.WRITE, transactionalId);
      if (!mayUse) throw refusedTransaction(acks);
    }
    const { allowed, denied } = split(topicData, (topic) => mayWrite(topic, context));
    if (denied.length === 0) return next(request);
    const response = await next({ ...request, topicData: [...allowed] });
    // Without an answer the client learns it by the end of its connection.
    if (acks === 0)
      throw new ConnectionFault(`a produce request with acks=0 to ${denied[0]!.name}, which ${context.principal} may not write`);
    const refused = denied.map(({ name, topicId, partitionData }) => ({
      name,
      topicId,
      partitionResponses: partitionData.map(({ index }) => ({ index, errorCode: DENIED, baseOffset: -1 })),
    }));
    return { ...response, responses: [...response.responses, ...refused] };
  });
}

function hasTransactionalRecords(topicData: readonly ProduceTopic[]): boolean {
  for (const { partitionData } of topicData) {
    for (const { records } of partitionData) if (records !== null && holdsTransactionalBatch(records)) return true;
  }
  return false;
}

/** The handler takes one batch for a partition; here all are looked at, so that nothing hides behind the first. */
function holdsTransactionalBatch(records: Buffer): boolean {
  let at = 0;
  while (at + BATCH_HEADER_BYTES <= records.length) {
    if (isTransactionalBatch(records, at)) return true;
    const length = batchLength(records, at);
    if (length < BATCH_HEADER_BYTES) return false;
    at += length;
  }
  return false;
}

function refusedTransaction(acks: number): Error {
  if (acks === 0)
    return new ConnectionFault('a transactional produce request with acks=0 of a client that may not write with its transactional id');
  return new KafkaProtocolError(ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED);
}
