import { defineApi } from '../schema/define.ts';
import { array, int8, int16, int32, string } from '../schema/fields.ts';

/** Up to v3 one key, from v4 a list of keys. Key types: 0 group, 1 transaction, 2 share group. */
export const FindCoordinator = defineApi({
  key: 10,
  name: 'FindCoordinator',
  versions: [0, 6],
  flexibleFrom: 3,
  request: {
    key: string('0-3'),
    keyType: int8('1+'),
    coordinatorKeys: array('4+', string()),
  },
  response: {
    throttleTimeMs: int32('1+', { ignorable: true }),
    errorCode: int16('0-3'),
    errorMessage: string('1-3', { nullable: '0+', ignorable: true }),
    nodeId: int32('0-3'),
    host: string('0-3'),
    port: int32('0-3'),
    coordinators: array('4+', {
      key: string(),
      nodeId: int32(),
      host: string(),
      port: int32(),
      errorCode: int16(),
      errorMessage: string('0+', { nullable: '0+', ignorable: true }),
    }),
  },
});
