import { batchBaseOffset, batchLastOffset, batchLength } from '../../protocol/index.ts';
import { noRecords, type RecordBytes } from './record-bytes.ts';

const FIRST_CHUNK_BYTES = 32 * 1024;
const MAX_CHUNK_BYTES = 1024 * 1024;
/** Their memory is used again; for that of smaller ones it is not worth it. */
const MAX_IDLE_CHUNKS = 8;
/** A position is remembered for every so many bytes. */
const MARK_INTERVAL_BYTES = 4096;
/** After so much has been appended with nobody reading at the end, batches are no longer copied into memory. */
const UNREAD_LIMIT_BYTES = 8 * 1024 * 1024;

/** Batches back to back, as they are in the log. Only ever appended to, so slices handed out stay valid until they are given back. */
class TailChunk {
  readonly owner: LogTail;
  readonly buffer: Buffer;
  used = 0;
  /** Slices handed out that have not been given back. */
  readers = 0;
  /** No longer in the cache: its memory is free when nobody reads it. */
  released = false;
  readonly baseOffset: number;
  nextOffset: number;
  /** Base offset and position of some of the batches, in order. */
  readonly markOffsets: number[] = [];
  readonly markPositions: number[] = [];

  constructor(owner: LogTail, buffer: Buffer, baseOffset: number) {
    this.owner = owner;
    this.buffer = buffer;
    this.baseOffset = baseOffset;
    this.nextOffset = baseOffset;
  }
}

/** The memory for the newest batches of all partitions: so many bytes, the oldest given up first. */
export class TailCache {
  readonly maxBytes: number;
  private bytes = 0;
  private readonly chunks = new Set<TailChunk>();
  /** Memory of chunks that were given up, of the largest size. */
  private readonly idle: Buffer[] = [];

  /** 0 switches the cache off. */
  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  get sizeInBytes(): number {
    return this.bytes;
  }

  /** Undefined when it would not fit even into an empty cache. */
  allocate(owner: LogTail, bytes: number, baseOffset: number): TailChunk | undefined {
    if (bytes > this.maxBytes) return undefined;
    for (const oldest of this.chunks) {
      if (this.bytes + bytes <= this.maxBytes) break;
      oldest.owner.forget(oldest);
      this.release(oldest);
    }
    const buffer = (bytes === MAX_CHUNK_BYTES ? this.idle.pop() : undefined) ?? Buffer.allocUnsafeSlow(bytes);
    const chunk = new TailChunk(owner, buffer, baseOffset);
    this.chunks.add(chunk);
    this.bytes += bytes;
    return chunk;
  }

  release(chunk: TailChunk): void {
    if (!this.chunks.delete(chunk)) return;
    this.bytes -= chunk.buffer.length;
    chunk.released = true;
    this.recycle(chunk);
  }

  /** A slice of the chunk is no longer used. */
  readerDone(chunk: TailChunk): void {
    chunk.readers--;
    this.recycle(chunk);
  }

  /** Chunks with slices that nobody gives back are left to the garbage collector. */
  private recycle(chunk: TailChunk): void {
    if (!chunk.released || chunk.readers > 0) return;
    if (chunk.buffer.length === MAX_CHUNK_BYTES && this.idle.length < MAX_IDLE_CHUNKS) this.idle.push(chunk.buffer);
  }
}

/** The newest batches of one partition, without a gap up to the log's end. */
export class LogTail {
  /** Where {@link reserve} wants the batch to be copied to. */
  target: Buffer = Buffer.alloc(0);
  targetPosition = 0;
  private readonly cache: TailCache;
  private readonly chunks: TailChunk[] = [];
  private nextChunkBytes: number;
  private unreadBytes = 0;

  constructor(cache: TailCache) {
    this.cache = cache;
    this.nextChunkBytes = Math.min(FIRST_CHUNK_BYTES, cache.maxBytes);
  }

  /** First offset that can be read from memory; `Infinity` when there is none. */
  get baseOffset(): number {
    return this.chunks.length === 0 ? Infinity : this.chunks[0]!.baseOffset;
  }

  /** Finds room for a batch of `bytes` that will start at `baseOffset`; false when it is not to be cached. */
  reserve(bytes: number, baseOffset: number): boolean {
    this.unreadBytes += bytes;
    if (this.unreadBytes > UNREAD_LIMIT_BYTES) {
      this.clear();
      return false;
    }
    const last = this.chunks[this.chunks.length - 1];
    if (last !== undefined && last.buffer.length - last.used >= bytes) {
      this.target = last.buffer;
      this.targetPosition = last.used;
      return true;
    }
    const chunk = this.cache.allocate(this, Math.max(bytes, this.nextChunkBytes), baseOffset);
    if (chunk === undefined) {
      this.clear(); // The next batch would leave a gap.
      return false;
    }
    this.nextChunkBytes = Math.min(this.nextChunkBytes * 2, MAX_CHUNK_BYTES, this.cache.maxBytes);
    this.chunks.push(chunk);
    this.target = chunk.buffer;
    this.targetPosition = 0;
    return true;
  }

  /** Somebody reads at the end of the log: what comes next is worth keeping. */
  wanted(): void {
    this.unreadBytes = 0;
  }

  /** The batch at the reserved place is in the log. */
  commit(bytes: number, baseOffset: number, nextOffset: number): void {
    const chunk = this.chunks[this.chunks.length - 1]!;
    const marks = chunk.markPositions;
    if (marks.length === 0 || chunk.used - marks[marks.length - 1]! >= MARK_INTERVAL_BYTES) {
      marks.push(chunk.used);
      chunk.markOffsets.push(baseOffset);
    }
    chunk.used += bytes;
    chunk.nextOffset = nextOffset;
  }

  /**
   * Whole batches from the one that holds `fetchOffset`, below `upperOffset`, at most `maxBytes` but for the first when
   * `minOneMessage`: a slice of one chunk, so maybe fewer than there are. The caller has checked {@link baseOffset}.
   */
  read(fetchOffset: number, upperOffset: number, maxBytes: number, minOneMessage: boolean): RecordBytes {
    this.unreadBytes = 0;
    for (let index = this.chunkIndexOf(fetchOffset); index < this.chunks.length; index++) {
      const chunk = this.chunks[index]!;
      if (chunk.used === 0 || chunk.baseOffset >= upperOffset) break;
      const start = startIn(chunk, fetchOffset);
      if (start >= chunk.used) continue; // The offset is one that the next chunk begins with.
      const end = endIn(chunk, start, upperOffset, maxBytes, minOneMessage);
      if (end === start) break;
      const nextOffset = end === chunk.used ? chunk.nextOffset : batchBaseOffset(chunk.buffer, end);
      chunk.readers++;
      return { records: chunk.buffer.subarray(start, end), nextOffset, release: () => this.cache.readerDone(chunk) };
    }
    return noRecords(fetchOffset);
  }

  /** Called by the cache, for the oldest chunk only. */
  forget(chunk: TailChunk): void {
    if (this.chunks[0] === chunk) this.chunks.shift();
  }

  clear(): void {
    for (const chunk of this.chunks) this.cache.release(chunk);
    this.chunks.length = 0;
  }

  private chunkIndexOf(offset: number): number {
    let low = 0;
    let high = this.chunks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.chunks[middle]!.baseOffset <= offset) low = middle + 1;
      else high = middle;
    }
    return Math.max(low - 1, 0);
  }
}

/** Position of the batch that holds `offset`. */
function startIn(chunk: TailChunk, offset: number): number {
  let low = 0;
  let high = chunk.markOffsets.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (chunk.markOffsets[middle]! <= offset) low = middle + 1;
    else high = middle;
  }
  let position = low === 0 ? 0 : chunk.markPositions[low - 1]!;
  while (position < chunk.used && batchLastOffset(chunk.buffer, position) < offset) {
    position += batchLength(chunk.buffer, position);
  }
  return position;
}

/** Where the last batch ends that begins below `upperOffset` and fits `maxBytes`; `start` when there is none. */
function endIn(chunk: TailChunk, start: number, upperOffset: number, maxBytes: number, minOne: boolean): number {
  if (start >= chunk.used) return start;
  if (chunk.nextOffset <= upperOffset && chunk.used - start <= maxBytes) return chunk.used;
  const limit = start + maxBytes;
  let low = 0;
  let high = chunk.markPositions.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (chunk.markPositions[middle]! <= limit && chunk.markOffsets[middle]! < upperOffset) low = middle + 1;
    else high = middle;
  }
  let end = low === 0 ? start : Math.max(chunk.markPositions[low - 1]!, start);
  while (end < chunk.used && batchBaseOffset(chunk.buffer, end) < upperOffset) {
    const next = end + batchLength(chunk.buffer, end);
    if (next > limit && !(minOne && end === start)) break;
    end = next;
  }
  return end;
}
