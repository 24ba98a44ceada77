import { COMPRESSION_NAMES } from '../../protocol/index.ts';

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
  /** Number of the codec that batches are stored with; -1: that of their producer. */
  readonly compression: number;
  /** Undefined: the codec's own. */
  readonly compressionLevel: number | undefined;
  readonly logAppendTime: boolean;
  readonly timestampBeforeMaxMs: number;
  readonly timestampAfterMaxMs: number;
  readonly minCleanableDirtyRatio: number;
  readonly minCompactionLagMs: number;
  readonly maxCompactionLagMs: number;
  readonly deleteRetentionMs: number;
  readonly fileDeleteDelayMs: number;
  /** Records after which the log is synced before they are acknowledged, whatever the flush policy. */
  readonly flushMessages: number;
  /** Time after which what was appended is synced, whatever the flush policy. */
  readonly flushMs: number;
}

/** The value of `compression.type` that leaves batches as they are. */
const PRODUCER = 'producer';
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
  const codec = config['compression.type'] ?? PRODUCER;
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
    compression: compressionOf(codec),
    compressionLevel: codec === 'gzip' || codec === 'zstd' || codec === 'lz4' ? levelOf(config[`compression.${codec}.level`]) : undefined,
    logAppendTime: config['message.timestamp.type'] === 'LogAppendTime',
    timestampBeforeMaxMs: number('message.timestamp.before.max.ms', Number.MAX_SAFE_INTEGER),
    timestampAfterMaxMs: number('message.timestamp.after.max.ms', HOUR_MS),
    minCleanableDirtyRatio: number('min.cleanable.dirty.ratio', 0.5),
    minCompactionLagMs: number('min.compaction.lag.ms', 0),
    maxCompactionLagMs: number('max.compaction.lag.ms', Number.MAX_SAFE_INTEGER),
    deleteRetentionMs: number('delete.retention.ms', DAY_MS),
    fileDeleteDelayMs: number('file.delete.delay.ms', 60_000),
    flushMessages: number('flush.messages', Number.MAX_SAFE_INTEGER),
    flushMs: number('flush.ms', Number.MAX_SAFE_INTEGER),
  };
}

/** What Kafka calls `uncompressed` is codec 0. */
function compressionOf(codec: string): number {
  if (codec === PRODUCER) return -1;
  return codec === 'uncompressed' ? 0 : (COMPRESSION_NAMES as readonly string[]).indexOf(codec);
}

function levelOf(value: string | undefined): number | undefined {
  const level = Number(value ?? '');
  return value === undefined || value === '' || Number.isNaN(level) || level === -1 ? undefined : level;
}
