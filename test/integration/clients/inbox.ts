import type { ReadRecord } from './client.ts';

/** A record as clients give it. */
export interface RawRecord {
  readonly partition: number;
  readonly offset: number | string | bigint;
  readonly key: Uint8Array | string | null | undefined;
  readonly value: Uint8Array | string | null | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly timestamp: number | string | bigint;
}

/** What a consumer has received. */
export class Inbox {
  readonly records: ReadRecord[] = [];

  add({ partition, offset, key, value, headers, timestamp }: RawRecord): void {
    this.records.push({
      partition,
      offset: Number(offset),
      key: text(key),
      value: text(value),
      headers,
      timestamp: Number(timestamp),
    });
  }
}

/** Bytes as text; absent ones as null. */
export function text(bytes: Uint8Array | string | null | undefined): string | null {
  if (bytes === null || bytes === undefined) return null;
  return typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString();
}
