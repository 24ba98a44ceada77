import { isMillraceError } from '../../errors.ts';
import {
  BATCH_HEADER_BYTES,
  BATCH_PREFIX_BYTES,
  batchAttributes,
  batchCompression,
  compress,
  decompress,
  RecordCursor,
  setBatchAttributes,
  updateBatchCrc,
  writeInt32,
} from '../../protocol/index.ts';
import { CORRUPT_MESSAGE, INVALID_RECORD, MESSAGE_TOO_LARGE, type Refusal, UNSUPPORTED_COMPRESSION_TYPE } from './error-codes.ts';
import type { LogConfig } from './log-config.ts';

const COMPRESSION_MASK = 0x07;
const LENGTH_AT = 8;

/**
 * The batch with the codec that the topic's `compression.type` names, where that is not `producer` and not what the batch
 * has already. Kafka does the same in `LogValidator`: the records stay as they are, only how they are packed changes.
 * Returns why it cannot be done; a batch that is too large then is refused as one that came so.
 */
export function recompressed(batch: Buffer, config: LogConfig, name: string): Buffer | Refusal {
  const from = batchCompression(batch, 0);
  const to = config.compression;
  if (to < 0 || to === from) return batch;
  try {
    const records = decompress(from, batch.subarray(BATCH_HEADER_BYTES));
    const packed = compress(to, checked(batch, records), config.compressionLevel);
    const result = withRecords(batch, to, packed);
    if (result.length <= Math.min(config.maxMessageBytes, config.segmentBytes)) return result;
    return {
      code: MESSAGE_TOO_LARGE,
      message: `The record batch for ${name} has ${result.length} bytes when compressed as the topic wants it, over max.message.bytes (${config.maxMessageBytes}).`,
    };
  } catch (error) {
    if (!isMillraceError(error)) throw error;
    if (error.code === 'UNSUPPORTED_COMPRESSION') return { code: UNSUPPORTED_COMPRESSION_TYPE, message: error.message };
    return { code: from === 0 ? INVALID_RECORD : CORRUPT_MESSAGE, message: error.message };
  }
}

/** Throws for records that are not what the header says: nobody could read them later. */
function checked(batch: Buffer, records: Buffer): Buffer {
  const cursor = new RecordCursor(withRecords(batch, 0, records));
  while (cursor.next());
  return records;
}

/** A batch with the header of another. */
function withRecords(batch: Buffer, codec: number, records: Uint8Array): Buffer {
  const result = Buffer.allocUnsafe(BATCH_HEADER_BYTES + records.length);
  batch.copy(result, 0, 0, BATCH_HEADER_BYTES);
  result.set(records, BATCH_HEADER_BYTES);
  writeInt32(result, LENGTH_AT, result.length - BATCH_PREFIX_BYTES);
  setBatchAttributes(result, 0, (batchAttributes(batch, 0) & ~COMPRESSION_MASK) | codec);
  updateBatchCrc(result, 0);
  return result;
}
