import { defineApi } from '../schema/define.ts';
import { array, int16, int32, string } from '../schema/fields.ts';

/** Up to v2 one member, from v3 a list of members (KIP-345). */
export const LeaveGroup = defineApi({
  key: 13,
  name: 'LeaveGroup',
  versions: [0, 5],
  flexibleFrom: 4,
  request: {
    groupId: string(),
    memberId: string('0-2'),
    members: array('3+', {
      memberId: string(),
      groupInstanceId: string('0+', { nullable: '0+', default: null }),
      reason: string('5+', { nullable: '0+', default: null, ignorable: true }),
    }),
  },
  response: {
    throttleTimeMs: int32('1+', { ignorable: true }),
    errorCode: int16(),
    members: array('3+', {
      memberId: string(),
      groupInstanceId: string('0+', { nullable: '0+' }),
      errorCode: int16(),
    }),
  },
});
