import { defineApi } from '../schema/define.ts';
import { array, int8, int16, int32, string } from '../schema/fields.ts';

/** KIP-1142; v0 lists client metrics resources only. */
export const ListConfigResources = defineApi({
  key: 74,
  name: 'ListConfigResources',
  versions: [0, 1],
  flexibleFrom: 0,
  request: {
    resourceTypes: array('1+', int8()),
  },
  response: {
    throttleTimeMs: int32('0+', { default: 0 }),
    errorCode: int16(),
    configResources: array('0+', {
      resourceName: string(),
      resourceType: int8('1+', { default: 16, ignorable: true }),
    }),
  },
});
