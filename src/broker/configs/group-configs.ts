import { type ConfigRow, configTable } from './definition.ts';

/** Group configs of Apache Kafka 4.3 (KIP-848, KIP-932, KIP-1071), set with resource type GROUP. */
const GROUP_ROWS: readonly ConfigRow[] = [
  ['consumer.assignment.interval.ms', 'INT', '1000', { min: 0 }],
  ['consumer.heartbeat.interval.ms', 'INT', '5000', { min: 1 }],
  ['consumer.session.timeout.ms', 'INT', '45000', { min: 1 }],
  ['share.assignment.interval.ms', 'INT', '1000', { min: 0 }],
  ['share.auto.offset.reset', 'STRING', 'latest'],
  ['share.delivery.count.limit', 'INT', '5', { min: 2 }],
  ['share.heartbeat.interval.ms', 'INT', '5000', { min: 1 }],
  ['share.isolation.level', 'STRING', 'read_uncommitted', { oneOf: ['read_committed', 'read_uncommitted'] }],
  ['share.partition.max.record.locks', 'INT', '2000', { min: 100 }],
  ['share.record.lock.duration.ms', 'INT', '30000', { min: 1000 }],
  ['share.renew.acknowledge.enable', 'BOOLEAN', 'true'],
  ['share.session.timeout.ms', 'INT', '45000', { min: 1 }],
  ['streams.assignment.interval.ms', 'INT', '1000', { min: 0 }],
  ['streams.heartbeat.interval.ms', 'INT', '5000', { min: 1 }],
  ['streams.initial.rebalance.delay.ms', 'INT', '3000', { min: 0 }],
  ['streams.num.standby.replicas', 'INT', '0', { min: 0 }],
  ['streams.session.timeout.ms', 'INT', '45000', { min: 1 }],
];

/** Each defaults to the broker config of the same name behind `group.`, as in `group.consumer.session.timeout.ms`. */
export const GROUP_CONFIGS = configTable(GROUP_ROWS);

/** Broker config that a group config falls back to; undefined when there is none. */
export function groupConfigSynonym(name: string): string {
  return `group.${name}`;
}

/** Configs of client metrics subscriptions (KIP-714). Kept and described, but this broker collects no metrics. */
export const CLIENT_METRICS_CONFIGS = configTable([
  ['interval.ms', 'INT', '300000', { min: 100, max: 3_600_000 }],
  ['match', 'LIST', ''],
  ['metrics', 'LIST', ''],
]);
