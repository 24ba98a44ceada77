import { defineApi } from '../schema/define.ts';
import { array, bool, int8, int16, int32, string } from '../schema/fields.ts';

/** Replaces all configs of a resource; IncrementalAlterConfigs is its successor. */
export const AlterConfigs = defineApi({
  key: 33,
  name: 'AlterConfigs',
  versions: [0, 2],
  flexibleFrom: 2,
  request: {
    resources: array('0+', {
      resourceType: int8(),
      resourceName: string(),
      configs: array('0+', {
        name: string(),
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
