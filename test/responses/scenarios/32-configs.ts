import {
  AlterConfigs,
  DescribeConfigs,
  IncrementalAlterConfigs,
  ListConfigResources,
  type RequestInput,
} from '../../../src/protocol/index.ts';
import { makeTopic } from '../preparation.ts';
import { type Scenario, type Talk, versionsOf } from '../talk.ts';

const TOPIC = 2;
const BROKER = 4;
const BROKER_LOGGER = 8;
const CLIENT_METRICS = 16;
const GROUP = 32;
const FIRST_DOCUMENTATION_VERSION = 3;
const [SET, DELETE, APPEND, SUBTRACT] = [0, 1, 2, 3];
/** Broker configs that are described by name: all of them would be those of a network of machines, too. */
const BROKER_CONFIGS = [
  'num.partitions',
  'log.retention.ms',
  'log.retention.hours',
  'message.max.bytes',
  'auto.create.topics.enable',
  'log.cleanup.policy',
];

export const configs: Scenario = {
  name: '32-configs',
  async run(talk) {
    await makeTopic(talk, 'configs', 1, { 'cleanup.policy': 'compact' });
    for (const version of versionsOf(DescribeConfigs)) await describing(talk, version);
    for (const version of versionsOf(IncrementalAlterConfigs)) await altering(talk, version);
    for (const version of versionsOf(AlterConfigs)) await replacing(talk, version);
    for (const version of versionsOf(ListConfigResources)) await listing(talk, version);
  },
};

async function describing(talk: Talk, version: number): Promise<void> {
  type Request = RequestInput<typeof DescribeConfigs>;
  const ask = (
    step: string,
    resourceType: number,
    resourceName: string,
    configurationKeys: string[] | null = null,
    rest: Partial<Request> = {},
  ) => talk.ask(step, DescribeConfigs, version, { resources: [{ resourceType, resourceName, configurationKeys }], ...rest });
  await ask('all of a topic', TOPIC, 'configs');
  await ask('with synonyms', TOPIC, 'configs', null, { includeSynonyms: true });
  await ask('two of a topic', TOPIC, 'configs', ['cleanup.policy', 'retention.ms']);
  await ask('an unknown one of a topic', TOPIC, 'configs', ['no.such.config']);
  await ask('none of a topic', TOPIC, 'configs', []);
  await ask('an unknown topic', TOPIC, 'configs-nowhere');
  await ask('an invalid topic', TOPIC, 'no such/topic');
  await ask('an empty topic', TOPIC, '');
  await ask('some of a broker', BROKER, '1', BROKER_CONFIGS, { includeSynonyms: true });
  await ask('some of all brokers', BROKER, '', BROKER_CONFIGS);
  await ask('an unknown broker', BROKER, '9', BROKER_CONFIGS);
  await ask('a broker without a number', BROKER, 'x', BROKER_CONFIGS);
  await ask('a group', GROUP, 'configs-group');
  await ask('an empty group', GROUP, '');
  await ask('metrics of clients', CLIENT_METRICS, 'configs-metrics');
  await ask('an unknown kind', 99, 'x');
  await talk.ask('two topics', DescribeConfigs, version, {
    resources: ['configs', 'configs-nowhere'].map((resourceName) => ({
      resourceType: TOPIC,
      resourceName,
      configurationKeys: ['retention.ms'],
    })),
  });
  await talk.ask('nothing', DescribeConfigs, version, { resources: [] });
  if (version < FIRST_DOCUMENTATION_VERSION) return;
  await ask('with documentation', TOPIC, 'configs', ['retention.ms'], { includeDocumentation: true });
}

async function altering(talk: Talk, version: number): Promise<void> {
  const name = `configs-alter-${version}`;
  await makeTopic(talk, name, 1);
  type Change = readonly [config: string, operation: number | undefined, value: string | null];
  const ask = async (step: string, changes: readonly Change[], resourceType = TOPIC, resourceName = name, validateOnly = false) => {
    const asked = changes.map(([config, configOperation, value]) => ({ name: config, configOperation: configOperation ?? 0, value }));
    await talk.ask(step, IncrementalAlterConfigs, version, { resources: [{ resourceType, resourceName, configs: asked }], validateOnly });
    if (resourceType !== TOPIC || resourceName !== name) return;
    const described = {
      resources: [{ resourceType, resourceName, configurationKeys: ['cleanup.policy', 'retention.ms'] }],
      includeSynonyms: true,
    };
    await talk.settled();
    await talk.ask(`after ${version}: ${step}`, DescribeConfigs, 4, described);
  };
  await ask('only checked', [['retention.ms', SET, '1000']], TOPIC, name, true);
  await ask('set', [['retention.ms', SET, '100000000000']]);
  await ask('append', [['cleanup.policy', APPEND, 'compact']]);
  await ask('append what is there', [['cleanup.policy', APPEND, 'compact']]);
  await ask('subtract', [['cleanup.policy', SUBTRACT, 'delete']]);
  await ask('subtract what is not there', [['cleanup.policy', SUBTRACT, 'delete']]);
  await ask('delete', [['retention.ms', DELETE, null]]);
  await ask('delete what is not set', [['retention.bytes', DELETE, null]]);
  await ask('append to a number', [['retention.ms', APPEND, '5']]);
  await ask('no value', [['retention.ms', SET, null]]);
  await ask('a bad value', [['retention.ms', SET, 'long']]);
  await ask('an unknown config', [['no.such.config', SET, '1']]);
  await ask('an unknown operation', [['retention.ms', 9, '5']]);
  await ask('a config twice', [
    ['retention.ms', SET, '5'],
    ['retention.ms', SET, '6'],
  ]);
  await ask('nothing', []);
  await ask('an unknown topic', [['retention.ms', SET, '5']], TOPIC, 'configs-nowhere');
  await ask('an empty topic', [['retention.ms', SET, '5']], TOPIC, '');
  await ask('a broker', [['log.retention.ms', SET, '600000000']], BROKER, '1');
  await ask('a broker, undone', [['log.retention.ms', DELETE, null]], BROKER, '1');
  await ask('a broker, a config that is read-only', [['node.id', SET, '5']], BROKER, '1');
  await ask('a broker, a bad value', [['log.retention.ms', SET, 'x']], BROKER, '1');
  await ask('a broker, an unknown config', [['no.such.config', SET, '5']], BROKER, '1');
  await ask('an unknown broker', [['log.retention.ms', SET, '5']], BROKER, '9');
  await ask('a broker without a number', [['log.retention.ms', SET, '5']], BROKER, 'x');
  await ask('a group', [['consumer.session.timeout.ms', SET, '50000']], GROUP, 'configs-group');
  await ask('a group, an unknown config', [['no.such.config', SET, '5']], GROUP, 'configs-group');
  await ask('a group, out of bounds', [['consumer.session.timeout.ms', SET, '5']], GROUP, 'configs-group');
  await ask('an unknown kind', [['x', SET, '5']], 99, 'x');
  await ask('loggers of a broker', [['no.such.logger', SET, 'NOISY']], BROKER_LOGGER, '1');
  const topic = { resourceType: TOPIC, resourceName: name, configs: [{ name: 'retention.ms', configOperation: 0, value: '7' }] };
  await talk.ask('a topic twice', IncrementalAlterConfigs, version, { resources: [topic, topic], validateOnly: false });
  await talk.ask('no resources', IncrementalAlterConfigs, version, { resources: [], validateOnly: false });
}

async function replacing(talk: Talk, version: number): Promise<void> {
  const name = `configs-replace-${version}`;
  await makeTopic(talk, name, 1);
  const ask = async (
    step: string,
    values: Readonly<Record<string, string | null>>,
    resourceName = name,
    resourceType = TOPIC,
    validateOnly = false,
  ) => {
    const changes = Object.entries(values).map(([config, value]) => ({ name: config, value }));
    await talk.ask(step, AlterConfigs, version, { resources: [{ resourceType, resourceName, configs: changes }], validateOnly });
    if (resourceName !== name) return;
    const described = {
      resources: [{ resourceType, resourceName, configurationKeys: ['cleanup.policy', 'retention.ms'] }],
      includeSynonyms: true,
    };
    await talk.settled();
    await talk.ask(`replaced with ${version}: ${step}`, DescribeConfigs, 4, described);
  };
  await ask('only checked', { 'cleanup.policy': 'compact' }, name, TOPIC, true);
  await ask('one', { 'cleanup.policy': 'compact' });
  await ask('another', { 'retention.ms': '5000000' });
  await ask('a bad value', { 'retention.ms': 'long' });
  await ask('no value', { 'retention.ms': null });
  await ask('an unknown config', { 'no.such.config': '1' });
  await ask('none', {});
  await ask('an unknown topic', { 'retention.ms': '1' }, 'configs-nowhere');
  await ask('an unknown kind', { x: '1' }, 'x', 99);
  await talk.ask('nothing', AlterConfigs, version, { resources: [], validateOnly: false });
}

async function listing(talk: Talk, version: number): Promise<void> {
  if (version === 0) {
    await talk.ask('of client metrics', ListConfigResources, version, {});
    return;
  }
  for (const type of [CLIENT_METRICS, GROUP, 99]) await talk.ask(`type ${type}`, ListConfigResources, version, { resourceTypes: [type] });
}
