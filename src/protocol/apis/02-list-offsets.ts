import { defineApi } from '../schema/define.ts';
import { array, int8, int16, int32, int64, string } from '../schema/fields.ts';

/**
 * Special timestamps: -1 latest, -2 earliest, -3 maximum timestamp (v7), -4 earliest local (v8), -5 last tiered (v9),
 * -6 earliest pending upload (v11).
 */
export const ListOffsets = defineApi({
  key: 2,
  name: 'ListOffsets',
  versions: [1, 11],
  flexibleFrom: 6,
  request: {
    replicaId: int32(),
    isolationLevel: int8('2+'),
    topics: array('0+', {
      name: string(),
      partitions: array('0+', {
        partitionIndex: int32(),
        currentLeaderEpoch: int32('4+', { default: -1, ignorable: true }),
        timestamp: int64(),
      }),
    }),
    timeoutMs: int32('10+', { ignorable: true }),
  },
  response: {
    throttleTimeMs: int32('2+', { ignorable: true }),
    topics: array('0+', {
      name: string(),
      partitions: array('0+', {
        partitionIndex: int32(),
        errorCode: int16(),
        timestamp: int64('0+', { default: -1 }),
        offset: int64('0+', { default: -1 }),
        leaderEpoch: int32('4+', { default: -1 }),
      }),
    }),
  },
});
