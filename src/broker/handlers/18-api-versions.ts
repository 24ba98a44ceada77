import { type ApiVersions, ErrorCode, type RequestOf, type ResponseInput } from '../../protocol/index.ts';
import type { ServedRequest } from '../dispatcher.ts';
import { featuresEpoch, featuresOf } from '../features.ts';
import type { HandlerDeps } from './deps.ts';

type Request = RequestOf<typeof ApiVersions>;
type Response = ResponseInput<typeof ApiVersions>;

/** What clients may call themselves (Kafka: `ApiVersionsRequest.isValid`). */
const SOFTWARE = /^[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?$/;
const FIRST_SOFTWARE_VERSION = 3;
/** From here on decoders of Java clients can read features whose minimum is 0 (KAFKA-17011). */
const FIRST_ZERO_MINIMUM_VERSION = 4;

/**
 * ApiVersions, versions 0 to 4. A newer one is answered here in version 0 with UNSUPPORTED_VERSION and the whole list
 * (KIP-511); then there is no request.
 */
export function apiVersionsHandler(deps: HandlerDeps) {
  return (request: Request | undefined, context: ServedRequest): Response => {
    const errorCode = errorOf(request, context.apiVersion);
    const apiKeys = [...deps.served()].map(({ api, versions }) => ({ apiKey: api.key, minVersion: versions[0], maxVersion: versions[1] }));
    // An old client that gets features it cannot decode is worse off than one that gets none.
    if (errorCode !== ErrorCode.NONE) return { errorCode, apiKeys: errorCode === ErrorCode.UNSUPPORTED_VERSION ? apiKeys : [] };
    const features = featuresOf(deps.configs);
    return {
      errorCode,
      apiKeys,
      supportedFeatures: features
        .filter((feature) => feature.min > 0 || context.apiVersion >= FIRST_ZERO_MINIMUM_VERSION)
        .map(({ name, min, max }) => ({ name, minVersion: min, maxVersion: max })),
      finalizedFeaturesEpoch: featuresEpoch(deps.configs),
      finalizedFeatures: features
        .filter((feature) => feature.finalized > 0)
        .map(({ name, finalized }) => ({ name, maxVersionLevel: finalized, minVersionLevel: finalized })),
    };
  };
}

function errorOf(request: Request | undefined, version: number): number {
  if (request === undefined) return ErrorCode.UNSUPPORTED_VERSION;
  if (version < FIRST_SOFTWARE_VERSION) return ErrorCode.NONE;
  const valid = SOFTWARE.test(request.clientSoftwareName) && SOFTWARE.test(request.clientSoftwareVersion);
  return valid ? ErrorCode.NONE : ErrorCode.INVALID_REQUEST;
}
