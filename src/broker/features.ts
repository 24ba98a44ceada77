/** Levels of the cluster's features (KIP-584): what they can be, what they are, and changing them. */

import { ErrorCode, KafkaProtocolError } from '../protocol/index.ts';
import type { ConfigStore } from './configs/config-store.ts';
import type { MetadataLog } from './metadata-log.ts';

export interface Feature {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  readonly finalized: number;
}

/** What each feature can be; the highest level is the default. */
const SUPPORTED: readonly Omit<Feature, 'finalized'>[] = [
  // 2 is what makes Java clients use the second transaction protocol (KIP-890).
  { name: 'transaction.version', min: 0, max: 2 },
  // 1 is the consumer group protocol of KIP-848.
  { name: 'group.version', min: 0, max: 1 },
];

/** `FeatureUpdate.UpgradeType`. */
export const UpgradeType = { UPGRADE: 1, SAFE_DOWNGRADE: 2, UNSAFE_DOWNGRADE: 3 } as const;

export interface FeatureUpdate {
  readonly name: string;
  readonly level: number;
  /** One of {@link UpgradeType}. */
  readonly upgradeType: number;
}

/** As they are now; levels that were set at the start as configs hold until they are updated. */
export function featuresOf(configs: ConfigStore): Feature[] {
  return SUPPORTED.map((feature) => ({ ...feature, finalized: Number(configs.explicit(feature.name) ?? feature.max) }));
}

/** Rises with every change, also over restarts: clients take the features with the highest they have seen. */
export function featuresEpoch(configs: ConfigStore): number {
  return SUPPORTED.reduce((epoch, { name }) => epoch + Number(configs.dynamic('feature', name).changes ?? 0), 1);
}

/** Throws INVALID_UPDATE_VERSION in the words of Kafka's `FeatureControlManager`. */
export function checkFeatureUpdate(configs: ConfigStore, controllerId: number, { name, level, upgradeType }: FeatureUpdate): void {
  const invalid = (reason: string): KafkaProtocolError =>
    new KafkaProtocolError(ErrorCode.INVALID_UPDATE_VERSION, `Invalid update version ${level} for feature ${name}. ${reason}`);
  const known: readonly number[] = Object.values(UpgradeType);
  if (!known.includes(upgradeType)) throw invalid('The controller does not support the given upgrade type.');
  const feature = featuresOf(configs).find((each) => each.name === name);
  if (level < 0) throw invalid('A feature version cannot be less than 0.');
  if (feature === undefined) throw invalid(`Local controller ${controllerId} does not support this feature.`);
  if (level < feature.min || level > feature.max) {
    throw invalid(`Local controller ${controllerId} only supports versions ${feature.min}-${feature.max}`);
  }
  if (level < feature.finalized && upgradeType === UpgradeType.UPGRADE) {
    throw invalid("Can't downgrade the version of this feature without setting the upgrade type to either safe or unsafe downgrade.");
  }
  if (level > feature.finalized && upgradeType !== UpgradeType.UPGRADE) throw invalid("Can't downgrade to a newer version.");
}

/** Sets a level for good; the update was checked. */
export function setFeature(configs: ConfigStore, metadata: MetadataLog, { name, level }: FeatureUpdate): void {
  const config = { level: String(level), changes: String(Number(configs.dynamic('feature', name).changes ?? 0) + 1) };
  metadata.append({ type: 'config', scope: 'feature', name, config });
  configs.setDynamic('feature', name, config);
}
