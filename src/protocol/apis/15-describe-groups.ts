import { defineApi } from '../schema/define.ts';
import { array, bool, bytes, int16, int32, string } from '../schema/fields.ts';

/** 3 brought authorized operations, 6 GROUP_ID_NOT_FOUND with a message (KIP-1043). */
export const DescribeGroups = defineApi({
  key: 15,
  name: 'DescribeGroups',
  versions: [0, 6],
  flexibleFrom: 5,
  request: {
    groups: array('0+', string()),
    includeAuthorizedOperations: bool('3+'),
  },
  response: {
    throttleTimeMs: int32('1+', { ignorable: true }),
    groups: array('0+', {
      errorCode: int16(),
      errorMessage: string('6+', { nullable: '0+', default: null }),
      groupId: string(),
      groupState: string(),
      protocolType: string(),
      protocolData: string(),
      members: array('0+', {
        memberId: string(),
        groupInstanceId: string('4+', { nullable: '0+', default: null, ignorable: true }),
        clientId: string(),
        clientHost: string(),
        memberMetadata: bytes(),
        memberAssignment: bytes(),
      }),
      authorizedOperations: int32('3+', { default: -2147483648 }),
    }),
  },
});
