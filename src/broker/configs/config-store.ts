/** Values of all configs that are not a topic's own: static, dynamic per broker or cluster, groups, client metrics. */

import { MillraceError } from '../../errors.ts';
import { BROKER_CONFIGS } from './broker-configs.ts';
import { checkConfigValue } from './definition.ts';
import { TOPIC_CONFIG_SYNONYMS } from './topic-configs.ts';

export type Config = Readonly<Record<string, string>>;

/** What dynamic configs belong to. The empty broker name is the default of the whole cluster. */
export type ConfigScope = 'broker' | 'group' | 'client-metrics' | 'feature' | 'quota';

/** The broker name under which the cluster-wide dynamic defaults are kept. */
export const CLUSTER_DEFAULT = '';

const EMPTY: Config = Object.freeze({});

/** Settings of this broker that Kafka has none of, or has as a feature level; accepted in the static configuration. */
const OWN_SETTINGS = new Set([
  'transaction.version',
  'group.version',
  'topic.replication.clamp',
  'fetch.response.memory.bytes',
  // In Kafka these belong to the authorizer.
  'super.users',
  'allow.everyone.if.no.acl.found',
]);

export class ConfigStore {
  /** What the broker was started with. */
  readonly static: Config;
  readonly #scopes: Record<ConfigScope, Map<string, Config>> = {
    broker: new Map(),
    group: new Map(),
    'client-metrics': new Map(),
    feature: new Map(),
    quota: new Map(),
  };
  readonly #listeners = new Set<(scope: ConfigScope, name: string) => void>();

  /** INVALID_CONFIG when a known config has a value it cannot have. Unknown names are kept: Kafka allows them for plug-ins. */
  constructor(staticConfig: Config) {
    for (const [name, value] of Object.entries(staticConfig)) {
      const definition = BROKER_CONFIGS.get(name);
      const problem = definition === undefined ? undefined : checkConfigValue(definition, value);
      if (problem !== undefined) throw new MillraceError('INVALID_CONFIG', `${problem}.`, { fatal: true, context: { option: name } });
    }
    this.static = Object.freeze({ ...staticConfig });
  }

  /** Names in the static configuration that nothing here knows: probably misspelt. */
  unknownNames(): string[] {
    return Object.keys(this.static).filter((name) => !BROKER_CONFIGS.has(name) && !OWN_SETTINGS.has(name));
  }

  dynamic(scope: ConfigScope, name: string): Config {
    return this.#scopes[scope].get(name) ?? EMPTY;
  }

  hasAny(scope: ConfigScope): boolean {
    return this.#scopes[scope].size > 0;
  }

  names(scope: ConfigScope): string[] {
    return [...this.#scopes[scope].keys()];
  }

  /** Replaces the dynamic configs of one thing; an empty object removes them. */
  setDynamic(scope: ConfigScope, name: string, config: Config): void {
    if (Object.keys(config).length === 0) this.#scopes[scope].delete(name);
    else this.#scopes[scope].set(name, Object.freeze({ ...config }));
    for (const listener of this.#listeners) listener(scope, name);
  }

  /** Calls back after every change of dynamic configs. Returns the canceller. */
  onChange(listener: (scope: ConfigScope, name: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** What was set for a broker config: on the node, for the cluster, at start. Undefined: the default holds. */
  explicit(name: string, nodeId?: number): string | undefined {
    const onNode = nodeId === undefined ? undefined : this.dynamic('broker', String(nodeId))[name];
    return onNode ?? this.dynamic('broker', CLUSTER_DEFAULT)[name] ?? this.dynamic('feature', name).level ?? this.static[name];
  }

  /** A broker config in force; null when it is not set and has no default. */
  value(name: string, nodeId?: number): string | null {
    return this.explicit(name, nodeId) ?? BROKER_CONFIGS.get(name)?.defaultValue ?? null;
  }

  /** A numeric broker config in force. */
  number(name: string): number {
    return Number(this.value(name));
  }

  boolean(name: string): boolean {
    return this.value(name)?.trim().toLowerCase() === 'true';
  }

  /** A topic's configs with what brokers set as defaults for them; what is left out has Kafka's default. */
  effectiveTopicConfig(own: Config): Record<string, string> {
    const effective: Record<string, string> = {};
    for (const [name, synonyms] of Object.entries(TOPIC_CONFIG_SYNONYMS)) {
      for (const synonym of synonyms) {
        const value = this.explicit(synonym.name);
        if (value === undefined) continue;
        effective[name] = synonym.factor === 1 ? value : String(Number(value) * synonym.factor);
        break;
      }
    }
    return Object.assign(effective, own);
  }

  /** Every explicitly set broker config as properties that are read anew each time, so that dynamic changes are seen. */
  asLiveRecord(): Readonly<Record<string, string | undefined>> {
    const record: Record<string, string | undefined> = {};
    for (const name of new Set([...BROKER_CONFIGS.keys(), ...OWN_SETTINGS, ...Object.keys(this.static)])) {
      Object.defineProperty(record, name, { enumerable: true, get: () => this.explicit(name) });
    }
    return record;
  }
}
