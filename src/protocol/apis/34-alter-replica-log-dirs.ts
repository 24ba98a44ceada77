import { defineApi } from '../schema/define.ts';
import { array, int16, int32, string } from '../schema/fields.ts';

/** Moves replicas between the log directories of a broker (KIP-113). */
export const AlterReplicaLogDirs = defineApi({
  key: 34,
  name: 'AlterReplicaLogDirs',
  versions: [1, 2],
  flexibleFrom: 2,
  request: {
    dirs: array('0+', {
      path: string(),
      topics: array('0+', {
        name: string(),
        partitions: array('0+', int32()),
      }),
    }),
  },
  response: {
    throttleTimeMs: int32('0+', { default: 0 }),
    results: array('0+', {
      topicName: string(),
      partitions: array('0+', {
        partitionIndex: int32(),
        errorCode: int16(),
      }),
    }),
  },
});
