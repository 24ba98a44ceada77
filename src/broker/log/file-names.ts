/** Kafka's names of files and directories (`LogFileUtils`, `UnifiedLog`). */

export const LOG_SUFFIX = '.log';
export const OFFSET_INDEX_SUFFIX = '.index';
export const TIME_INDEX_SUFFIX = '.timeindex';
export const TRANSACTION_INDEX_SUFFIX = '.txnindex';
export const SNAPSHOT_SUFFIX = '.snapshot';
/** A file about to be removed. */
export const DELETED_SUFFIX = '.deleted';
/** Output of a cleaning that was not finished: worthless. */
export const CLEANED_SUFFIX = '.cleaned';
/** Output of a finished cleaning that has not yet taken the place of its inputs: must be completed. */
export const SWAP_SUFFIX = '.swap';
export const LEADER_EPOCH_FILE = 'leader-epoch-checkpoint';
export const PARTITION_METADATA_FILE = 'partition.metadata';
export const DELETED_DIRECTORY_SUFFIX = '-delete';

const OFFSET_DIGITS = 20;

/** `00000000000000000042` for 42. */
export function offsetName(offset: number): string {
  return String(offset).padStart(OFFSET_DIGITS, '0');
}

/** The offset in a name made of 20 digits and `suffix`; undefined when it is not such a name. */
export function parseOffsetName(name: string, suffix: string): number | undefined {
  if (name.length !== OFFSET_DIGITS + suffix.length || !name.endsWith(suffix)) return undefined;
  const digits = name.slice(0, OFFSET_DIGITS);
  return /^\d+$/.test(digits) ? Number(digits) : undefined;
}

export function partitionDirectoryName(topic: string, partition: number): string {
  return `${topic}-${partition}`;
}

/** Undefined for directories that are none of ours, or on their way out (`-delete`, `-future`, `-stray`). */
export function parsePartitionDirectory(name: string): { readonly topic: string; readonly partition: number } | undefined {
  const dash = name.lastIndexOf('-');
  const digits = name.slice(dash + 1);
  if (dash <= 0 || !/^\d{1,10}$/.test(digits)) return undefined;
  return { topic: name.slice(0, dash), partition: Number(digits) };
}

/** Name that a partition's directory gets until its files are gone. The prefix is cut so that the name stays legal. */
export function deletedDirectoryName(topic: string, partition: number, unique: string): string {
  const suffix = `-${partition}.${unique}${DELETED_DIRECTORY_SUFFIX}`;
  return topic.slice(0, 255 - suffix.length) + suffix;
}
