import { defineApi } from '../schema/define.ts';
import { array, int16, int32, string } from '../schema/fields.ts';

/** 4 brought the filter by state (KIP-518), 5 the filter by type (KIP-848). */
export const ListGroups = defineApi({
  key: 16,
  name: 'ListGroups',
  versions: [0, 5],
  flexibleFrom: 3,
  request: {
    statesFilter: array('4+', string()),
    typesFilter: array('5+', string()),
  },
  response: {
    throttleTimeMs: int32('1+', { ignorable: true }),
    errorCode: int16(),
    groups: array('0+', {
      groupId: string(),
      protocolType: string(),
      groupState: string('4+', { ignorable: true }),
      groupType: string('5+', { ignorable: true }),
    }),
  },
});
