import { readInt32, writeInt32 } from '../primitives/int64.ts';
import { asBuffer, type CompressionCodec, checkOutput, loadPackage } from './codec.ts';

interface SnappyPackage {
  compressSync(input: Uint8Array): Buffer;
  uncompressSync(input: Uint8Array): Buffer | string;
}

/** The header of snappy-java's stream format, which Java clients write: magic, version 1, compatible with 1. */
const XERIAL_HEADER = Buffer.from('82534e415050590000000001' + '00000001', 'hex');
const XERIAL_MAGIC_BYTES = 8;
/** Block size of snappy-java. */
const BLOCK_BYTES = 32 * 1024;

let loaded: SnappyPackage | undefined;

function native(): SnappyPackage {
  loaded ??= loadPackage<SnappyPackage>('snappy', 'snappy');
  return loaded;
}

/** Writes snappy-java's framing, as the Java client does; reads it and raw blocks, as librdkafka writes them. */
export const snappy: CompressionCodec = {
  compress(bytes) {
    const parts: Buffer[] = [XERIAL_HEADER];
    for (let at = 0; at < bytes.length; at += BLOCK_BYTES) {
      const block = native().compressSync(bytes.subarray(at, at + BLOCK_BYTES));
      const length = Buffer.alloc(4);
      writeInt32(length, 0, block.length);
      parts.push(length, block);
    }
    return Buffer.concat(parts);
  },
  decompress(bytes, maxBytes) {
    const input = asBuffer(bytes);
    if (!isXerial(input)) return uncompressBlock(input, maxBytes);
    const parts: Buffer[] = [];
    let total = 0;
    for (let at = XERIAL_HEADER.length; at < input.length; ) {
      if (input.length - at < 4) throw new RangeError('a block length is cut off');
      const length = readInt32(input, at);
      at += 4;
      if (length <= 0 || length > input.length - at) throw new RangeError(`a block of ${length} bytes in ${input.length - at}`);
      const block = uncompressBlock(input.subarray(at, at + length), maxBytes - total);
      parts.push(block);
      total += block.length;
      at += length;
    }
    return parts.length === 1 ? parts[0]! : Buffer.concat(parts, total);
  },
};

function isXerial(input: Buffer): boolean {
  return input.length >= XERIAL_HEADER.length && input.compare(XERIAL_HEADER, 0, XERIAL_MAGIC_BYTES, 0, XERIAL_MAGIC_BYTES) === 0;
}

function uncompressBlock(block: Buffer, maxBytes: number): Buffer {
  checkOutput(claimedBytes(block), maxBytes);
  return native().uncompressSync(block) as Buffer;
}

/** The size that a raw block says it unpacks to: a varint before it. Nothing larger can come out. */
function claimedBytes(block: Buffer): number {
  let size = 0;
  for (let index = 0; index < 5 && index < block.length; index++) {
    const byte = block[index]!;
    size += (byte & 0x7f) * 2 ** (7 * index);
    if (byte < 0x80) return size;
  }
  throw new RangeError('a block does not say its size');
}
