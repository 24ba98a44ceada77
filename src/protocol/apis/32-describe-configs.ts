import { defineApi } from '../schema/define.ts';
import { array, bool, int8, int16, int32, string } from '../schema/fields.ts';

/**
 * Resource types: 2 topic, 4 broker, 8 broker logger, 16 client metrics, 32 group. Null keys ask for all configs.
 */
export const DescribeConfigs = defineApi({
  key: 32,
  name: 'DescribeConfigs',
  versions: [1, 4],
  flexibleFrom: 4,
  request: {
    resources: array('0+', {
      resourceType: int8(),
      resourceName: string(),
      configurationKeys: array('0+', string(), { nullable: '0+' }),
    }),
    includeSynonyms: bool('0+', { default: false }),
    includeDocumentation: bool('3+'),
  },
  response: {
    throttleTimeMs: int32('0+', { default: 0 }),
    results: array('0+', {
      errorCode: int16(),
      errorMessage: string('0+', { nullable: '0+' }),
      resourceType: int8(),
      resourceName: string(),
      configs: array('0+', {
        name: string(),
        value: string('0+', { nullable: '0+' }),
        readOnly: bool(),
        configSource: int8('0+', { default: -1, ignorable: true }),
        isSensitive: bool(),
        synonyms: array(
          '0+',
          {
            name: string(),
            value: string('0+', { nullable: '0+' }),
            source: int8(),
          },
          { ignorable: true },
        ),
        configType: int8('3+', { ignorable: true }),
        documentation: string('3+', { nullable: '0+', ignorable: true }),
      }),
    }),
  },
});
