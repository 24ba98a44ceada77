import { BufferPool } from '../buffer-pool.ts';
import type { Clock, FlushPolicy } from '../seams.ts';
import type { LogFileSystem } from './file-system.ts';
import { nodeFileSystem } from './file-system.ts';
import { IndexCache } from './index-file.ts';
import { OpenFiles } from './open-files.ts';
import { TailCache } from './tail-cache.ts';

/** What the partitions of one data directory share. The limits make memory a matter of configuration, not of data. */
export interface LogResources {
  readonly files: OpenFiles;
  readonly indexes: IndexCache;
  readonly tail: TailCache;
  /** What is read from files goes into these. */
  readonly readBuffers: BufferPool;
  readonly clock: Clock;
  readonly flushPolicy: FlushPolicy;
  readonly flushIntervalMs: number;
  /** A producer not heard of for so long is forgotten (`producer.id.expiration.ms`). */
  readonly producerIdExpirationMs: number;
  /** Most bytes that one read returns, whatever was asked. */
  readonly maxReadBytes: number;
  /** Memory for the keys of one compaction round (`log.cleaner.dedupe.buffer.size`). */
  readonly compactionMemoryBytes: number;
  /** Told about damage found and repaired, and about failures in the background. */
  readonly onEvent: (event: LogEvent) => void;
}

export interface LogEvent {
  readonly level: 'info' | 'warn' | 'error';
  readonly message: string;
  readonly cause?: unknown;
}

export interface LogResourceOptions {
  readonly clock: Clock;
  /** Default `none`: in the OS cache when acknowledged, which a kill survives and a power cut does not. */
  readonly flushPolicy?: FlushPolicy;
  /** For the policy `interval`. Default 1000. */
  readonly flushIntervalMs?: number;
  /** Default: `node:fs`. */
  readonly fs?: LogFileSystem;
  /** Memory for the newest batches of all partitions. Default 64 MiB; 0 reads everything from files. */
  readonly tailCacheBytes?: number;
  /** Memory for indexes of closed segments. Default 32 MiB. */
  readonly indexCacheBytes?: number;
  /** Default 512. */
  readonly maxOpenFiles?: number;
  /** Default one day. */
  readonly producerIdExpirationMs?: number;
  /** Default 16 MiB. */
  readonly maxReadBytes?: number;
  /** Default 64 MiB. */
  readonly compactionMemoryBytes?: number;
  /** Default: ignored. */
  readonly onEvent?: (event: LogEvent) => void;
}

const MIB = 2 ** 20;
/** Most fetches read a megabyte of a partition. */
const READ_BUFFERS = { minBytes: MIB / 16, maxBytes: 4 * MIB, maxIdleBytes: 16 * MIB };

export function createLogResources(options: LogResourceOptions): LogResources {
  return {
    files: new OpenFiles(options.fs ?? nodeFileSystem, options.maxOpenFiles ?? 512),
    indexes: new IndexCache(options.indexCacheBytes ?? 32 * MIB),
    tail: new TailCache(options.tailCacheBytes ?? 64 * MIB),
    readBuffers: new BufferPool(READ_BUFFERS),
    clock: options.clock,
    flushPolicy: options.flushPolicy ?? 'none',
    flushIntervalMs: options.flushIntervalMs ?? 1000,
    producerIdExpirationMs: options.producerIdExpirationMs ?? 86_400_000,
    maxReadBytes: options.maxReadBytes ?? 16 * MIB,
    compactionMemoryBytes: options.compactionMemoryBytes ?? 64 * MIB,
    onEvent: options.onEvent ?? (() => undefined),
  };
}
