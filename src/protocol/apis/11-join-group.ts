import { defineApi } from '../schema/define.ts';
import { array, bool, bytes, int16, int32, string } from '../schema/fields.ts';

/** 4 brought MEMBER_ID_REQUIRED (KIP-394), 5 static membership (KIP-345), 9 skipAssignment (KIP-814). */
export const JoinGroup = defineApi({
  key: 11,
  name: 'JoinGroup',
  versions: [0, 9],
  flexibleFrom: 6,
  request: {
    groupId: string(),
    sessionTimeoutMs: int32(),
    rebalanceTimeoutMs: int32('1+', { default: -1, ignorable: true }),
    memberId: string(),
    groupInstanceId: string('5+', { nullable: '0+', default: null }),
    protocolType: string(),
    protocols: array('0+', {
      name: string(),
      metadata: bytes(),
    }),
    reason: string('8+', { nullable: '0+', default: null, ignorable: true }),
  },
  response: {
    throttleTimeMs: int32('2+', { ignorable: true }),
    errorCode: int16(),
    generationId: int32('0+', { default: -1 }),
    protocolType: string('7+', { nullable: '0+', default: null, ignorable: true }),
    protocolName: string('0+', { nullable: '7+' }),
    leader: string(),
    skipAssignment: bool('9+'),
    memberId: string(),
    members: array('0+', {
      memberId: string(),
      groupInstanceId: string('5+', { nullable: '0+', default: null, ignorable: true }),
      metadata: bytes(),
    }),
  },
});
