/** DescribeConfigs: every known config with its value, where that comes from, and what else would set it. */

import { BROKER_CONFIGS } from './broker-configs.ts';
import { CLUSTER_DEFAULT, type Config, type ConfigStore } from './config-store.ts';
import type { ConfigDefinition, ConfigTable } from './definition.ts';
import { CLIENT_METRICS_CONFIGS, GROUP_CONFIGS, groupConfigSynonym } from './group-configs.ts';
import { TOPIC_CONFIG_SYNONYMS, TOPIC_CONFIGS } from './topic-configs.ts';

/** Kafka's `ConfigSource` numbers. */
export const ConfigSource = {
  TOPIC: 1,
  DYNAMIC_BROKER: 2,
  DYNAMIC_DEFAULT_BROKER: 3,
  STATIC_BROKER: 4,
  DEFAULT: 5,
  DYNAMIC_BROKER_LOGGER: 6,
  CLIENT_METRICS: 7,
  GROUP: 8,
} as const;

export interface ConfigSynonym {
  readonly name: string;
  readonly value: string | null;
  readonly source: number;
}

export interface DescribedConfig extends ConfigSynonym {
  readonly definition: ConfigDefinition;
  readonly readOnly: boolean;
  readonly sensitive: boolean;
  /** Everything that sets it, strongest first, itself included. */
  readonly synonyms: readonly ConfigSynonym[];
}

const DEFAULT_ONLY = new Set<number>([ConfigSource.DEFAULT]);

/** What sets one broker config, strongest first. `nodeId` undefined: the view of the whole cluster. */
function brokerChain(store: ConfigStore, name: string, nodeId: number | undefined): ConfigSynonym[] {
  const chain: ConfigSynonym[] = [];
  const add = (value: string | null | undefined, source: number): void => {
    if (value !== undefined && value !== null) chain.push({ name, value, source });
  };
  if (nodeId !== undefined) add(store.dynamic('broker', String(nodeId))[name], ConfigSource.DYNAMIC_BROKER);
  add(store.dynamic('broker', CLUSTER_DEFAULT)[name], ConfigSource.DYNAMIC_DEFAULT_BROKER);
  add(store.static[name], ConfigSource.STATIC_BROKER);
  add(BROKER_CONFIGS.get(name)?.defaultValue, ConfigSource.DEFAULT);
  return chain;
}

/** Explicit values of all names before the defaults of any, as Kafka orders `log.retention.ms`, `.minutes`, `.hours`. */
function chainOfAll(store: ConfigStore, names: readonly string[], nodeId: number | undefined): ConfigSynonym[] {
  const all = names.flatMap((name) => brokerChain(store, name, nodeId));
  return [...all.filter((entry) => !DEFAULT_ONLY.has(entry.source)), ...all.filter((entry) => DEFAULT_ONLY.has(entry.source))];
}

function described(
  definition: ConfigDefinition,
  chain: readonly ConfigSynonym[],
  value: string | null,
  readOnly: boolean,
): DescribedConfig {
  const sensitive = definition.type === 'PASSWORD';
  return {
    name: definition.name,
    definition,
    value: sensitive ? null : value,
    source: chain[0]?.source ?? ConfigSource.DEFAULT,
    readOnly,
    sensitive,
    synonyms: sensitive ? chain.map((entry) => ({ ...entry, value: null })) : chain,
  };
}

export function describeTopicConfigs(store: ConfigStore, own: Config, nodeId?: number): DescribedConfig[] {
  const effective = store.effectiveTopicConfig(own);
  return [...TOPIC_CONFIGS.values()].map((definition) => {
    const { name } = definition;
    const names = (TOPIC_CONFIG_SYNONYMS[name] ?? []).map((synonym) => synonym.name);
    const chain = chainOfAll(store, names, nodeId);
    const value = own[name];
    if (value !== undefined) chain.unshift({ name, value, source: ConfigSource.TOPIC });
    return described(definition, chain, effective[name] ?? definition.defaultValue, false);
  });
}

const BROKER_FAMILIES: readonly (readonly string[])[] = Object.values(TOPIC_CONFIG_SYNONYMS)
  .map((synonyms) => synonyms.map((synonym) => synonym.name))
  .filter((names) => names.length > 1);

/** `nodeId` undefined: only what is set as dynamic default of the whole cluster, as Kafka answers for the broker ''. */
export function describeBrokerConfigs(store: ConfigStore, nodeId: number | undefined, facts: Config): DescribedConfig[] {
  const result: DescribedConfig[] = [];
  for (const definition of BROKER_CONFIGS.values()) {
    const { name } = definition;
    const family = BROKER_FAMILIES.find((names) => names.includes(name));
    const names = family === undefined ? [name] : family.slice(family.indexOf(name));
    const chain = chainOfAll(store, names, nodeId);
    const fact = facts[name];
    if (fact !== undefined) chain.unshift({ name, value: fact, source: ConfigSource.STATIC_BROKER });
    if (nodeId === undefined && chain[0]?.source !== ConfigSource.DYNAMIC_DEFAULT_BROKER) continue;
    const value = fact ?? store.value(name, nodeId);
    result.push(described(definition, chain, value, definition.limits.dynamic === undefined));
  }
  return result;
}

function describeSimple(table: ConfigTable, own: Config, source: number, fallback: (name: string) => ConfigSynonym[]): DescribedConfig[] {
  return [...table.values()].map((definition) => {
    const chain = fallback(definition.name);
    const value = own[definition.name];
    if (value !== undefined) chain.unshift({ name: definition.name, value, source });
    if (chain.length === 0 && definition.defaultValue !== null) {
      chain.push({ name: definition.name, value: definition.defaultValue, source: ConfigSource.DEFAULT });
    }
    return described(definition, chain, chain[0]?.value ?? null, false);
  });
}

export function describeGroupConfigs(store: ConfigStore, group: string): DescribedConfig[] {
  const own = store.dynamic('group', group);
  return describeSimple(GROUP_CONFIGS, own, ConfigSource.GROUP, (name) => brokerChain(store, groupConfigSynonym(name), undefined));
}

export function describeClientMetricsConfigs(store: ConfigStore, name: string): DescribedConfig[] {
  return describeSimple(CLIENT_METRICS_CONFIGS, store.dynamic('client-metrics', name), ConfigSource.CLIENT_METRICS, () => []);
}
