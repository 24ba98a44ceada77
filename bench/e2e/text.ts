import { readFileSync } from 'node:fs';

/** Lines of the first part of Herman Melville's Moby-Dick (in the public domain): words as they are in real text. */
export function textLines(): Buffer[] {
  return readFileSync(new URL('moby-dick.txt', import.meta.url), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => Buffer.from(line));
}
