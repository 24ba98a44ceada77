import { defineApi } from '../schema/define.ts';
import { array, bool, int8, int16, int32, string, uuid } from '../schema/fields.ts';

/** 5 brought the created topic's configs in the response (KIP-525), 7 its id. */
export const CreateTopics = defineApi({
  key: 19,
  name: 'CreateTopics',
  versions: [2, 7],
  flexibleFrom: 5,
  request: {
    topics: array('0+', {
      name: string(),
      numPartitions: int32(),
      replicationFactor: int16(),
      assignments: array('0+', {
        partitionIndex: int32(),
        brokerIds: array('0+', int32()),
      }),
      configs: array('0+', {
        name: string(),
        value: string('0+', { nullable: '0+' }),
      }),
    }),
    timeoutMs: int32('0+', { default: 60000 }),
    validateOnly: bool('0+', { default: false }),
  },
  response: {
    throttleTimeMs: int32('0+', { default: 0, ignorable: true }),
    topics: array('0+', {
      name: string(),
      topicId: uuid('7+', { ignorable: true }),
      errorCode: int16(),
      errorMessage: string('0+', { nullable: '0+', ignorable: true }),
      topicConfigErrorCode: int16('5+', { tag: 0, ignorable: true }),
      numPartitions: int32('5+', { default: -1, ignorable: true }),
      replicationFactor: int16('5+', { default: -1, ignorable: true }),
      configs: array(
        '5+',
        {
          name: string(),
          value: string('0+', { nullable: '0+' }),
          readOnly: bool(),
          configSource: int8('0+', { default: -1, ignorable: true }),
          isSensitive: bool(),
        },
        { nullable: '0+', ignorable: true },
      ),
    }),
  },
});
