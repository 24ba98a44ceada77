import {
  BATCH_HEADER_BYTES,
  batchAttributes,
  batchLength,
  type CompressionName,
  compress,
  compressionId,
  setBatchAttributes,
  setBatchLength,
} from '../../protocol/index.ts';

/** The same batches, compressed one by one; the given bytes stay as they are. CRCs are not set. */
export function compressBatches(bytes: Uint8Array, compression: CompressionName, level: number | undefined): Buffer {
  const source = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const codec = compressionId(compression);
  const parts: Buffer[] = [];
  for (let at = 0; at < source.length; ) {
    const length = batchLength(source, at);
    const records = compress(codec, source.subarray(at + BATCH_HEADER_BYTES, at + length), level);
    const batch = Buffer.allocUnsafeSlow(BATCH_HEADER_BYTES + records.length);
    source.copy(batch, 0, at, at + BATCH_HEADER_BYTES);
    batch.set(records, BATCH_HEADER_BYTES);
    setBatchLength(batch, 0, batch.length);
    setBatchAttributes(batch, 0, batchAttributes(source, at) | codec);
    parts.push(batch);
    at += length;
  }
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
}
