import { defineApi } from '../schema/define.ts';
import { bytes, int16, int64, string } from '../schema/fields.ts';

/** One SASL exchange. 1 brought the session lifetime (KIP-368). */
export const SaslAuthenticate = defineApi({
  key: 36,
  name: 'SaslAuthenticate',
  versions: [0, 2],
  flexibleFrom: 2,
  request: {
    authBytes: bytes(),
  },
  response: {
    errorCode: int16(),
    errorMessage: string('0+', { nullable: '0+' }),
    authBytes: bytes(),
    sessionLifetimeMs: int64('1+', { ignorable: true }),
  },
});
