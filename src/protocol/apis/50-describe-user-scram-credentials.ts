import { defineApi } from '../schema/define.ts';
import { array, int8, int16, int32, string } from '../schema/fields.ts';

/** KIP-554. Mechanisms: 1 SCRAM-SHA-256, 2 SCRAM-SHA-512. Null users ask for all. */
export const DescribeUserScramCredentials = defineApi({
  key: 50,
  name: 'DescribeUserScramCredentials',
  versions: [0, 0],
  flexibleFrom: 0,
  request: {
    users: array(
      '0+',
      {
        name: string(),
      },
      { nullable: '0+' },
    ),
  },
  response: {
    throttleTimeMs: int32('0+', { default: 0 }),
    errorCode: int16(),
    errorMessage: string('0+', { nullable: '0+' }),
    results: array('0+', {
      user: string(),
      errorCode: int16(),
      errorMessage: string('0+', { nullable: '0+' }),
      credentialInfos: array('0+', {
        mechanism: int8(),
        iterations: int32(),
      }),
    }),
  },
});
