import { defineApi } from '../schema/define.ts';
import { array, bool, float64, int16, int32, string } from '../schema/fields.ts';

/** KIP-546. A null entity name is the default of its type. */
export const AlterClientQuotas = defineApi({
  key: 49,
  name: 'AlterClientQuotas',
  versions: [0, 1],
  flexibleFrom: 1,
  request: {
    entries: array('0+', {
      entity: array('0+', {
        entityType: string(),
        entityName: string('0+', { nullable: '0+' }),
      }),
      ops: array('0+', {
        key: string(),
        value: float64(),
        remove: bool(),
      }),
    }),
    validateOnly: bool(),
  },
  response: {
    throttleTimeMs: int32('0+', { default: 0 }),
    entries: array('0+', {
      errorCode: int16(),
      errorMessage: string('0+', { nullable: '0+', default: null }),
      entity: array('0+', {
        entityType: string(),
        entityName: string('0+', { nullable: '0+' }),
      }),
    }),
  },
});
