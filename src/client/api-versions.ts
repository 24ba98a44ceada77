import { MillraceError } from '../errors.ts';
import type { Api, ApiVersions, ResponseOf } from '../protocol/index.ts';

type ApiVersionsResponse = ResponseOf<typeof ApiVersions>;

/** Limits that a caller sets to the negotiated version, where a message must have or must not have something. */
export interface VersionLimits {
  readonly minVersion?: number;
  readonly maxVersion?: number;
}

/** What one broker said it can do, in its answer to ApiVersions. */
export class BrokerVersions {
  readonly #broker: string;
  readonly #ranges = new Map<number, readonly [min: number, max: number]>();
  /** Level of each finalised feature of the cluster, such as `transaction.version` (KIP-584). */
  readonly features: ReadonlyMap<string, number>;
  /** Grows with every change of the features; -1 where the broker knows none. */
  readonly featuresEpoch: number;

  constructor(broker: string, response: Pick<ApiVersionsResponse, 'apiKeys' | 'finalizedFeatures' | 'finalizedFeaturesEpoch'>) {
    this.#broker = broker;
    for (const { apiKey, minVersion, maxVersion } of response.apiKeys) this.#ranges.set(apiKey, [minVersion, maxVersion]);
    this.features = new Map(response.finalizedFeatures.map(({ name, maxVersionLevel }) => [name, maxVersionLevel]));
    this.featuresEpoch = response.finalizedFeaturesEpoch;
  }

  /** True when there is a version that both sides know and the limits allow. */
  supports(api: Api, limits: VersionLimits = {}): boolean {
    const range = this.#common(api, limits);
    return range !== undefined && range[0] <= range[1];
  }

  /** The highest version that both sides know and the limits allow. Throws UNSUPPORTED_VERSION naming all ranges. */
  pick(api: Api, limits: VersionLimits = {}): number {
    const range = this.#common(api, limits);
    if (range !== undefined && range[0] <= range[1]) return range[1];
    const theirs = this.#ranges.get(api.key);
    const offer = theirs === undefined ? 'does not offer it' : `offers versions ${theirs[0]} to ${theirs[1]}`;
    const min = Math.max(api.versions[0], limits.minVersion ?? 0);
    const max = Math.min(api.versions[1], limits.maxVersion ?? Number.MAX_SAFE_INTEGER);
    throw new MillraceError(
      'UNSUPPORTED_VERSION',
      `${api.name} is needed in versions ${min} to ${max}, but broker ${this.#broker} ${offer}. Use a newer broker.`,
      { context: { broker: this.#broker, api: api.name } },
    );
  }

  #common(api: Api, limits: VersionLimits): readonly [min: number, max: number] | undefined {
    const theirs = this.#ranges.get(api.key);
    if (theirs === undefined) return undefined;
    const min = Math.max(api.versions[0], theirs[0], limits.minVersion ?? 0);
    const max = Math.min(api.versions[1], theirs[1], limits.maxVersion ?? Number.MAX_SAFE_INTEGER);
    return [min, max];
  }
}
