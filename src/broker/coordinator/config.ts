/** Defaults of the settings the coordinators read. Names and units are Kafka's; what differs from Kafka says so. */

import { MillraceError } from '../../errors.ts';
import type { BrokerConfig } from './deps.ts';

export const COORDINATOR_DEFAULTS = {
  /** How long a group that was empty waits for more members before its first rebalance. Kafka: 3000. */
  'group.initial.rebalance.delay.ms': 0,
  'group.min.session.timeout.ms': 6_000,
  'group.max.session.timeout.ms': 1_800_000,
  'group.max.size': 2_147_483_647,
  'group.consumer.session.timeout.ms': 45_000,
  'group.consumer.heartbeat.interval.ms': 5_000,
  'group.consumer.max.size': 2_147_483_647,
  /** Time between two target assignments of a group (KIP-1263). Kafka 4.3: 1000. */
  'group.consumer.assignment.interval.ms': 0,
  'group.consumer.regex.refresh.interval.ms': 600_000,
  'offset.metadata.max.bytes': 4_096,
  'offsets.retention.minutes': 10_080,
  'offsets.retention.check.interval.ms': 600_000,
  /** Kafka: 50. One process gains nothing from more. */
  'offsets.topic.num.partitions': 1,
  'offsets.topic.replication.factor': 1,
  'offsets.topic.segment.bytes': 104_857_600,
  /** Kafka: 50. */
  'transaction.state.log.num.partitions': 1,
  'transaction.state.log.replication.factor': 1,
  'transaction.state.log.segment.bytes': 104_857_600,
  'transaction.max.timeout.ms': 900_000,
  'transactional.id.expiration.ms': 604_800_000,
  'transaction.abort.timed.out.transaction.cleanup.interval.ms': 10_000,
  'transaction.remove.expired.transaction.cleanup.interval.ms': 3_600_000,
  /** Finalized feature level: 0 and 1 are the classic protocol (TV1), 2 is KIP-890's second part (TV2). */
  'transaction.version': 2,
  /** Finalized feature level: 0 is without the consumer group protocol of KIP-848. */
  'group.version': 1,
} as const;

export type CoordinatorSetting = keyof typeof COORDINATOR_DEFAULTS;

/** A setting as a whole number; INVALID_CONFIG when it is set to something else. */
export function intSetting(config: BrokerConfig, name: CoordinatorSetting): number {
  const text = config[name];
  if (text === undefined) return COORDINATOR_DEFAULTS[name];
  const value = Number(text);
  if (!Number.isInteger(value) || text.trim() === '') {
    throw new MillraceError('INVALID_CONFIG', `Broker setting ${name} must be a whole number, not '${text}'.`, {
      fatal: true,
      context: { option: name },
    });
  }
  return value;
}

/** `transaction.partition.verification.enable`: whether transactional batches must belong to a known transaction. Default true. */
export function verificationEnabled(config: BrokerConfig): boolean {
  return config['transaction.partition.verification.enable'] !== 'false';
}
