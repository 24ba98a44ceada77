import { BROKER_COORDINATOR_ROWS } from './broker-coordinator.ts';
import { BROKER_CORE_ROWS } from './broker-core.ts';
import { BROKER_SECURITY_ROWS } from './broker-security.ts';
import { configTable } from './definition.ts';

/**
 * Every broker config. Defaults differ from Kafka's where one process has no use for Kafka's: internal topics have one
 * partition and one replica, a new group does not wait (`group.initial.rebalance.delay.ms` 0), requests in memory are
 * limited (`queued.max.request.bytes` 256 MiB), the log is flushed each second by the flush policy `interval`, and
 * `listeners`, `log.dir`, `node.id` and `sasl.enabled.mechanisms` say what this broker does.
 */
export const BROKER_CONFIGS = configTable([...BROKER_CORE_ROWS, ...BROKER_COORDINATOR_ROWS, ...BROKER_SECURITY_ROWS]);
