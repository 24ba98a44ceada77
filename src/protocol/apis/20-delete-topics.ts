import { defineApi } from '../schema/define.ts';
import { array, int16, int32, string, uuid } from '../schema/fields.ts';

/** Up to v5 names, from v6 names or ids (KIP-516). */
export const DeleteTopics = defineApi({
  key: 20,
  name: 'DeleteTopics',
  versions: [1, 6],
  flexibleFrom: 4,
  request: {
    topics: array('6+', {
      name: string('0+', { nullable: '0+', default: null }),
      topicId: uuid(),
    }),
    topicNames: array('0-5', string(), { ignorable: true }),
    timeoutMs: int32(),
  },
  response: {
    throttleTimeMs: int32('0+', { default: 0, ignorable: true }),
    responses: array('0+', {
      name: string('0+', { nullable: '6+' }),
      topicId: uuid('6+', { ignorable: true }),
      errorCode: int16(),
      errorMessage: string('5+', { nullable: '0+', default: null, ignorable: true }),
    }),
  },
});
