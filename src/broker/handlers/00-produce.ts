import {
  batchCompression,
  batchLength,
  batchMagic,
  batchProducerEpoch,
  batchProducerId,
  ErrorCode,
  isTransactionalBatch,
  MAGIC_V2,
  type Produce,
  type RequestOf,
  type ResponseInput,
} from '../../protocol/index.ts';
import type { TransactionSupport } from '../coordinator/seams.ts';
import { NO_RESPONSE, type ServedRequest } from '../dispatcher.ts';
import type { PartitionLog } from '../log/index.ts';
import { ConnectionFault } from '../server/connection.ts';
import type { Topic } from '../topic.ts';
import type { HandlerDeps } from './deps.ts';
import { currentLeader, endpointsOf, findPartition } from './partitions.ts';

type Request = RequestOf<typeof Produce>;
type Response = ResponseInput<typeof Produce>;
type PartitionRequest = Request['topicData'][number]['partitionData'][number];
type PartitionResponse = Response['responses'][number]['partitionResponses'][number];

const FIRST_V2_VERSION = 3;
const FIRST_ZSTD_VERSION = 7;
const FIRST_TOPIC_ID_VERSION = 13;
const FIRST_ABORTABLE_VERSION = 11;
const FIRST_IMPLICIT_VERSION = 12;
const FIRST_CURRENT_LEADER_VERSION = 10;
const CODEC_ZSTD = 4;
const BATCH_HEADER_BYTES = 61;
/** Kafka's tools may write to internal topics under this client id. */
const ADMIN_CLIENT_ID = '__admin_client';

/** Errors with which Kafka's `ReplicaManager.appendRecordsToLeader` does not tell where the log begins. */
const WITHOUT_LOG_START: ReadonlySet<number> = new Set([
  ErrorCode.CORRUPT_MESSAGE,
  ErrorCode.MESSAGE_TOO_LARGE,
  ErrorCode.RECORD_LIST_TOO_LARGE,
  ErrorCode.KAFKA_STORAGE_ERROR,
]);

/** What one request has appended: who must be flushed before it is acknowledged. */
interface Round {
  readonly request: Request;
  readonly context: ServedRequest;
  readonly support: TransactionSupport;
  readonly appended: {
    readonly log: PartitionLog;
    readonly response: { -readonly [K in keyof PartitionResponse]: PartitionResponse[K] };
  }[];
  /** Nodes named in CurrentLeader tags. */
  readonly leaders: Set<number>;
}

/** Produce, versions 3 to 13. 0 to 2 are advertised for the sake of old librdkafka and answered UNSUPPORTED_VERSION. */
export function produceHandler(deps: HandlerDeps) {
  return async (request: Request, context: ServedRequest): Promise<Response | typeof NO_RESPONSE> => {
    const refusal = refusalOf(request, context.apiVersion);
    const round: Round = { request, context, support: supportOf(context.apiVersion), appended: [], leaders: new Set() };
    const responses: Response['responses'][number][] = [];
    for (const { name, topicId, partitionData } of request.topicData) {
      const partitionResponses: PartitionResponse[] = [];
      for (const partition of partitionData) {
        const answer = refusal === undefined ? appendTo(deps, round, name, topicId, partition) : failed(partition.index, refusal);
        partitionResponses.push(answer instanceof Promise ? await answer : answer);
      }
      responses.push({ name, topicId, partitionResponses });
    }
    if (request.acks === 0) return finishWithoutResponse(responses);
    await flush(deps, round);
    if (round.leaders.size === 0) return { responses };
    return { responses, nodeEndpoints: endpointsOf(deps, round.leaders) };
  };
}

/** Why the whole request is refused; undefined when it is not. */
function refusalOf(request: Request, version: number): number | undefined {
  if (version < FIRST_V2_VERSION) return ErrorCode.UNSUPPORTED_VERSION;
  if (request.acks < -1 || request.acks > 1) return ErrorCode.INVALID_REQUIRED_ACKS;
  return undefined;
}

function supportOf(version: number): TransactionSupport {
  if (version >= FIRST_IMPLICIT_VERSION) return 'implicit';
  return version >= FIRST_ABORTABLE_VERSION ? 'abortable' : 'classic';
}

function failed(index: number, errorCode: number, errorMessage: string | null = null): PartitionResponse {
  return { index, errorCode, baseOffset: -1, errorMessage };
}

function appendTo(
  deps: HandlerDeps,
  round: Round,
  name: string,
  topicId: Buffer,
  partition: PartitionRequest,
): PartitionResponse | Promise<PartitionResponse> {
  const { context, request } = round;
  const { index, records } = partition;
  const { errorCode, topic, log } = findPartition(deps, context.nodeId, name, topicId, context.apiVersion >= FIRST_TOPIC_ID_VERSION, index);
  if (topic !== undefined && errorCode === ErrorCode.NOT_LEADER_OR_FOLLOWER) return notLeader(round, topic, index);
  if (topic === undefined || log === undefined) return failed(index, errorCode);
  const problem = refusePartition(deps, round, topic, index, records);
  if (problem !== undefined) return problem;
  const batch = records!;
  if (!isTransactionalBatch(batch, 0)) return append(round, log, index, batch);
  const verified = deps.transactions.verifyTransaction(
    request.transactionalId,
    batchProducerId(batch, 0),
    batchProducerEpoch(batch, 0),
    topic.name,
    index,
    round.support,
  );
  if (typeof verified === 'number') return verified === 0 ? append(round, log, index, batch) : failed(index, verified);
  return verified.then((code) => (code === 0 ? append(round, log, index, batch) : failed(index, code)));
}

/** What is refused before the log sees it. */
function refusePartition(
  deps: HandlerDeps,
  round: Round,
  topic: Topic,
  index: number,
  records: Buffer | null,
): PartitionResponse | undefined {
  const { context, request } = round;
  if (topic.internal && context.clientId !== ADMIN_CLIENT_ID) {
    return failed(index, ErrorCode.INVALID_TOPIC_EXCEPTION, `${topic.name} is an internal topic.`);
  }
  if (records === null || records.length < BATCH_HEADER_BYTES || batchLength(records, 0) !== records.length) {
    return failed(index, ErrorCode.INVALID_RECORD, 'Produce requests must have exactly one record batch per partition.');
  }
  const magic = batchMagic(records, 0);
  if (magic >= 0 && magic < MAGIC_V2) {
    return failed(index, ErrorCode.INVALID_RECORD, `Produce requests must have record batches of format 2, not ${magic}.`);
  }
  if (context.apiVersion < FIRST_ZSTD_VERSION && batchCompression(records, 0) === CODEC_ZSTD) {
    return failed(index, ErrorCode.UNSUPPORTED_COMPRESSION_TYPE, 'Produce requests in versions below 7 cannot use ZStandard compression.');
  }
  if (request.acks === -1) {
    const inSync = topic.inSyncReplicasOf(index).length;
    const wanted = minInSyncReplicas(deps, topic);
    if (inSync < wanted) return failed(index, ErrorCode.NOT_ENOUGH_REPLICAS, `${inSync} of ${wanted} required replicas are in sync.`);
  }
  return undefined;
}

function minInSyncReplicas(deps: HandlerDeps, topic: Topic): number {
  return Number(topic.config['min.insync.replicas'] ?? deps.configs.value('min.insync.replicas'));
}

function append(round: Round, log: PartitionLog, index: number, batch: Buffer): PartitionResponse {
  const transactionVersion = round.support === 'implicit' ? 2 : 1;
  const result = log.append(batch, { origin: 'client', transactionVersion });
  const response = {
    index,
    errorCode: result.errorCode,
    baseOffset: result.baseOffset,
    logAppendTimeMs: result.logAppendTimeMs,
    logStartOffset: WITHOUT_LOG_START.has(result.errorCode) ? -1 : log.logStartOffset,
    errorMessage: result.errorMessage ?? null,
    recordErrors: (result.recordErrors ?? []).map(({ batchIndex, message }) => ({ batchIndex, batchIndexErrorMessage: message })),
  };
  if (result.errorCode === ErrorCode.NONE) round.appended.push({ log, response });
  return response;
}

function notLeader(round: Round, topic: Topic, index: number): PartitionResponse {
  if (round.context.apiVersion < FIRST_CURRENT_LEADER_VERSION) return failed(index, ErrorCode.NOT_LEADER_OR_FOLLOWER);
  const leader = currentLeader(topic, index);
  round.leaders.add(leader.leaderId);
  return { ...failed(index, ErrorCode.NOT_LEADER_OR_FOLLOWER), currentLeader: leader };
}

/** Waits until what was appended is as safe as the flush policy promises. */
async function flush(deps: HandlerDeps, round: Round): Promise<void> {
  for (const { log, response } of round.appended) {
    try {
      await log.flushed();
    } catch (error) {
      deps.log.error(`${log.topic}-${log.partition} could not be flushed: ${error instanceof Error ? error.message : String(error)}`);
      response.errorCode = ErrorCode.KAFKA_STORAGE_ERROR;
      response.baseOffset = -1;
    }
  }
}

/** A client that wants no answer learns of an error by the end of its connection, as in Kafka. */
function finishWithoutResponse(responses: Response['responses']): typeof NO_RESPONSE {
  for (const { name, partitionResponses } of responses) {
    const bad = partitionResponses.find((partition) => partition.errorCode !== ErrorCode.NONE);
    if (bad !== undefined)
      throw new ConnectionFault(`a produce request with acks=0 to ${name}-${bad.index} failed with error ${bad.errorCode}`);
  }
  return NO_RESPONSE;
}
