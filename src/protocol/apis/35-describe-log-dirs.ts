import { defineApi } from '../schema/define.ts';
import { array, bool, int16, int32, int64, string } from '../schema/fields.ts';

/** Null topics ask for all. 4 brought the size of the volume (KIP-827). */
export const DescribeLogDirs = defineApi({
  key: 35,
  name: 'DescribeLogDirs',
  versions: [1, 5],
  flexibleFrom: 2,
  request: {
    topics: array(
      '0+',
      {
        topic: string(),
        partitions: array('0+', int32()),
      },
      { nullable: '0+' },
    ),
  },
  response: {
    throttleTimeMs: int32('0+', { default: 0 }),
    errorCode: int16('3+', { ignorable: true }),
    results: array('0+', {
      errorCode: int16(),
      logDir: string(),
      topics: array('0+', {
        name: string(),
        partitions: array('0+', {
          partitionIndex: int32(),
          partitionSize: int64(),
          offsetLag: int64(),
          isFutureKey: bool(),
        }),
      }),
      totalBytes: int64('4+', { default: -1, ignorable: true }),
      usableBytes: int64('4+', { default: -1, ignorable: true }),
      isCordoned: bool('5+', { ignorable: true }),
    }),
  },
});
