/**
 * The metadata string of a committed offset, in Kafka Streams' format (class `TopicPartitionMetadata`, version 2):
 * base64 of `byte version | int64 partitionTime | int32 n | (int32 length, utf8 key, int64 value)*`. It keeps the
 * partition time, so that a task that moves does not take late records for early ones.
 */

const VERSION = 2;
const UNKNOWN_TIME = -1;

/** Key of the entry that tells one commit of an unmoved offset from another. Readers pass over keys they do not know. */
const MARKER_KEY = Buffer.from('millrace.commit');

/**
 * @param partitionTimeMs highest timestamp processed from the partition; -1 unknown.
 * @param marker any number: makes this commit recognisable among others of the same offset.
 */
export function encodeCommitMetadata(partitionTimeMs: number, marker?: number): string {
  const bytes = Buffer.alloc(13 + (marker === undefined ? 0 : 4 + MARKER_KEY.length + 8));
  bytes[0] = VERSION;
  bytes.writeBigInt64BE(BigInt(partitionTimeMs), 1);
  if (marker !== undefined) {
    bytes.writeInt32BE(1, 9);
    bytes.writeInt32BE(MARKER_KEY.length, 13);
    MARKER_KEY.copy(bytes, 17);
    bytes.writeBigInt64BE(BigInt(marker), 17 + MARKER_KEY.length);
  }
  return bytes.toString('base64');
}

/** The partition time in it; -1 for what other programs may have stored there. Versions 1 and 2 are read. */
export function decodeCommitMetadata(metadata: string | undefined): number {
  if (metadata === undefined || metadata === '') return UNKNOWN_TIME;
  const bytes = Buffer.from(metadata, 'base64');
  if (bytes.length < 9 || (bytes[0] !== 1 && bytes[0] !== VERSION)) return UNKNOWN_TIME;
  const timeMs = Number(bytes.readBigInt64BE(1));
  return Number.isSafeInteger(timeMs) && timeMs >= 0 ? timeMs : UNKNOWN_TIME;
}
