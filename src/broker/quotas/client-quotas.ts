/** The quotas that are set, whom each of them is for, and how far everybody is above theirs. */

import type { ConfigStore } from '../configs/config-store.ts';
import type { MetadataLog } from '../metadata-log.ts';
import type { Clock } from '../seams.ts';
import { CLIENT_ID, checkQuota, entityKey, entityOfKey, type QuotaEntity, USER } from './quota-entity.ts';
import { RateWindow } from './rate-window.ts';

/** Rates that are measured at a time; idle ones go before there are more. */
const MAX_RATES = 10_000;

export interface QuotaChange {
  readonly key: string;
  readonly value: number;
  readonly remove: boolean;
}

export interface ClientQuotasDeps {
  readonly configs: ConfigStore;
  readonly metadata: MetadataLog;
  readonly clock: Clock;
}

/** One entity with its quotas. */
export interface EntityQuotas {
  readonly entity: QuotaEntity;
  readonly values: ReadonlyMap<string, number>;
}

/** A quota in force for somebody, and what they share it with. */
interface AppliedQuota {
  readonly limit: number;
  readonly sharedBy: string;
}

export class ClientQuotas {
  readonly #deps: ClientQuotasDeps;
  readonly #rates = new Map<string, RateWindow>();

  constructor(deps: ClientQuotasDeps) {
    this.#deps = deps;
  }

  /** Whether there are any. */
  get any(): boolean {
    return this.#deps.configs.hasAny('quota');
  }

  all(): EntityQuotas[] {
    const { configs } = this.#deps;
    return configs.names('quota').map((key) => ({
      entity: entityOfKey(key),
      values: new Map(Object.entries(configs.dynamic('quota', key)).map(([name, value]) => [name, Number(value)])),
    }));
  }

  /** Throws KafkaProtocolError; then nothing has changed. */
  alter(entity: QuotaEntity, changes: readonly QuotaChange[], validateOnly: boolean): void {
    const { configs, metadata } = this.#deps;
    const name = entityKey(entity);
    const config: Record<string, string> = { ...configs.dynamic('quota', name) };
    for (const { key, value, remove } of changes) {
      if (!remove) checkQuota(entity, key, value);
      if (remove) delete config[key];
      else config[key] = String(value);
    }
    if (validateOnly) return;
    metadata.append({ type: 'config', scope: 'quota', name, config });
    configs.setDynamic('quota', name, config);
  }

  /** Counts `amount` for the user and client, and tells how long they must wait for their quota `key`, in milliseconds. */
  charge(key: string, user: string, clientId: string, amount: number): number {
    const quota = this.#quotaOf(key, user, clientId);
    if (quota === undefined) return 0;
    const nowMs = this.#deps.clock.nowMs();
    const rate = this.#rateOf(`${key} ${quota.sharedBy}`, nowMs);
    rate.record(amount, nowMs);
    return rate.throttleTimeMs(quota.limit, nowMs);
  }

  /** The most special one that is set, in the order of Kafka's `DefaultQuotaCallback`. */
  #quotaOf(key: string, user: string, clientId: string): AppliedQuota | undefined {
    for (const [userName, clientName] of [
      [user, clientId],
      [user, null],
      [user, undefined],
      [null, clientId],
      [null, null],
      [null, undefined],
      [undefined, clientId],
      [undefined, null],
    ] as const) {
      const entity = new Map<string, string | null>();
      if (userName !== undefined) entity.set(USER, userName);
      if (clientName !== undefined) entity.set(CLIENT_ID, clientName);
      const limit = this.#deps.configs.dynamic('quota', entityKey(entity))[key];
      if (limit === undefined) continue;
      // A default is everybody's own; a quota of a user alone is shared by all clients of that user.
      const sharedBy = JSON.stringify([userName === undefined ? null : user, clientName === undefined ? null : clientId]);
      return { limit: Number(limit), sharedBy };
    }
    return undefined;
  }

  #rateOf(name: string, nowMs: number): RateWindow {
    const known = this.#rates.get(name);
    if (known !== undefined) return known;
    if (this.#rates.size >= MAX_RATES) for (const [idle, rate] of this.#rates) if (rate.isIdle(nowMs)) this.#rates.delete(idle);
    const [oldest] = this.#rates.keys();
    if (this.#rates.size >= MAX_RATES && oldest !== undefined) this.#rates.delete(oldest);
    const { configs } = this.#deps;
    const rate = new RateWindow(configs.number('quota.window.num'), configs.number('quota.window.size.seconds') * 1000);
    this.#rates.set(name, rate);
    return rate;
  }
}
