import { defineApi } from '../schema/define.ts';
import { int16, int32, int64, string } from '../schema/fields.ts';

/** Adds the group's partition of the offsets topic to the transaction; not used with transaction version 2. */
export const AddOffsetsToTxn = defineApi({
  key: 25,
  name: 'AddOffsetsToTxn',
  versions: [0, 4],
  flexibleFrom: 3,
  request: {
    transactionalId: string(),
    producerId: int64(),
    producerEpoch: int16(),
    groupId: string(),
  },
  response: {
    throttleTimeMs: int32('0+', { default: 0 }),
    errorCode: int16(),
  },
});
