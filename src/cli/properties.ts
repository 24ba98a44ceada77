import { readFileSync } from 'node:fs';
import { MillraceError } from '../errors.ts';

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', f: '\f' };

/** Reads a Java properties file. INVALID_CONFIG when it cannot be read. */
export function readProperties(path: string): Record<string, string> {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new MillraceError('INVALID_CONFIG', `The properties file ${path} cannot be read: ${(cause as Error).message}.`, { cause });
  }
  return parseProperties(text);
}

/**
 * Java properties as `java.util.Properties` reads them: `#` and `!` begin comments, a backslash at the end of a line goes
 * on with the next, key and value are parted by `=`, `:` or blanks, and `\n`, `\t`, `\uXXXX` mean what they do in Java.
 */
export function parseProperties(text: string): Record<string, string> {
  const properties: Record<string, string> = {};
  for (const line of logicalLines(text)) {
    const match = /^((?:\\.|[^\\=:\s])*)[ \t\f]*[=:]?[ \t\f]*(.*)$/s.exec(line);
    if (match === null) continue;
    properties[plain(match[1] ?? '')] = plain(match[2] ?? '').trimEnd();
  }
  return properties;
}

function* logicalLines(text: string): Generator<string> {
  let pending = '';
  for (const natural of text.split(/\r\n|\n|\r/)) {
    const line = natural.trimStart();
    if (pending === '' && (line === '' || line.startsWith('#') || line.startsWith('!'))) continue;
    const continued = /(?:^|[^\\])(?:\\\\)*\\$/.test(line);
    pending += continued ? line.slice(0, -1) : line;
    if (continued) continue;
    yield pending;
    pending = '';
  }
  if (pending !== '') yield pending;
}

function plain(text: string): string {
  return text.replace(/\\(?:u([0-9a-fA-F]{4})|(.))/gs, (_, code: string | undefined, char: string | undefined) =>
    code === undefined ? (ESCAPES[char ?? ''] ?? char ?? '') : String.fromCharCode(Number.parseInt(code, 16)),
  );
}
