import { type DescribeConfigs, ErrorCode, type RequestOf, type ResponseInput } from '../../protocol/index.ts';
import { CONFIG_TYPE_CODE } from '../configs/definition.ts';
import type { DescribedConfig } from '../configs/describe.ts';
import type { ServedRequest } from '../dispatcher.ts';
import { configResource } from './config-resources.ts';
import type { HandlerDeps } from './deps.ts';
import { failureOf } from './failure.ts';

type Request = RequestOf<typeof DescribeConfigs>;
type Response = ResponseInput<typeof DescribeConfigs>;
type Result = Response['results'][number];

/** DescribeConfigs, versions 1 to 4: topics, brokers, groups and client metrics. */
export function describeConfigsHandler(deps: HandlerDeps) {
  return (request: Request, context: ServedRequest): Response => ({
    results: request.resources.map((resource): Result => {
      const { resourceType, resourceName, configurationKeys } = resource;
      try {
        const described = configResource(deps, resourceType, resourceName, context.nodeId).describe();
        // Kafka takes an empty list for "all" too.
        const wanted = configurationKeys === null || configurationKeys.length === 0 ? undefined : new Set(configurationKeys);
        const configs = described.filter(({ name }) => wanted?.has(name) ?? true).map((config) => answer(config, request));
        // Kafka's message of no error, which is not null here.
        return { errorCode: ErrorCode.NONE, errorMessage: '', resourceType, resourceName, configs };
      } catch (error) {
        const { code, message } = failureOf(deps, `describing configs of ${resourceName}`, error);
        return { errorCode: code, errorMessage: message, resourceType, resourceName, configs: [] };
      }
    }),
  });
}

function answer(config: DescribedConfig, request: Request): Result['configs'][number] {
  const { name, value, readOnly, source, sensitive, synonyms, definition } = config;
  return {
    name,
    value,
    readOnly,
    configSource: source,
    isSensitive: sensitive,
    synonyms: request.includeSynonyms
      ? synonyms.map((synonym) => ({ name: synonym.name, value: synonym.value, source: synonym.source }))
      : [],
    configType: CONFIG_TYPE_CODE[definition.type],
    documentation: request.includeDocumentation ? definition.documentation : null,
  };
}
