/** Decoded messages as plain data that can be walked, compared and shown. */
import {
  type Api,
  BATCH_HEADER_BYTES,
  batchAttributes,
  batchBaseOffset,
  batchBaseSequence,
  batchBaseTimestamp,
  batchLastOffsetDelta,
  batchLeaderEpoch,
  batchLength,
  batchMaxTimestamp,
  batchProducerEpoch,
  batchProducerId,
  batchRecordCount,
  decodeRequest,
  decodeRequestHeader,
  decodeResponse,
  decodeResponseHeader,
  encodeResponseFrame,
  joinParts,
  validateBatchCrc,
} from '../../src/protocol/index.ts';

export type Tree = string | number | boolean | null | readonly Tree[] | { readonly [field: string]: Tree };

const LENGTH_BYTES = 4;

export function responseTree(api: Api, version: number, frame: Buffer): Tree {
  return treeOf(decodeResponse(api, version, frame, decodeResponseHeader(api, version, frame).bodyOffset));
}

export function requestTree(api: Api, version: number, frame: Buffer): Tree {
  return treeOf(decodeRequest(api, version, frame, decodeRequestHeader(frame).bodyOffset));
}

/** What our encoder makes of what our decoder read: with a response that Kafka wrote this shows both to be right. */
export function encodedAgain(api: Api, version: number, frame: Buffer): Buffer {
  const { correlationId, bodyOffset } = decodeResponseHeader(api, version, frame);
  const parts = encodeResponseFrame(api, version, correlationId, decodeResponse(api, version, frame, bodyOffset));
  return joinParts(parts).subarray(LENGTH_BYTES);
}

function treeOf(value: unknown, field = ''): Tree {
  if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  if (value instanceof Uint8Array) return field === 'records' ? batchesOf(Buffer.from(value)) : Buffer.from(value).toString('hex');
  if (Array.isArray(value)) return value.map((each) => treeOf(each));
  return Object.fromEntries(Object.entries(value as object).map(([name, each]) => [name, treeOf(each, name)]));
}

/** Record batches field by field; what is no whole batch stands as hexadecimal digits. */
function batchesOf(bytes: Buffer): Tree {
  const batches: Tree[] = [];
  let at = 0;
  while (bytes.length - at >= BATCH_HEADER_BYTES && batchLength(bytes, at) <= bytes.length - at) {
    const size = batchLength(bytes, at);
    batches.push(batchOf(bytes.subarray(at, at + size)));
    at += size;
  }
  if (at < bytes.length) batches.push(bytes.subarray(at).toString('hex'));
  return batches;
}

function batchOf(batch: Buffer): Tree {
  return {
    baseOffset: batchBaseOffset(batch, 0),
    leaderEpoch: batchLeaderEpoch(batch, 0),
    attributes: batchAttributes(batch, 0),
    lastOffsetDelta: batchLastOffsetDelta(batch, 0),
    baseTimestampMs: batchBaseTimestamp(batch, 0),
    maxTimestampMs: batchMaxTimestamp(batch, 0),
    producerId: batchProducerId(batch, 0),
    producerEpoch: batchProducerEpoch(batch, 0),
    baseSequence: batchBaseSequence(batch, 0),
    recordCount: batchRecordCount(batch, 0),
    crcIsRight: validateBatchCrc(batch, 0),
    payload: batch.subarray(BATCH_HEADER_BYTES).toString('hex'),
  };
}
