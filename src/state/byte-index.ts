import { ATTACHED, type Entry } from './entry.ts';

/** Key bytes that lie in the table itself; longer keys are compared with their entry's text. */
const INLINE_BYTES = 12;
/** Numbers per place: three words of key bytes (for longer keys the first is their hash), and the length plus one. */
const STRIDE = 4;
const MIN_PLACES = 64;
const MULTIPLIER = 0x5bd1e995;
const NOT_ASCII = 0x80808080 | 0;
/** Another one in each thread, so that nobody can choose keys that all fall into one place. */
const SEED = Math.floor(Math.random() * 0x1_0000_0000) | 0;

/**
 * Finds the rows of a store by the bytes of their keys, so that a key that is there already is neither decoded nor hashed
 * as a string. It stands before the store's Map and knows only what it was told: whoever finds nothing asks the Map.
 *
 * An open hash table with linear probing, at most half full. Keys of up to 12 bytes lie in the table, so that a lookup
 * touches three places in memory: the key, the reference, the entry.
 */
export class ByteIndex<K, V> {
  /** False where bytes of 0x80 and above could stand for another text than the one with these char codes. */
  private readonly anyBytes: boolean;
  private places = new Int32Array(MIN_PLACES * STRIDE);
  private entries: (Entry<K, V> | undefined)[] = new Array<undefined>(MIN_PLACES).fill(undefined);
  private mask = MIN_PLACES - 1;
  private count = 0;
  // What the last search was for and where it ended, for `add`.
  private place = -1;
  private word0 = 0;
  private word1 = 0;
  private word2 = 0;
  private length = 0;

  constructor(anyBytes: boolean) {
    this.anyBytes = anyBytes;
  }

  /** The entry whose key has these bytes; undefined when it is not known here. */
  find(bytes: Uint8Array, start: number, length: number): Entry<K, V> | undefined {
    const hash = length <= INLINE_BYTES ? this.readShort(bytes, start, length) : this.readLong(bytes, start, length);
    this.length = length + 1;
    if (!this.anyBytes && ((this.word0 | this.word1 | this.word2) & NOT_ASCII) !== 0) {
      this.place = -1;
      return undefined;
    }
    // The hash of a long key takes the place of its words, which are no longer needed.
    if (length > INLINE_BYTES) this.setWords(hash, 0, 0);
    this.place = -1;
    return this.probe(hash, length > INLINE_BYTES, bytes, start);
  }

  /** Remembers the entry that the last `find` missed and that was found otherwise. Another one than that is not taken. */
  add(entry: Entry<K, V>): void {
    const { place } = this;
    if (place < 0 || (entry.flags & ATTACHED) === 0 || !this.isOfLastFind(entry.mapKey)) return;
    this.place = -1;
    const at = place * STRIDE;
    if (this.places[at + 3] === 0) this.count++;
    this.put(this.places, at);
    this.entries[place] = entry;
    if (this.count * 2 > this.mask) this.resize();
  }

  private isOfLastFind(text: string | number): boolean {
    if (typeof text !== 'string' || text.length + 1 !== this.length) return false;
    const { word0, word1, word2 } = this;
    const bytes = Buffer.from(text, 'latin1');
    if (bytes.length > INLINE_BYTES) {
      const isSame = this.readLong(bytes, 0, bytes.length) === word0;
      this.setWords(word0, word1, word2);
      return isSame;
    }
    this.readShort(bytes, 0, bytes.length);
    return this.word0 === word0 && this.word1 === word1 && this.word2 === word2;
  }

  /** The entry with the key; else leaves the place that the key has, or the free one where it would be. */
  private probe(hash: number, isLong: boolean, bytes: Uint8Array, start: number): Entry<K, V> | undefined {
    const { places, mask, word0, word1, word2, length } = this;
    for (let place = hash & mask; ; place = (place + 1) & mask) {
      const at = place * STRIDE;
      const found = places[at + 3]!;
      if (found === 0) {
        this.place = place;
        return undefined;
      }
      if (found !== length || places[at] !== word0 || places[at + 1] !== word1 || places[at + 2] !== word2) continue;
      const entry = this.entries[place]!;
      if (isLong && !isText(entry.mapKey, bytes, start, length - 1)) continue;
      if ((entry.flags & ATTACHED) === 0) {
        this.place = place;
        return undefined;
      }
      return entry;
    }
  }

  private put(places: Int32Array, at: number): void {
    places[at] = this.word0;
    places[at + 1] = this.word1;
    places[at + 2] = this.word2;
    places[at + 3] = this.length;
  }

  private setWords(word0: number, word1: number, word2: number): void {
    this.word0 = word0;
    this.word1 = word1;
    this.word2 = word2;
  }

  private readShort(bytes: Uint8Array, start: number, length: number): number {
    let word0 = 0;
    let word1 = 0;
    let word2 = 0;
    const end = start + length - 1;
    if (length >= 8) {
      word0 = bytes[start]! | (bytes[start + 1]! << 8) | (bytes[start + 2]! << 16) | (bytes[start + 3]! << 24);
      word1 = bytes[start + 4]! | (bytes[start + 5]! << 8) | (bytes[start + 6]! << 16) | (bytes[start + 7]! << 24);
      for (let at = end; at >= start + 8; at--) word2 = (word2 << 8) | bytes[at]!;
    } else {
      for (let at = end; at >= start + 4; at--) word1 = (word1 << 8) | bytes[at]!;
      for (let at = length < 4 ? end : start + 3; at >= start; at--) word0 = (word0 << 8) | bytes[at]!;
    }
    this.setWords(word0, word1, word2);
    return hashOfWords(word0, word1, word2, length);
  }

  /** The hash; leaves in `word0` whether all bytes are ASCII. */
  private readLong(bytes: Uint8Array, start: number, length: number): number {
    let hash = length ^ SEED;
    let all = 0;
    const end = start + length;
    let at = start;
    for (; at + 3 < end; at += 4) {
      const word = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
      all |= word;
      hash = mixed(hash, word);
    }
    for (; at < end; at++) {
      all |= bytes[at]!;
      hash = mixed(hash, bytes[at]!);
    }
    this.setWords(all, 0, 0);
    return hash;
  }

  /** Makes room for more, without those that left their store meanwhile. */
  private resize(): void {
    const { places, entries } = this;
    let live = 0;
    for (const entry of entries) if (entry !== undefined && (entry.flags & ATTACHED) !== 0) live++;
    let capacity = MIN_PLACES;
    while (capacity < live * STRIDE) capacity *= 2;
    this.places = new Int32Array(capacity * STRIDE);
    this.entries = new Array<undefined>(capacity).fill(undefined);
    this.mask = capacity - 1;
    this.count = live;
    for (let old = 0; old < entries.length; old++) {
      const entry = entries[old];
      if (entry !== undefined && (entry.flags & ATTACHED) !== 0) this.move(places, old * STRIDE, entry);
    }
    this.place = -1;
  }

  private move(from: Int32Array, old: number, entry: Entry<K, V>): void {
    const length = from[old + 3]! - 1;
    const hash = length > INLINE_BYTES ? from[old]! : hashOfWords(from[old]!, from[old + 1]!, from[old + 2]!, length);
    let place = hash & this.mask;
    while (this.places[place * STRIDE + 3] !== 0) place = (place + 1) & this.mask;
    for (let part = 0; part < STRIDE; part++) this.places[place * STRIDE + part] = from[old + part]!;
    this.entries[place] = entry;
  }
}

function mixed(hash: number, word: number): number {
  const product = Math.imul(hash ^ word, MULTIPLIER);
  return product ^ (product >>> 15);
}

function hashOfWords(word0: number, word1: number, word2: number, length: number): number {
  return mixed(mixed(mixed(length ^ SEED, word0), word1), word2);
}

/** Whether the char codes of a text are these bytes. */
function isText(text: string | number, bytes: Uint8Array, start: number, length: number): boolean {
  if (typeof text !== 'string' || text.length !== length) return false;
  for (let at = 0; at < length; at++) if (text.charCodeAt(at) !== bytes[start + at]) return false;
  return true;
}
