import { isMillraceError } from '../../errors.ts';
import {
  BATCH_HEADER_BYTES,
  batchAttributes,
  batchBaseSequence,
  batchBaseTimestamp,
  batchCompression,
  batchLastOffsetDelta,
  batchLength,
  batchMagic,
  batchMaxTimestamp,
  batchProducerId,
  batchRecordCount,
  isControlBatch,
  isLogAppendTimeBatch,
  isTransactionalBatch,
  MAGIC_V2,
  RecordCursor,
  validateBatchCrc,
} from '../../protocol/index.ts';
import {
  CORRUPT_MESSAGE,
  INVALID_RECORD,
  INVALID_TIMESTAMP,
  MESSAGE_TOO_LARGE,
  RECORD_LIST_TOO_LARGE,
  type Refusal,
  UNSUPPORTED_COMPRESSION_TYPE,
} from './error-codes.ts';
import type { LogConfig } from './log-config.ts';

const LAST_COMPRESSION = 4;
/** No more record errors than these are put into a response. */
const MAX_RECORD_ERRORS = 100;

/**
 * What Kafka checks of a batch before it looks at the producer (`UnifiedLog.analyzeAndValidateRecords`,
 * `LogValidator`), in its order: frame, size, CRC, header, timestamps, records. Records are walked, so that nothing is
 * stored that no consumer can read. Those of compressed batches are not, though Kafka does: unpacking them would cost
 * more than all the rest of producing, and a batch with a right CRC was packed as its producer wanted it. Where their keys
 * or another codec are wanted, on topics that are compacted or have a `compression.type`, they are walked too.
 */
export function checkBatch(batch: Buffer, config: LogConfig, nowMs: number, name: string): Refusal | undefined {
  return (
    checkFrame(batch, name) ??
    checkSize(batch, config, name) ??
    checkHeader(batch, name) ??
    checkTimestamps(batch, config, nowMs, name) ??
    checkContents(batch, config, name)
  );
}

function checkContents(batch: Buffer, config: LogConfig, name: string): Refusal | undefined {
  if (config.compact) return checkKeys(batch, name);
  return batchCompression(batch, 0) === 0 ? checkRecords(batch, name, INVALID_RECORD, nothingWrong) : undefined;
}

/** The same for a batch of a coordinator, which is trusted to have built it well. */
export function checkCoordinatorBatch(batch: Buffer, config: LogConfig, name: string): Refusal | undefined {
  const refusal = checkFrame(batch, name);
  if (refusal !== undefined) return refusal;
  return batch.length > config.segmentBytes ? tooLargeForSegment(batch, config, name) : undefined;
}

function checkFrame(batch: Buffer, name: string): Refusal | undefined {
  if (batch.length < BATCH_HEADER_BYTES) {
    return { code: CORRUPT_MESSAGE, message: `${batch.length} bytes for ${name} are too few for a record batch.` };
  }
  const magic = batchMagic(batch, 0);
  if (magic < 0 || magic > MAGIC_V2) {
    return { code: CORRUPT_MESSAGE, message: `Record batch for ${name} has format ${magic}, which does not exist.` };
  }
  if (magic !== MAGIC_V2) return invalid(`${name} takes record batches of format 2 only, not ${magic}.`);
  const length = batchLength(batch, 0);
  if (length < BATCH_HEADER_BYTES) {
    return { code: CORRUPT_MESSAGE, message: `Record batch for ${name} has an impossible length of ${length} bytes.` };
  }
  if (length !== batch.length) {
    return invalid(
      `A produce request must have exactly one whole record batch for ${name}: batch ${length} bytes, request ${batch.length}.`,
    );
  }
  return undefined;
}

function checkSize(batch: Buffer, config: LogConfig, name: string): Refusal | undefined {
  if (batch.length > config.maxMessageBytes) {
    return {
      code: MESSAGE_TOO_LARGE,
      message: `The record batch of ${batch.length} bytes for ${name} is over max.message.bytes (${config.maxMessageBytes}).`,
    };
  }
  if (batch.length > config.segmentBytes) return tooLargeForSegment(batch, config, name);
  if (!validateBatchCrc(batch, 0)) {
    return { code: CORRUPT_MESSAGE, message: `Record batch for ${name} does not match its CRC.` };
  }
  return undefined;
}

function checkHeader(batch: Buffer, name: string): Refusal | undefined {
  const count = batchRecordCount(batch, 0);
  if (count < 1 || batchLastOffsetDelta(batch, 0) !== count - 1) {
    return invalid(`Record batch for ${name} claims ${count} records with last offset delta ${batchLastOffsetDelta(batch, 0)}.`);
  }
  if (isControlBatch(batch, 0)) return invalid(`Clients are not allowed to write control records (${name}).`);
  const producerId = batchProducerId(batch, 0);
  if (producerId >= 0 && batchBaseSequence(batch, 0) < 0) {
    return invalid(`Record batch for ${name} has producer id ${producerId} but no sequence.`);
  }
  if (producerId < 0 && isTransactionalBatch(batch, 0)) {
    return invalid(`Record batch for ${name} is transactional but has no producer id.`);
  }
  if (batchCompression(batch, 0) > LAST_COMPRESSION) {
    return { code: UNSUPPORTED_COMPRESSION_TYPE, message: `Record batch for ${name} has unknown attributes ${batchAttributes(batch, 0)}.` };
  }
  return undefined;
}

/** Record timestamps are between the header's two, or the base is the first record's: as far as one sees without decoding. */
function checkTimestamps(batch: Buffer, config: LogConfig, nowMs: number, name: string): Refusal | undefined {
  if (config.logAppendTime) return undefined;
  if (isLogAppendTimeBatch(batch, 0)) {
    return { code: INVALID_TIMESTAMP, message: `Producers must not set the timestamp type LogAppendTime (${name}).` };
  }
  const earliest = nowMs - config.timestampBeforeMaxMs;
  const latest = nowMs + config.timestampAfterMaxMs;
  if (batchMaxTimestamp(batch, 0) <= latest && batchBaseTimestamp(batch, 0) >= earliest) return undefined;
  return checkRecordTimestamps(batch, earliest, latest, name);
}

/** Looks at each record, as the header says that some may be too early or too late. */
function checkRecordTimestamps(batch: Buffer, earliest: number, latest: number, name: string): Refusal | undefined {
  return checkRecords(batch, name, INVALID_TIMESTAMP, ({ timestamp }) => {
    if (timestamp < 0 || (timestamp >= earliest && timestamp <= latest)) return undefined;
    const limit =
      timestamp > latest
        ? `later than ${latest} (message.timestamp.after.max.ms)`
        : `earlier than ${earliest} (message.timestamp.before.max.ms)`;
    return `Timestamp ${timestamp} for ${name} is ${limit}.`;
  });
}

/** On a compacted topic a record without a key could never be cleaned. */
function checkKeys(batch: Buffer, name: string): Refusal | undefined {
  return checkRecords(batch, name, INVALID_RECORD, ({ keyLength }) =>
    keyLength >= 0 ? undefined : `Compacted topic cannot accept message without key in topic partition ${name}.`,
  );
}

/** Used for all batches: checking one is over before the next begins. */
const cursor = new RecordCursor();
const NOTHING = Buffer.alloc(0);

const nothingWrong = (): undefined => undefined;

/** Records are what the header says, and there is nothing wrong with any of them; else all that are wrong are named. */
function checkRecords(
  batch: Buffer,
  name: string,
  code: number,
  problemOf: (record: RecordCursor) => string | undefined,
): Refusal | undefined {
  const recordErrors: { batchIndex: number; message: string }[] = [];
  try {
    cursor.reset(batch);
    for (let batchIndex = 0; cursor.next(); batchIndex++) {
      const message = problemOf(cursor);
      if (message !== undefined && recordErrors.length < MAX_RECORD_ERRORS) recordErrors.push({ batchIndex, message });
    }
  } catch (error) {
    if (!isMillraceError(error)) throw error;
    const unknownCodec = error.code === 'UNSUPPORTED_COMPRESSION';
    return { code: unknownCodec ? UNSUPPORTED_COMPRESSION_TYPE : INVALID_RECORD, message: `${name}: ${error.message}` };
  } finally {
    // The batch's memory is used again.
    cursor.reset(NOTHING);
  }
  return recordErrors.length === 0 ? undefined : { code, message: 'One or more records have been rejected.', recordErrors };
}

function tooLargeForSegment(batch: Buffer, config: LogConfig, name: string): Refusal {
  return {
    code: RECORD_LIST_TOO_LARGE,
    message: `The record batch of ${batch.length} bytes for ${name} is over segment.bytes (${config.segmentBytes}).`,
  };
}

function invalid(message: string): Refusal {
  return { code: INVALID_RECORD, message };
}
