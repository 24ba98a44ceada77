import { defineApi } from '../schema/define.ts';
import { array, bool, int8, int16, int32, string } from '../schema/fields.ts';

/** Operations: 0 set, 1 delete, 2 append, 3 subtract (KIP-339). */
export const IncrementalAlterConfigs = defineApi({
  key: 44,
  name: 'IncrementalAlterConfigs',
  versions: [0, 1],
  flexibleFrom: 1,
  request: {
    resources: array('0+', {
      resourceType: int8(),
      resourceName: string(),
      configs: array('0+', {
        name: string(),
        configOperation: int8(),
        value: string('0+', { nullable: '0+' }),
      }),
    }),
    validateOnly: bool(),
  },
  response: {
    throttleTimeMs: int32('0+', { default: 0 }),
    responses: array('0+', {
      errorCode: int16(),
      errorMessage: string('0+', { nullable: '0+' }),
      resourceType: int8(),
      resourceName: string(),
    }),
  },
});
