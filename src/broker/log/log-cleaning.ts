import type { PartitionLog } from './partition-log.ts';
import { applyRetention } from './retention.ts';

/** One round of everything that makes a log smaller. Kafka runs these from its log manager and its cleaner threads. */
export async function cleanLog(log: PartitionLog): Promise<void> {
  const { clock, producerIdExpirationMs } = log.resources;
  log.producers.expire(clock.nowMs(), producerIdExpirationMs);
  applyRetention(log);
}
