/** The topic configs that the log obeys, parsed. Names, defaults and meaning are Kafka's (`LogConfig`). */
export interface LogConfig {
  readonly compact: boolean;
  readonly delete: boolean;
  /** -1: no limit. */
  readonly retentionMs: number;
  /** -1: no limit. */
  readonly retentionBytes: number;
  readonly segmentBytes: number;
  readonly segmentMs: number;
  readonly segmentJitterMs: number;
  readonly segmentIndexBytes: number;
  readonly indexIntervalBytes: number;
  readonly maxMessageBytes: number;
  readonly logAppendTime: boolean;
  readonly timestampBeforeMaxMs: number;
  readonly timestampAfterMaxMs: number;
  readonly minCleanableDirtyRatio: number;
  readonly minCompactionLagMs: number;
  readonly maxCompactionLagMs: number;
  readonly deleteRetentionMs: number;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Reads what is set and takes Kafka's default for the rest. Values were validated when the topic was configured. */
export function parseLogConfig(config: Readonly<Record<string, string>>): LogConfig {
  const number = (name: string, fallback: number): number => {
    const value = config[name];
    if (value === undefined || value === '') return fallback;
    const parsed = Number(value);
    return Number.isNaN(parsed) ? fallback : parsed;
  };
  const policies = (config['cleanup.policy'] ?? 'delete').split(',').map((policy) => policy.trim());
  return {
    compact: policies.includes('compact'),
    delete: policies.includes('delete'),
    retentionMs: number('retention.ms', 7 * DAY_MS),
    retentionBytes: number('retention.bytes', -1),
    segmentBytes: Math.min(number('segment.bytes', 2 ** 30), 0x7fffffff),
    segmentMs: number('segment.ms', 7 * DAY_MS),
    segmentJitterMs: number('segment.jitter.ms', 0),
    segmentIndexBytes: number('segment.index.bytes', 10 * 2 ** 20),
    indexIntervalBytes: number('index.interval.bytes', 4096),
    maxMessageBytes: number('max.message.bytes', 1_048_588),
    logAppendTime: config['message.timestamp.type'] === 'LogAppendTime',
    timestampBeforeMaxMs: number('message.timestamp.before.max.ms', Number.MAX_SAFE_INTEGER),
    timestampAfterMaxMs: number('message.timestamp.after.max.ms', HOUR_MS),
    minCleanableDirtyRatio: number('min.cleanable.dirty.ratio', 0.5),
    minCompactionLagMs: number('min.compaction.lag.ms', 0),
    maxCompactionLagMs: number('max.compaction.lag.ms', Number.MAX_SAFE_INTEGER),
    deleteRetentionMs: number('delete.retention.ms', DAY_MS),
  };
}
