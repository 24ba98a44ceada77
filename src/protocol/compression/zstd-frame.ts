/** The outer structure of zstd data (RFC 8878): frames and their blocks, without unpacking any. */

const MAGIC = 0xfd2fb528;
const SKIPPABLE_MAGIC = 0x184d2a50;
const SKIPPABLE_MASK = 0xfffffff0;
const MAX_BLOCK_BYTES = 128 * 1024;
const DICTIONARY_ID_BYTES = [0, 1, 2, 4] as const;
const CONTENT_SIZE_BYTES = [0, 2, 4, 8] as const;
const BLOCK_RAW = 0;
const BLOCK_RLE = 1;
const BLOCK_COMPRESSED = 2;

export interface ZstdFrame {
  readonly start: number;
  readonly end: number;
  /** Most bytes that the frame can unpack to, by counting its blocks. */
  readonly outputBound: number;
}

/** The data frames of `input`; skippable ones are left out. Throws RangeError where the structure is broken. */
export function zstdFrames(input: Buffer): ZstdFrame[] {
  const frames: ZstdFrame[] = [];
  for (let at = 0; at < input.length; ) {
    need(input, at, 8);
    const magic = input.readUInt32LE(at);
    if ((magic & SKIPPABLE_MASK) >>> 0 === SKIPPABLE_MAGIC) {
      at += 8 + input.readUInt32LE(at + 4);
      continue;
    }
    if (magic !== MAGIC) throw new RangeError('it is no zstd frame');
    const frame = readFrame(input, at);
    frames.push(frame);
    at = frame.end;
  }
  return frames;
}

function readFrame(input: Buffer, start: number): ZstdFrame {
  const descriptor = input[start + 4]!;
  const singleSegment = (descriptor & 0x20) !== 0;
  const contentSizeFlag = descriptor >> 6;
  const contentSizeBytes = contentSizeFlag === 0 && singleSegment ? 1 : CONTENT_SIZE_BYTES[contentSizeFlag & 3]!;
  const contentSizeAt = start + 5 + (singleSegment ? 0 : 1) + DICTIONARY_ID_BYTES[descriptor & 3]!;
  need(input, contentSizeAt, contentSizeBytes);
  const blocks = readBlocks(input, contentSizeAt + contentSizeBytes);
  const claimed = contentSizeBytes === 0 ? undefined : readContentSize(input, contentSizeAt, contentSizeBytes);
  // The decoder trusts this number when it asks for memory.
  if (claimed !== undefined && claimed > blocks.bound) {
    throw new RangeError(`it says it unpacks to ${claimed} bytes, but its blocks hold ${blocks.bound} at most`);
  }
  const end = blocks.end + (descriptor & 0x04 ? 4 : 0);
  need(input, end, 0);
  return { start, end, outputBound: claimed ?? blocks.bound };
}

function readContentSize(input: Buffer, at: number, bytes: number): number {
  if (bytes === 1) return input[at]!;
  if (bytes === 2) return input.readUInt16LE(at) + 256;
  const low = input.readUInt32LE(at);
  return bytes === 4 ? low : low + input.readUInt32LE(at + 4) * 2 ** 32;
}

function readBlocks(input: Buffer, start: number): { end: number; bound: number } {
  let bound = 0;
  for (let at = start; ; ) {
    need(input, at, 3);
    const header = input.readUIntLE(at, 3);
    const type = (header >> 1) & 3;
    const size = header >> 3;
    if (size > MAX_BLOCK_BYTES || type > BLOCK_COMPRESSED) throw new RangeError(`a block of type ${type} with ${size} bytes`);
    bound += type === BLOCK_RAW || type === BLOCK_RLE ? size : MAX_BLOCK_BYTES;
    at += 3 + (type === BLOCK_RLE ? 1 : size);
    need(input, at, 0);
    if (header & 1) return { end: at, bound };
  }
}

function need(input: Buffer, at: number, bytes: number): void {
  if (at + bytes > input.length) throw new RangeError('the frame is cut off');
}
