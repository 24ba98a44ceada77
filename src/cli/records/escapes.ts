import { InvalidArgumentError } from 'commander';

const SIMPLE: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '0': '\0', '\\': '\\' };

/** Text of the command line with `\n`, `\t`, `\r`, `\0`, `\\` and `\x1f` meaning what they do in a shell's `$'…'`. */
export function withEscapes(text: string): Buffer {
  const parts: Buffer[] = [];
  let plainFrom = 0;
  for (const match of text.matchAll(/\\(?:x([0-9a-fA-F]{2})|(.))/gs)) {
    parts.push(Buffer.from(text.slice(plainFrom, match.index)));
    const [whole, hex, simple = ''] = match;
    parts.push(hex === undefined ? Buffer.from(SIMPLE[simple] ?? whole) : Buffer.from([Number.parseInt(hex, 16)]));
    plainFrom = match.index + whole.length;
  }
  parts.push(Buffer.from(text.slice(plainFrom)));
  return Buffer.concat(parts);
}

/** For a delimiter on the command line: at least one byte. */
export function delimiter(text: string): Buffer {
  const bytes = withEscapes(text);
  if (bytes.length === 0) throw new InvalidArgumentError('It must be at least one character.');
  return bytes;
}
