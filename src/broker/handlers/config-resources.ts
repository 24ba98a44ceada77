/** The things that have configs, behind one interface for the handlers that describe and alter them. */

import { ErrorCode, KafkaProtocolError } from '../../protocol/index.ts';
import { checkAgainst, checkDynamicBrokerConfig } from '../configs/alter.ts';
import { BROKER_CONFIGS } from '../configs/broker-configs.ts';
import { CLUSTER_DEFAULT, type Config, type ConfigScope } from '../configs/config-store.ts';
import type { ConfigTable } from '../configs/definition.ts';
import {
  type DescribedConfig,
  describeBrokerConfigs,
  describeClientMetricsConfigs,
  describeGroupConfigs,
  describeTopicConfigs,
} from '../configs/describe.ts';
import { CLIENT_METRICS_CONFIGS, GROUP_CONFIGS } from '../configs/group-configs.ts';
import { checkTopicConfig, TOPIC_CONFIGS } from '../configs/topic-configs.ts';
import { checkTopicName } from '../topic-names.ts';
import { brokerLoggerResource } from './broker-loggers.ts';
import type { HandlerDeps } from './deps.ts';

/** Kafka's `ConfigResource.Type`. */
export const ResourceType = { TOPIC: 2, BROKER: 4, BROKER_LOGGER: 8, CLIENT_METRICS: 16, GROUP: 32 } as const;

export interface ConfigResource {
  readonly table: ConfigTable;
  /** What is set, without defaults. */
  readonly own: Config;
  describe(): DescribedConfig[];
  /** Throws KafkaProtocolError when the configs cannot be set. */
  check(config: Config): void;
  /** Replaces what is set; it was checked. */
  set(config: Config): void;
}

/** Throws KafkaProtocolError when there is no such thing. */
export function configResource(deps: HandlerDeps, type: number, name: string, nodeId: number): ConfigResource {
  switch (type) {
    case ResourceType.TOPIC:
      return topicResource(deps, name, nodeId);
    case ResourceType.BROKER:
      return brokerResource(deps, name, nodeId);
    case ResourceType.BROKER_LOGGER:
      return brokerLoggerResource(deps.log, name, nodeId);
    case ResourceType.GROUP:
      if (name === '') throw new KafkaProtocolError(ErrorCode.INVALID_REQUEST, 'Default group resources are not allowed.');
      return groupResource(deps, name);
    case ResourceType.CLIENT_METRICS:
      if (name === '') throw new KafkaProtocolError(ErrorCode.INVALID_REQUEST, 'Default client metrics resources are not allowed.');
      return simpleResource(deps, 'client-metrics', name, CLIENT_METRICS_CONFIGS, () => describeClientMetricsConfigs(deps.configs, name));
    default:
      throw new KafkaProtocolError(ErrorCode.INVALID_REQUEST, `Unsupported resource type: ${type}`);
  }
}

function topicResource(deps: HandlerDeps, name: string, nodeId: number): ConfigResource {
  checkTopicName(name);
  const topic = deps.topics.get(name);
  if (topic === undefined) throw new KafkaProtocolError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, `The topic '${name}' does not exist.`);
  return {
    table: TOPIC_CONFIGS,
    own: topic.config,
    describe: () => describeTopicConfigs(deps.configs, topic.config, nodeId),
    check: (config) => {
      const problem = checkTopicConfig(config);
      if (problem !== undefined) throw new KafkaProtocolError(ErrorCode.INVALID_CONFIG, problem);
    },
    set: (config) => deps.topics.setConfig(topic, config),
  };
}

function brokerResource(deps: HandlerDeps, name: string, nodeId: number): ConfigResource {
  const id = name === CLUSTER_DEFAULT ? undefined : Number(name);
  if (id !== undefined && id !== nodeId) {
    throw new KafkaProtocolError(
      ErrorCode.INVALID_REQUEST,
      `Unexpected broker id, expected ${nodeId} or empty string, but received ${name}`,
    );
  }
  return {
    table: BROKER_CONFIGS,
    own: deps.configs.dynamic('broker', name),
    describe: () => describeBrokerConfigs(deps.configs, id, id === undefined ? {} : factsOf(deps, id)),
    check: (config) => checkDynamicBrokerConfig(name, config),
    set: (config) => store(deps, 'broker', name, config),
  };
}

/** What the broker decided for itself. */
function factsOf(deps: HandlerDeps, id: number): Config {
  const node = deps.nodes.get(id);
  const listener = node === undefined ? '' : `${deps.protocol}://${node.host}:${node.port}`;
  return {
    'node.id': String(id),
    'broker.id': String(id),
    'log.dirs': deps.dataDirectory,
    'log.dir': deps.dataDirectory,
    listeners: listener,
    'advertised.listeners': listener,
    ...rackConfig(deps, id),
  };
}

function rackConfig({ nodes }: HandlerDeps, id: number): Config {
  const rack = nodes.rackOf(id);
  return rack === null ? {} : { 'broker.rack': rack };
}

/** Group configs that must lie between two broker configs (Kafka: `GroupConfig.validate`). */
const BOUNDED_GROUP_CONFIGS = ['consumer.heartbeat.interval.ms', 'consumer.session.timeout.ms'];

function groupResource(deps: HandlerDeps, name: string): ConfigResource {
  const resource = simpleResource(deps, 'group', name, GROUP_CONFIGS, () => describeGroupConfigs(deps.configs, name));
  return {
    ...resource,
    check: (config) => {
      resource.check(config);
      for (const bounded of BOUNDED_GROUP_CONFIGS) {
        if (config[bounded] !== undefined) checkBounds(deps, bounded, Number(config[bounded]));
      }
    },
  };
}

function checkBounds(deps: HandlerDeps, name: string, value: number): void {
  const [least, most] = ['min', 'max'].map((word) => `group.${name.replace('.', `.${word}.`)}`) as [string, string];
  const problem =
    value < deps.configs.number(least)
      ? `greater than or equal to ${least}`
      : value > deps.configs.number(most)
        ? `less than or equal to ${most}`
        : '';
  if (problem !== '') throw new KafkaProtocolError(ErrorCode.INVALID_CONFIG, `${name} must be ${problem}`);
}

function simpleResource(
  deps: HandlerDeps,
  scope: ConfigScope,
  name: string,
  table: ConfigTable,
  describe: () => DescribedConfig[],
): ConfigResource {
  return {
    table,
    own: deps.configs.dynamic(scope, name),
    describe,
    check: (config) => checkAgainst(table, scope, config),
    set: (config) => store(deps, scope, name, config),
  };
}

/** Remembered before it has an effect. */
function store(deps: HandlerDeps, scope: ConfigScope, name: string, config: Config): void {
  deps.metadata.append({ type: 'config', scope, name, config });
  deps.configs.setDynamic(scope, name, config);
}
