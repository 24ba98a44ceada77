import { compactLog } from './compaction/compact.ts';
import type { PartitionLog } from './partition-log.ts';
import { applyRetention } from './retention.ts';

/** One round of everything that makes a log smaller. Kafka runs these from its log manager and its cleaner threads. */
export async function cleanLog(log: PartitionLog): Promise<void> {
  const { clock, producerIdExpirationMs } = log.resources;
  log.producers.expire(clock.nowMs(), producerIdExpirationMs);
  applyRetention(log);
  if (!log.config.compact) return;
  try {
    await compactLog(log);
  } catch (cause) {
    // The log is as before this round, or part of it is clean: both are right. The next round tries again.
    const reason = cause instanceof Error ? cause.message : String(cause);
    log.resources.onEvent({ level: 'error', message: `${log.name} could not be compacted: ${reason}`, cause });
  }
}
