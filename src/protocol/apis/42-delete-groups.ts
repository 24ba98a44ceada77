import { defineApi } from '../schema/define.ts';
import { array, int16, int32, string } from '../schema/fields.ts';

export const DeleteGroups = defineApi({
  key: 42,
  name: 'DeleteGroups',
  versions: [0, 2],
  flexibleFrom: 2,
  request: {
    groupsNames: array('0+', string()),
  },
  response: {
    throttleTimeMs: int32('0+', { default: 0 }),
    results: array('0+', {
      groupId: string(),
      errorCode: int16(),
    }),
  },
});
