/**
 * What the broker must remember besides the logs: topics with their ids, assignments and configs, dynamic configs, users
 * and ACLs, and which producer ids were claimed.
 * A file of lines, each a CRC and a JSON record, appended before a change is acknowledged. It is rewritten as a snapshot
 * when the broker starts, so it grows with the changes of one run only.
 */

import { MillraceError } from '../errors.ts';
import { crc32c } from '../protocol/index.ts';
import type { ConfigScope } from './configs/config-store.ts';
import { type LogFileSystem, replaceFile, writeFully } from './log/file-system.ts';
import type { SecurityRecord } from './security/records.ts';

const FILE = 'millrace-metadata.log';
const CRC_DIGITS = 8;

export type MetadataRecord =
  | SecurityRecord
  | {
      readonly type: 'topic';
      readonly name: string;
      /** 22 characters of url-safe base64. */
      readonly id: string;
      /** Nodes of each partition, the preferred leader first. */
      readonly replicas: readonly (readonly number[])[];
      /** As in `leaders` below, for a topic whose leaders were moved. */
      readonly leaders?: readonly number[];
      readonly config: Readonly<Record<string, string>>;
      readonly internal: boolean;
    }
  | { readonly type: 'topic-deleted'; readonly name: string; readonly id: string }
  | { readonly type: 'partitions'; readonly name: string; readonly replicas: readonly (readonly number[])[] }
  /** Who leads each partition; -1: nobody. Without it the preferred leaders do. */
  | { readonly type: 'leaders'; readonly name: string; readonly leaders: readonly number[] }
  | { readonly type: 'topic-config'; readonly name: string; readonly config: Readonly<Record<string, string>> }
  /** Producer ids below `next` are claimed. */
  | { readonly type: 'producer-ids'; readonly next: number }
  | { readonly type: 'config'; readonly scope: ConfigScope; readonly name: string; readonly config: Readonly<Record<string, string>> };

/** The first line: how many records the file began with, so that a file that was cut off shows. */
interface SnapshotHead {
  readonly snapshot: number;
}

export interface ReadMetadata {
  readonly records: readonly MetadataRecord[];
  /** There was no file, or a part of it could not be read: topics may be on the disk that the records do not have. */
  readonly incomplete: boolean;
}

export class MetadataLog {
  readonly #fs: LogFileSystem;
  readonly #path: string;
  readonly #durable: boolean;
  #fd: number | undefined;
  #position = 0;
  #recordCount = 0;

  /** `durable`: every change is on the disk before it is acknowledged, not only in the OS cache. */
  constructor(fs: LogFileSystem, dataDirectory: string, durable: boolean) {
    this.#fs = fs;
    this.#path = `${dataDirectory}/${FILE}`;
    this.#durable = durable;
  }

  /** Records in the file: what the log's end offset would be in Kafka. */
  get recordCount(): number {
    return this.#recordCount;
  }

  /** The records that are not damaged, in order. */
  read(): ReadMetadata {
    if (!this.#fs.exists(this.#path)) return { records: [], incomplete: true };
    const lines = this.#fs.readFile(this.#path).toString('utf8').split('\n');
    // What follows the last line feed is a write that a crash cut short, and was never acknowledged, or damage.
    const tail = lines.pop();
    const parsed = lines.map(parseLine);
    const [head] = parsed;
    const records = parsed.filter((line) => line !== undefined && 'type' in line);
    const expected = head !== undefined && 'snapshot' in head ? Math.max(lines.length - 1, head.snapshot) : Infinity;
    return { records, incomplete: tail !== '' || records.length < expected };
  }

  /** Replaces the file by these records and opens it for {@link append}. */
  start(snapshot: readonly MetadataRecord[]): void {
    const head: SnapshotHead = { snapshot: snapshot.length };
    const content = Buffer.from([head, ...snapshot].map(formatLine).join(''));
    replaceFile(this.#fs, this.#path, content, this.#durable);
    this.#fd = this.#fs.open(this.#path, 'write');
    this.#position = content.length;
    this.#recordCount = snapshot.length;
  }

  /** Throws DATA_DIR_UNUSABLE; then nothing was changed. */
  append(record: MetadataRecord): void {
    if (this.#fd === undefined) throw new MillraceError('INVALID_STATE', 'The metadata log is not open.');
    const line = Buffer.from(formatLine(record));
    try {
      writeFully(this.#fs, this.#fd, line, 0, line.length, this.#position);
      if (this.#durable) this.#fs.syncNow(this.#fd);
    } catch (cause) {
      throw new MillraceError(
        'DATA_DIR_UNUSABLE',
        `${this.#path} cannot be written: ${cause instanceof Error ? cause.message : String(cause)}`,
        { cause },
      );
    }
    this.#position += line.length;
    this.#recordCount++;
  }

  close(): void {
    if (this.#fd === undefined) return;
    this.#fs.close(this.#fd);
    this.#fd = undefined;
  }
}

function formatLine(record: MetadataRecord | SnapshotHead): string {
  const json = JSON.stringify(record);
  return `${checksum(json)} ${json}\n`;
}

/** Undefined when the line is damaged. */
function parseLine(line: string): MetadataRecord | SnapshotHead | undefined {
  const json = line.slice(CRC_DIGITS + 1);
  if (line.slice(0, CRC_DIGITS) !== checksum(json)) return undefined;
  return JSON.parse(json) as MetadataRecord | SnapshotHead;
}

function checksum(json: string): string {
  return crc32c(Buffer.from(json)).toString(16).padStart(CRC_DIGITS, '0');
}
