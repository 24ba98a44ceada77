import { ErrorCode, type RequestOf, type ResponseInput, type UpdateFeatures } from '../../protocol/index.ts';
import type { ServedRequest } from '../dispatcher.ts';
import { checkFeatureUpdate, type FeatureUpdate, setFeature, UpgradeType } from '../features.ts';
import type { HandlerDeps } from './deps.ts';
import { type Failure, failureOf } from './failure.ts';

type Request = RequestOf<typeof UpdateFeatures>;
type Response = ResponseInput<typeof UpdateFeatures>;

/**
 * UpdateFeatures, versions 0 to 2: `transaction.version` and `group.version`. All or nothing: one update that cannot be
 * made fails the others with it.
 */
export function updateFeaturesHandler(deps: HandlerDeps) {
  return (request: Request, context: ServedRequest): Response => {
    const updates = request.featureUpdates.map((update): FeatureUpdate => {
      const oldType = update.allowDowngrade ? UpgradeType.SAFE_DOWNGRADE : UpgradeType.UPGRADE;
      return {
        name: update.feature,
        level: update.maxVersionLevel,
        upgradeType: context.apiVersion === 0 ? oldType : update.upgradeType,
      };
    });
    const failure = firstFailure(deps, updates);
    if (failure !== undefined) {
      const errorMessage = `The update failed for all features since the following feature had an error: ${failure.message}`;
      return { errorCode: failure.code, errorMessage, results: [] };
    }
    if (!request.validateOnly) for (const update of updates) setFeature(deps.configs, deps.metadata, update);
    return {
      errorCode: ErrorCode.NONE,
      results: updates.map(({ name }) => ({ feature: name, errorCode: ErrorCode.NONE, errorMessage: 'NONE' })),
    };
  };
}

function firstFailure(deps: HandlerDeps, updates: readonly FeatureUpdate[]): Failure | undefined {
  try {
    for (const update of updates) checkFeatureUpdate(deps.configs, deps.nodes.controllerId(), update);
    return undefined;
  } catch (error) {
    return failureOf(deps, 'updating features', error);
  }
}
