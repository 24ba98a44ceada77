import { asBuffer, type CompressionCodec, checkOutput, loadPackage } from './codec.ts';

interface Lz4Package {
  compressFrameSync(data: Buffer): Buffer;
  decompressFrameSync(data: Buffer): Buffer;
}

const MAGIC = 0x184d2204;
const FLAG_BLOCK_CHECKSUM = 0x10;
const FLAG_CONTENT_SIZE = 0x08;
const FLAG_DICTIONARY = 0x01;
/** Magic, flags, block descriptor, header checksum. */
const SHORTEST_HEADER_BYTES = 7;

let loaded: Lz4Package | undefined;

function native(): Lz4Package {
  loaded ??= loadPackage<Lz4Package>('lz4-napi', 'lz4');
  return loaded;
}

/** LZ4 frames with independent blocks, the only kind that Kafka's Java client reads. No levels. */
export const lz4: CompressionCodec = {
  compress: (bytes) => native().compressFrameSync(asBuffer(bytes)),
  decompress(bytes, maxBytes) {
    const input = asBuffer(bytes);
    checkOutput(outputBound(input), maxBytes);
    return native().decompressFrameSync(input);
  },
};

/**
 * Most bytes that a frame can unpack to. The package has no limit of its own, so the blocks are counted first: none
 * unpacks to more than the frame's block size, nor to more than 255 times its own. All but the last block are full in
 * practice, so that honest input is hardly overrated.
 */
function outputBound(input: Buffer): number {
  if (input.length < SHORTEST_HEADER_BYTES || input.readUInt32LE(0) !== MAGIC) throw new RangeError('it is no LZ4 frame');
  const flags = input[4]!;
  const blockBytes = 2 ** (8 + 2 * ((input[5]! >> 4) & 7));
  const checksumBytes = flags & FLAG_BLOCK_CHECKSUM ? 4 : 0;
  let at = SHORTEST_HEADER_BYTES + (flags & FLAG_CONTENT_SIZE ? 8 : 0) + (flags & FLAG_DICTIONARY ? 4 : 0);
  let bound = 0;
  for (;;) {
    if (at + 4 > input.length) throw new RangeError('the frame does not end');
    const word = input.readUInt32LE(at);
    if (word === 0) return bound;
    const size = word & 0x7fffffff;
    bound += Math.min(blockBytes, word === size ? size * 255 : size);
    at += 4 + size + checksumBytes;
  }
}
