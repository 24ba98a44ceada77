import { type KafkaClient, kafkaFailure, type Target } from '../../client/index.ts';
import { DescribeConfigs, IncrementalAlterConfigs } from '../../protocol/index.ts';

/** What a config belongs to, with Kafka's numbers of `ConfigResource.Type`. */
export const RESOURCE_TYPES = { topic: 2, broker: 4, 'broker-logger': 8, 'client-metrics': 16, group: 32 } as const;
export type ResourceType = keyof typeof RESOURCE_TYPES;

/** Where a value comes from, by Kafka's number (`DescribeConfigsResponse.ConfigSource`). */
const SOURCES = [
  'UNKNOWN',
  'DYNAMIC_TOPIC_CONFIG',
  'DYNAMIC_BROKER_CONFIG',
  'DYNAMIC_DEFAULT_BROKER_CONFIG',
  'STATIC_BROKER_CONFIG',
  'DEFAULT_CONFIG',
  'DYNAMIC_BROKER_LOGGER_CONFIG',
  'CLIENT_METRICS_CONFIG',
  'GROUP_CONFIG',
];
const TYPES = ['UNKNOWN', 'BOOLEAN', 'STRING', 'INT', 'SHORT', 'LONG', 'DOUBLE', 'LIST', 'CLASS', 'PASSWORD'];

export interface Resource {
  readonly type: ResourceType;
  /** Empty: the default of all brokers. */
  readonly name: string;
}

export interface ConfigEntry {
  readonly name: string;
  /** Null when it is not set, or secret. */
  readonly value: string | null;
  readonly source: string;
  readonly type: string;
  readonly readOnly: boolean;
  readonly sensitive: boolean;
  readonly documentation: string | null;
  readonly synonyms: readonly { readonly name: string; readonly value: string | null; readonly source: string }[];
}

/** One change of a config: null deletes it, so that the default holds. */
export type ConfigChange = readonly [name: string, value: string | null];

/** All configs of a resource, sorted by name. */
export async function describeConfigs(client: KafkaClient, resource: Resource): Promise<ConfigEntry[]> {
  const response = await client.request(
    DescribeConfigs,
    ({ version }) => ({
      resources: [{ resourceType: RESOURCE_TYPES[resource.type], resourceName: resource.name, configurationKeys: null }],
      includeSynonyms: true,
      ...(version >= 3 && { includeDocumentation: true }),
    }),
    targetOf(resource),
  );
  const [result] = response.results;
  if (result === undefined || result.errorCode !== 0) {
    throw kafkaFailure(result?.errorCode ?? -1, `Describing the configs of ${describeResource(resource)}`, {
      message: result?.errorMessage,
    });
  }
  return result.configs
    .map((config) => ({
      name: config.name,
      value: config.value,
      source: SOURCES[config.configSource] ?? 'UNKNOWN',
      type: TYPES[config.configType] ?? 'UNKNOWN',
      readOnly: config.readOnly,
      sensitive: config.isSensitive,
      documentation: config.documentation,
      synonyms: config.synonyms.map(({ name, value, source }) => ({ name, value, source: SOURCES[source] ?? 'UNKNOWN' })),
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Sets and deletes some configs of a resource and leaves the others alone. */
export async function alterConfigs(client: KafkaClient, resource: Resource, changes: readonly ConfigChange[]): Promise<void> {
  const response = await client.request(
    IncrementalAlterConfigs,
    {
      resources: [
        {
          resourceType: RESOURCE_TYPES[resource.type],
          resourceName: resource.name,
          configs: changes.map(([name, value]) => ({ name, configOperation: value === null ? 1 : 0, value })),
        },
      ],
      validateOnly: false,
    },
    targetOf(resource),
  );
  const [result] = response.responses;
  if (result === undefined || result.errorCode !== 0) {
    throw kafkaFailure(result?.errorCode ?? -1, `Changing the configs of ${describeResource(resource)}`, { message: result?.errorMessage });
  }
}

/** Configs of one broker are asked of that broker; all others of the controller, who knows of changes first. */
function targetOf({ type, name }: Resource): Target {
  return (type === 'broker' || type === 'broker-logger') && name !== '' ? { node: Number(name) } : 'controller';
}

export function describeResource({ type, name }: Resource): string {
  return type === 'broker' && name === '' ? 'all brokers' : `${type} ${name}`;
}
