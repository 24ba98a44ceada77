import { defineApi } from '../schema/define.ts';
import { array, int16, string } from '../schema/fields.ts';

/** With v1 the SASL bytes travel in SaslAuthenticate, with v0 raw. Never flexible. */
export const SaslHandshake = defineApi({
  key: 17,
  name: 'SaslHandshake',
  versions: [0, 1],
  flexibleFrom: null,
  request: {
    mechanism: string(),
  },
  response: {
    errorCode: int16(),
    mechanisms: array('0+', string()),
  },
});
