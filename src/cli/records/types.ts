import type { Headers } from '../../protocol/index.ts';

/** A record to be written. */
export interface NewRecord {
  /** Undefined: by the key, or where there is room. */
  readonly partition: number | undefined;
  /** Undefined: now. */
  readonly timestampMs: number | undefined;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Headers;
}

/** A record as it was read. Bytes are views of the fetched batch and valid until the next one is asked for. */
export interface ConsumedRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly timestampMs: number;
  readonly timestampType: 'CreateTime' | 'LogAppendTime';
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Headers;
}
