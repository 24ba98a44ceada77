import { defineApi } from '../schema/define.ts';
import { array, int16, int32, int64, string } from '../schema/fields.ts';

/** The end offset of the largest epoch up to the asked one (KIP-320). */
export const OffsetForLeaderEpoch = defineApi({
  key: 23,
  name: 'OffsetForLeaderEpoch',
  versions: [2, 4],
  flexibleFrom: 4,
  request: {
    replicaId: int32('3+', { default: -2, ignorable: true }),
    topics: array('0+', {
      topic: string(),
      partitions: array('0+', {
        partition: int32(),
        currentLeaderEpoch: int32('0+', { default: -1, ignorable: true }),
        leaderEpoch: int32(),
      }),
    }),
  },
  response: {
    throttleTimeMs: int32('0+', { default: 0, ignorable: true }),
    topics: array('0+', {
      topic: string(),
      partitions: array('0+', {
        errorCode: int16(),
        partition: int32(),
        leaderEpoch: int32('0+', { default: -1, ignorable: true }),
        endOffset: int64('0+', { default: -1 }),
      }),
    }),
  },
});
