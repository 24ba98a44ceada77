import { defineApi } from '../schema/define.ts';
import { array, bytes, int8, int16, int32, string } from '../schema/fields.ts';

/** KIP-554. Mechanisms: 1 SCRAM-SHA-256, 2 SCRAM-SHA-512. */
export const AlterUserScramCredentials = defineApi({
  key: 51,
  name: 'AlterUserScramCredentials',
  versions: [0, 0],
  flexibleFrom: 0,
  request: {
    deletions: array('0+', {
      name: string(),
      mechanism: int8(),
    }),
    upsertions: array('0+', {
      name: string(),
      mechanism: int8(),
      iterations: int32(),
      salt: bytes(),
      saltedPassword: bytes(),
    }),
  },
  response: {
    throttleTimeMs: int32('0+', { default: 0 }),
    results: array('0+', {
      user: string(),
      errorCode: int16(),
      errorMessage: string('0+', { nullable: '0+' }),
    }),
  },
});
