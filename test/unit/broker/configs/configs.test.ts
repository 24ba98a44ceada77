import { describe, expect, it } from 'vitest';
import { applyChanges } from '../../../../src/broker/configs/alter.ts';
import { BROKER_CONFIGS } from '../../../../src/broker/configs/broker-configs.ts';
import { ConfigStore } from '../../../../src/broker/configs/config-store.ts';
import { checkConfigValue } from '../../../../src/broker/configs/definition.ts';
import { ConfigSource, describeBrokerConfigs, describeTopicConfigs } from '../../../../src/broker/configs/describe.ts';
import { GROUP_CONFIGS, groupConfigSynonym } from '../../../../src/broker/configs/group-configs.ts';
import { checkTopicConfig, TOPIC_CONFIG_SYNONYMS, TOPIC_CONFIGS } from '../../../../src/broker/configs/topic-configs.ts';
import { ErrorCode } from '../../../../src/protocol/index.ts';

const byName = <T extends { readonly name: string }>(configs: readonly T[], name: string): T | undefined =>
  configs.find((config) => config.name === name);

describe('tables', () => {
  it('every default is a value that the config may have', () => {
    for (const table of [BROKER_CONFIGS, TOPIC_CONFIGS, GROUP_CONFIGS]) {
      for (const definition of table.values()) {
        if (definition.defaultValue !== null) expect(checkConfigValue(definition, definition.defaultValue)).toBeUndefined();
      }
    }
  });

  it('every synonym is a broker config, and defaults agree after conversion', () => {
    for (const [name, synonyms] of Object.entries(TOPIC_CONFIG_SYNONYMS)) {
      const topicDefault = TOPIC_CONFIGS.get(name)?.defaultValue;
      const withDefault = synonyms.filter((synonym) => BROKER_CONFIGS.get(synonym.name)?.defaultValue != null);
      for (const synonym of synonyms) expect(BROKER_CONFIGS.has(synonym.name), synonym.name).toBe(true);
      for (const synonym of withDefault) {
        const brokerDefault = BROKER_CONFIGS.get(synonym.name)?.defaultValue;
        expect(synonym.factor === 1 ? brokerDefault : String(Number(brokerDefault) * synonym.factor), name).toBe(topicDefault);
      }
    }
  });

  it('every group config but those only Streams and share groups have falls back to a broker config', () => {
    for (const name of GROUP_CONFIGS.keys()) {
      if (name.startsWith('consumer.')) expect(BROKER_CONFIGS.has(groupConfigSynonym(name)), name).toBe(true);
    }
  });
});

describe('checkTopicConfig', () => {
  it.each([
    [{ 'no.such.config': '1' }, 'Unknown topic config name: no.such.config'],
    [{ 'retention.ms': '-2' }, 'Invalid value -2 for configuration retention.ms: Value must be at least -1'],
    [{ 'retention.ms': 'soon' }, 'Invalid value soon for configuration retention.ms: Not a number of type LONG'],
    [{ 'segment.bytes': '1000' }, 'Invalid value 1000 for configuration segment.bytes: Value must be at least 1048576'],
    [{ 'segment.bytes': '3000000000' }, 'Invalid value 3000000000 for configuration segment.bytes: Not a number of type INT'],
    [
      { 'cleanup.policy': 'compact,keep' },
      'Invalid value compact,keep for configuration cleanup.policy: String must be one of: compact, delete',
    ],
    [{ preallocate: 'yes' }, 'Invalid value yes for configuration preallocate: Expected value to be either true or false'],
    [
      { 'min.compaction.lag.ms': '10', 'max.compaction.lag.ms': '5' },
      'conflict topic config setting min.compaction.lag.ms (10) > max.compaction.lag.ms (5)',
    ],
  ])('refuses %j', (config, message) => {
    expect(checkTopicConfig(config as unknown as Record<string, string>)).toBe(message);
  });

  it.each([
    { 'cleanup.policy': 'compact,delete' },
    { 'retention.ms': '-1', 'compression.gzip.level': '-1' },
    { 'internal.segment.bytes': '1000' },
    { 'max.compaction.lag.ms': '9223372036854775807' },
  ])('accepts %j', (config) => {
    expect(checkTopicConfig(config as unknown as Record<string, string>)).toBeUndefined();
  });
});

describe('describe', () => {
  it('shows what sets a topic config, strongest first', () => {
    const store = new ConfigStore({ 'log.retention.hours': '2' });
    const inherited = byName(describeTopicConfigs(store, {}), 'retention.ms');
    expect(inherited).toMatchObject({ value: '7200000', source: ConfigSource.STATIC_BROKER });
    store.setDynamic('broker', '', { 'log.retention.ms': '5' });
    const own = byName(describeTopicConfigs(store, { 'retention.ms': '1' }), 'retention.ms');
    expect(own).toMatchObject({ value: '1', source: ConfigSource.TOPIC });
    expect(own?.synonyms).toEqual([
      { name: 'retention.ms', value: '1', source: ConfigSource.TOPIC },
      { name: 'log.retention.ms', value: '5', source: ConfigSource.DYNAMIC_DEFAULT_BROKER },
      { name: 'log.retention.hours', value: '2', source: ConfigSource.STATIC_BROKER },
      { name: 'log.retention.hours', value: '168', source: ConfigSource.DEFAULT },
    ]);
    expect(store.effectiveTopicConfig({})).toMatchObject({ 'retention.ms': '5' });
  });

  it('shows all configs of a node, and of the cluster only what is set for it', () => {
    const store = new ConfigStore({});
    expect(describeBrokerConfigs(store, 1, {})).toHaveLength(BROKER_CONFIGS.size);
    expect(describeBrokerConfigs(store, undefined, {})).toEqual([]);
    store.setDynamic('broker', '', { 'log.cleaner.threads': '3' });
    expect(describeBrokerConfigs(store, undefined, {}).map(({ name, value }) => [name, value])).toEqual([['log.cleaner.threads', '3']]);
    store.setDynamic('broker', '2', { 'log.cleaner.threads': '4' });
    expect(byName(describeBrokerConfigs(store, 2, {}), 'log.cleaner.threads')).toMatchObject({
      value: '4',
      source: ConfigSource.DYNAMIC_BROKER,
      readOnly: false,
    });
    expect(byName(describeBrokerConfigs(store, 1, {}), 'node.id')).toMatchObject({ readOnly: true });
  });

  it('never shows a password', () => {
    const store = new ConfigStore({ 'ssl.keystore.password': 'secret' });
    const described = byName(describeBrokerConfigs(store, 1, {}), 'ssl.keystore.password');
    expect(described).toMatchObject({ value: null, sensitive: true });
    expect(JSON.stringify(described)).not.toContain('secret');
  });
});

describe('ConfigStore', () => {
  it('refuses a value that a known config cannot have and names the option', () => {
    expect(() => new ConfigStore({ 'num.partitions': '0' })).toThrowError(/num\.partitions/);
  });

  it('tells names that nothing knows', () => {
    expect(new ConfigStore({ 'num.partition': '3', 'num.partitions': '3' }).unknownNames()).toEqual(['num.partition']);
  });

  it('its live record follows dynamic changes', () => {
    const store = new ConfigStore({ 'group.max.size': '5' });
    const live = store.asLiveRecord();
    expect([live['group.max.size'], live['message.max.bytes']]).toEqual(['5', undefined]);
    store.setDynamic('broker', '', { 'message.max.bytes': '77' });
    expect(live['message.max.bytes']).toBe('77');
  });
});

describe('applyChanges', () => {
  const inForce = (): string => 'delete';
  const change = (name: string, operation: number, value: string | null) => [{ name, operation, value }];

  it('sets, deletes, appends and subtracts', () => {
    expect(applyChanges(TOPIC_CONFIGS, { 'retention.ms': '1' }, change('retention.ms', 0, '2'), inForce)).toEqual({ 'retention.ms': '2' });
    expect(applyChanges(TOPIC_CONFIGS, { 'retention.ms': '1' }, change('retention.ms', 1, null), inForce)).toEqual({});
    expect(applyChanges(TOPIC_CONFIGS, {}, change('cleanup.policy', 2, 'compact'), inForce)).toEqual({
      'cleanup.policy': 'delete,compact',
    });
    expect(applyChanges(TOPIC_CONFIGS, {}, change('cleanup.policy', 3, 'delete'), inForce)).toEqual({ 'cleanup.policy': '' });
  });

  it.each([
    [change('retention.ms', 2, '1'), ErrorCode.INVALID_CONFIG],
    [change('retention.ms', 0, null), ErrorCode.INVALID_REQUEST],
    [change('retention.ms', 9, '1'), ErrorCode.INVALID_REQUEST],
    [[...change('retention.ms', 0, '1'), ...change('retention.ms', 0, '2')], ErrorCode.INVALID_REQUEST],
  ])('refuses %j', (changes, code) => {
    expect(() => applyChanges(TOPIC_CONFIGS, {}, changes, inForce)).toThrowError(expect.objectContaining({ code }));
  });
});
