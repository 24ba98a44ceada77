import { generator } from '../generator.ts';

const LETTERS = 26;
const FIRST_LETTER = 97;
const MIN_TEXT_LENGTH = 3;
/** One character of about this many is the special one. */
const SPECIAL_EVERY = 13;
const FILLER_LENGTH = 65_536;
const FILLER_SEED = 0x6e65;
/** Sizes of filled-up events vary by this part of what is filled. */
const SIZE_SPREAD = 0.2;
const PRICE_DIGITS = 6;
const CENTS = 100;

let filler: string | undefined;

/** Draws from one stream of random numbers, each as Nexmark's generators make it. */
export class Randomness {
  readonly #next: () => number;

  /** The same numbers for the same two, and unlike those of the neighbours. */
  constructor(seed: number, index: number) {
    this.#next = generator(mixed(seed, index));
  }

  /** From 0 to `below` - 1, all equally likely. */
  int(below: number): number {
    return Math.floor(this.#next() * below);
  }

  pick<T>(items: readonly T[]): T {
    return items[this.int(items.length)]!;
  }

  /** True with probability 1 - 1 / `ratio`. */
  hot(ratio: number): boolean {
    return this.int(ratio) > 0;
  }

  /** Cents, from 1 dollar to a million; each order of magnitude is equally likely. */
  price(): number {
    return Math.round(10 ** (this.#next() * PRICE_DIGITS) * CENTS);
  }

  /** 3 to `maxLength` - 1 letters, some of them `special`; trimmed. */
  text(maxLength: number, special = ' '): string {
    const length = MIN_TEXT_LENGTH + this.int(maxLength - MIN_TEXT_LENGTH);
    let text = '';
    for (let i = 0; i < length; i++) text += this.int(SPECIAL_EVERY) === 0 ? special : this.#letter();
    return text.trim();
  }

  /** Letters that bring something of `size` bytes to `averageSize` on average; none when it is larger already. */
  fillUp(size: number, averageSize: number): string {
    const missing = averageSize - size;
    if (missing <= 0) return '';
    const spread = Math.round(missing * SIZE_SPREAD);
    const length = missing - spread + (spread === 0 ? 0 : this.int(2 * spread));
    filler ??= letters();
    const from = this.int(FILLER_LENGTH - length);
    return filler.slice(from, from + length);
  }

  #letter(): string {
    return String.fromCharCode(FIRST_LETTER + this.int(LETTERS));
  }
}

function letters(): string {
  const next = generator(FILLER_SEED);
  const codes = Buffer.alloc(FILLER_LENGTH);
  for (let i = 0; i < FILLER_LENGTH; i++) codes[i] = FIRST_LETTER + Math.floor(next() * LETTERS);
  return codes.toString('latin1');
}

/** A hash of both (the final mix of MurmurHash3). */
function mixed(seed: number, index: number): number {
  let hash = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ index;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
