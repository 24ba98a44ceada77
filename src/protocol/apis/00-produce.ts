import { defineApi } from '../schema/define.ts';
import { array, int16, int32, int64, records, string, struct, uuid } from '../schema/fields.ts';

/**
 * Versions 0 to 2 can be read so that a broker may refuse them well-formed: librdkafka before 2.11 produces compressed
 * batches only where version 0 is advertised (KAFKA-18659). 13 names topics by id (KIP-516).
 */
export const Produce = defineApi({
  key: 0,
  name: 'Produce',
  versions: [0, 13],
  flexibleFrom: 9,
  request: {
    transactionalId: string('3+', { nullable: '0+', default: null }),
    acks: int16(),
    timeoutMs: int32(),
    topicData: array('0+', {
      name: string('0-12', { ignorable: true }),
      topicId: uuid('13+', { ignorable: true }),
      partitionData: array('0+', {
        index: int32(),
        records: records('0+', { nullable: '0+' }),
      }),
    }),
  },
  response: {
    responses: array('0+', {
      name: string('0-12', { ignorable: true }),
      topicId: uuid('13+', { ignorable: true }),
      partitionResponses: array('0+', {
        index: int32(),
        errorCode: int16(),
        baseOffset: int64(),
        logAppendTimeMs: int64('2+', { default: -1, ignorable: true }),
        logStartOffset: int64('5+', { default: -1, ignorable: true }),
        recordErrors: array(
          '8+',
          {
            batchIndex: int32(),
            batchIndexErrorMessage: string('0+', { nullable: '0+', default: null }),
          },
          { ignorable: true },
        ),
        errorMessage: string('8+', { nullable: '0+', default: null, ignorable: true }),
        currentLeader: struct(
          '10+',
          {
            leaderId: int32('0+', { default: -1 }),
            leaderEpoch: int32('0+', { default: -1 }),
          },
          { tag: 0 },
        ),
      }),
    }),
    throttleTimeMs: int32('1+', { ignorable: true }),
    nodeEndpoints: array(
      '10+',
      {
        nodeId: int32(),
        host: string(),
        port: int32(),
        rack: string('0+', { nullable: '0+', default: null }),
      },
      { tag: 0 },
    ),
  },
});
