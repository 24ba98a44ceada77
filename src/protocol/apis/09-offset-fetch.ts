import { defineApi } from '../schema/define.ts';
import { array, bool, int16, int32, int64, string, uuid } from '../schema/fields.ts';

/** Up to v7 one group, from v8 a list of groups; 7 brought requireStable (KIP-447), 10 topic ids. */
export const OffsetFetch = defineApi({
  key: 9,
  name: 'OffsetFetch',
  versions: [1, 10],
  flexibleFrom: 6,
  request: {
    groupId: string('0-7'),
    topics: array(
      '0-7',
      {
        name: string(),
        partitionIndexes: array('0+', int32()),
      },
      { nullable: '2-7' },
    ),
    groups: array('8+', {
      groupId: string(),
      memberId: string('9+', { nullable: '0+', default: null, ignorable: true }),
      memberEpoch: int32('9+', { default: -1, ignorable: true }),
      topics: array(
        '0+',
        {
          name: string('8-9', { ignorable: true }),
          topicId: uuid('10+', { ignorable: true }),
          partitionIndexes: array('0+', int32()),
        },
        { nullable: '0+' },
      ),
    }),
    requireStable: bool('7+'),
  },
  response: {
    throttleTimeMs: int32('3+', { ignorable: true }),
    topics: array('0-7', {
      name: string(),
      partitions: array('0+', {
        partitionIndex: int32(),
        committedOffset: int64(),
        committedLeaderEpoch: int32('5-7', { default: -1, ignorable: true }),
        metadata: string('0+', { nullable: '0+' }),
        errorCode: int16(),
      }),
    }),
    errorCode: int16('2-7', { ignorable: true }),
    groups: array('8+', {
      groupId: string(),
      topics: array('0+', {
        name: string('8-9', { ignorable: true }),
        topicId: uuid('10+', { ignorable: true }),
        partitions: array('0+', {
          partitionIndex: int32(),
          committedOffset: int64(),
          committedLeaderEpoch: int32('0+', { default: -1, ignorable: true }),
          metadata: string('0+', { nullable: '0+' }),
          errorCode: int16(),
        }),
      }),
      errorCode: int16('0+', { default: 0 }),
    }),
  },
});
