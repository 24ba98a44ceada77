import { MillraceError } from '../../errors.ts';

/** How partitions are read. Kafka's name of each option in brackets. */
export interface FetcherOptions {
  /** Leave out what was aborted, and what is not decided yet. Default false. [isolation.level=read_committed] */
  readonly readCommitted?: boolean;
  /** Where to go on when the position is outside of the log. Default `none`: `poll` rejects. [auto.offset.reset] */
  readonly autoOffsetReset?: 'earliest' | 'latest' | 'none';
  /**
   * When reading would have to go on before where it stands, since the log was cut back or the topic made anew: `follow`,
   * as Kafka's consumer does (a topic made anew is read as `autoOffsetReset` says), or `fail`: `poll` rejects, for those who
   * have kept results of what was read. Default `follow`.
   */
  readonly stepsBack?: 'follow' | 'fail';
  /** A fetch is answered when there are so many bytes, or when `maxWaitMs` have passed. Default 1. [fetch.min.bytes] */
  readonly minBytes?: number;
  /** Default 500. [fetch.max.wait.ms] */
  readonly maxWaitMs?: number;
  /** Most bytes of one answer; a first batch that is larger comes all the same. Default 50 MiB. [fetch.max.bytes] */
  readonly maxBytes?: number;
  /** Most bytes of one partition in one answer. Default 1 MiB. [max.partition.fetch.bytes] */
  readonly maxPartitionBytes?: number;
  /** Nothing more is fetched while so many bytes wait to be polled, but for a batch each when all wait in paused partitions. Default 64 MiB. [queued.max.messages.kbytes] */
  readonly maxBufferedBytes?: number;
  /** Check the CRC of every batch. Default true. [check.crcs] */
  readonly checkCrcs?: boolean;
  /** Rack of this client, for reading from near replicas (KIP-392). [client.rack] */
  readonly rackId?: string;
}

export type ResolvedFetcherOptions = Required<FetcherOptions>;

const MIB = 1024 * 1024;

/** Fills in the defaults. Throws INVALID_CONFIG. */
export function resolveFetcherOptions(options: FetcherOptions): ResolvedFetcherOptions {
  const resolved: ResolvedFetcherOptions = {
    readCommitted: options.readCommitted ?? false,
    autoOffsetReset: options.autoOffsetReset ?? 'none',
    stepsBack: options.stepsBack ?? 'follow',
    minBytes: options.minBytes ?? 1,
    maxWaitMs: options.maxWaitMs ?? 500,
    maxBytes: options.maxBytes ?? 50 * MIB,
    maxPartitionBytes: options.maxPartitionBytes ?? MIB,
    maxBufferedBytes: options.maxBufferedBytes ?? 64 * MIB,
    checkCrcs: options.checkCrcs ?? true,
    rackId: options.rackId ?? '',
  };
  for (const name of ['maxWaitMs', 'minBytes', 'maxBytes', 'maxPartitionBytes', 'maxBufferedBytes'] as const) {
    if (Number.isSafeInteger(resolved[name]) && resolved[name] >= 0 && resolved[name] <= 0x7fffffff) continue;
    throw new MillraceError('INVALID_CONFIG', `${name} must be a whole number from 0 to 2147483647, not ${resolved[name]}.`, {
      context: { option: name },
    });
  }
  return resolved;
}
