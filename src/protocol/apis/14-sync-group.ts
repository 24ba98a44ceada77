import { defineApi } from '../schema/define.ts';
import { array, bytes, int16, int32, string } from '../schema/fields.ts';

/** 3 brought static membership (KIP-345), 5 the protocol's type and name (KIP-559). */
export const SyncGroup = defineApi({
  key: 14,
  name: 'SyncGroup',
  versions: [0, 5],
  flexibleFrom: 4,
  request: {
    groupId: string(),
    generationId: int32(),
    memberId: string(),
    groupInstanceId: string('3+', { nullable: '0+', default: null }),
    protocolType: string('5+', { nullable: '0+', default: null, ignorable: true }),
    protocolName: string('5+', { nullable: '0+', default: null, ignorable: true }),
    assignments: array('0+', {
      memberId: string(),
      assignment: bytes(),
    }),
  },
  response: {
    throttleTimeMs: int32('1+', { ignorable: true }),
    errorCode: int16(),
    protocolType: string('5+', { nullable: '0+', default: null, ignorable: true }),
    protocolName: string('5+', { nullable: '0+', default: null, ignorable: true }),
    assignment: bytes(),
  },
});
