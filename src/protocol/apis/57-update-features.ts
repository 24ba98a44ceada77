import { defineApi } from '../schema/define.ts';
import { array, bool, int8, int16, int32, string } from '../schema/fields.ts';

/** KIP-584, KIP-778. Upgrade types: 1 upgrade, 2 safe downgrade, 3 unsafe downgrade. */
export const UpdateFeatures = defineApi({
  key: 57,
  name: 'UpdateFeatures',
  versions: [0, 2],
  flexibleFrom: 0,
  request: {
    timeoutMs: int32('0+', { default: 60_000 }),
    featureUpdates: array('0+', {
      feature: string(),
      maxVersionLevel: int16(),
      allowDowngrade: bool('0'),
      upgradeType: int8('1+', { default: 1 }),
    }),
    validateOnly: bool('1+', { default: false }),
  },
  response: {
    throttleTimeMs: int32('0+', { default: 0 }),
    errorCode: int16(),
    errorMessage: string('0+', { nullable: '0+', default: null }),
    results: array(
      '0-1',
      {
        feature: string(),
        errorCode: int16(),
        errorMessage: string('0+', { nullable: '0+', default: null }),
      },
      { ignorable: true },
    ),
  },
});
