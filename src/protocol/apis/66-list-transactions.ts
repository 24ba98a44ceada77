import { defineApi } from '../schema/define.ts';
import { array, int16, int32, int64, string } from '../schema/fields.ts';

/** KIP-664. 1 brought the filter by duration (KIP-994), 2 the one by pattern. */
export const ListTransactions = defineApi({
  key: 66,
  name: 'ListTransactions',
  versions: [0, 2],
  flexibleFrom: 0,
  request: {
    stateFilters: array('0+', string()),
    producerIdFilters: array('0+', int64()),
    durationFilter: int64('1+', { default: -1 }),
    transactionalIdPattern: string('2+', { nullable: '0+', default: null }),
  },
  response: {
    throttleTimeMs: int32('0+', { default: 0 }),
    errorCode: int16(),
    unknownStateFilters: array('0+', string()),
    transactionStates: array('0+', {
      transactionalId: string(),
      producerId: int64(),
      transactionState: string(),
    }),
  },
});
