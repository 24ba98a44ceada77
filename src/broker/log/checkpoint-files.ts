/**
 * Kafka's small text files: checkpoints (a version line, a count line, then one entry a line), `partition.metadata` and
 * `meta.properties`. All are replaced as a whole.
 */
import { LEADER_EPOCH_FILE, PARTITION_METADATA_FILE } from './file-names.ts';
import { type LogFileSystem, replaceFile } from './file-system.ts';

export interface EpochStart {
  readonly epoch: number;
  readonly startOffset: number;
}

/** Undefined when the file is missing or not a checkpoint. */
function readCheckpoint(fs: LogFileSystem, path: string, fields: number): string[][] | undefined {
  if (!fs.exists(path)) return undefined;
  const lines = fs.readFile(path).toString().split('\n');
  const count = Number(lines[1]);
  if (lines[0] !== '0' || !Number.isInteger(count) || lines.length < count + 2) return undefined;
  const entries = lines.slice(2, 2 + count).map((line) => line.split(' '));
  return entries.every((entry) => entry.length === fields) ? entries : undefined;
}

function writeCheckpoint(fs: LogFileSystem, path: string, entries: readonly string[], durable: boolean): void {
  replaceFile(fs, path, Buffer.from(`0\n${entries.length}\n${entries.map((entry) => `${entry}\n`).join('')}`), durable);
}

/** `leader-epoch-checkpoint` of a partition. */
export function readLeaderEpochs(fs: LogFileSystem, directory: string): EpochStart[] | undefined {
  const entries = readCheckpoint(fs, `${directory}/${LEADER_EPOCH_FILE}`, 2);
  const starts = entries?.map(([epoch, offset]) => ({ epoch: Number(epoch), startOffset: Number(offset) }));
  return starts?.every(({ epoch, startOffset }) => epoch >= 0 && startOffset >= 0) ? starts : undefined;
}

export function writeLeaderEpochs(fs: LogFileSystem, directory: string, starts: readonly EpochStart[], durable: boolean): void {
  const entries = starts.map(({ epoch, startOffset }) => `${epoch} ${startOffset}`);
  writeCheckpoint(fs, `${directory}/${LEADER_EPOCH_FILE}`, entries, durable);
}

/** Offsets by partition directory name, as in `recovery-point-offset-checkpoint`; empty when missing or damaged. */
export function readOffsetCheckpoint(fs: LogFileSystem, path: string): Map<string, number> {
  const offsets = new Map<string, number>();
  for (const [topic, partition, offset] of readCheckpoint(fs, path, 3) ?? []) {
    if (Number(offset) >= 0) offsets.set(`${topic}-${partition}`, Number(offset));
  }
  return offsets;
}

export function writeOffsetCheckpoint(
  fs: LogFileSystem,
  path: string,
  entries: readonly { readonly topic: string; readonly partition: number; readonly offset: number }[],
  durable: boolean,
): void {
  writeCheckpoint(
    fs,
    path,
    entries.map(({ topic, partition, offset }) => `${topic} ${partition} ${offset}`),
    durable,
  );
}

/** The topic id of a partition directory, 16 bytes; undefined when it has none. */
export function readPartitionMetadata(fs: LogFileSystem, directory: string): Buffer | undefined {
  const path = `${directory}/${PARTITION_METADATA_FILE}`;
  if (!fs.exists(path)) return undefined;
  const match = /^topic_id: ?([A-Za-z0-9_-]{22})\s*$/m.exec(fs.readFile(path).toString());
  return match === null ? undefined : Buffer.from(match[1]!, 'base64url');
}

export function writePartitionMetadata(fs: LogFileSystem, directory: string, topicId: Uint8Array, durable: boolean): void {
  const id = Buffer.from(topicId).toString('base64url');
  replaceFile(fs, `${directory}/${PARTITION_METADATA_FILE}`, Buffer.from(`version: 0\ntopic_id: ${id}\n`), durable);
}

const META_PROPERTIES = 'meta.properties';

/** `meta.properties` of a data directory: cluster id, node id… Empty when there is none yet. */
export function readMetaProperties(fs: LogFileSystem, dataDirectory: string): Map<string, string> {
  const properties = new Map<string, string>();
  const path = `${dataDirectory}/${META_PROPERTIES}`;
  if (!fs.exists(path)) return properties;
  for (const line of fs.readFile(path).toString().split('\n')) {
    const equals = line.indexOf('=');
    if (equals > 0 && !line.startsWith('#')) properties.set(line.slice(0, equals).trim(), line.slice(equals + 1).trim());
  }
  return properties;
}

export function writeMetaProperties(fs: LogFileSystem, dataDirectory: string, properties: ReadonlyMap<string, string>): void {
  const lines = [...properties].map(([name, value]) => `${name}=${value}\n`);
  replaceFile(fs, `${dataDirectory}/${META_PROPERTIES}`, Buffer.from(lines.join('')), true);
}
