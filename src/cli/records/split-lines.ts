import { MillraceError } from '../../errors.ts';

/** No record may be longer; a broker's default limit is 1 MiB. */
const MAX_LINE_BYTES = 64 * 1024 * 1024;

/**
 * Cuts a stream of bytes at a delimiter, which may itself be several bytes and is not part of what comes out: the lines
 * that each chunk completes. What stands after the last delimiter is a line too, if it is not empty. Bytes are never
 * decoded. RECORD_TOO_LARGE for endless lines.
 */
export async function* splitLines(source: AsyncIterable<Uint8Array | string>, delimiter: Buffer): AsyncGenerator<Buffer[]> {
  let rest: Buffer[] = [];
  let restBytes = 0;
  for await (const chunk of source) {
    let bytes = typeof chunk === 'string' ? Buffer.from(chunk) : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    // A delimiter of several bytes may lie across two chunks.
    if (delimiter.length > 1 && restBytes > 0) {
      bytes = Buffer.concat([...rest, bytes]);
      rest = [];
      restBytes = 0;
    }
    const lines: Buffer[] = [];
    let start = 0;
    for (let end = bytes.indexOf(delimiter); end >= 0; end = bytes.indexOf(delimiter, start)) {
      const line = bytes.subarray(start, end);
      lines.push(restBytes === 0 ? line : Buffer.concat([...rest, line]));
      rest = [];
      restBytes = 0;
      start = end + delimiter.length;
    }
    if (start < bytes.length) {
      rest.push(bytes.subarray(start));
      restBytes += bytes.length - start;
    }
    if (restBytes > MAX_LINE_BYTES) {
      throw new MillraceError('RECORD_TOO_LARGE', `A line of the input is longer than ${MAX_LINE_BYTES / 1024 / 1024} MiB.`);
    }
    if (lines.length > 0) yield lines;
  }
  if (restBytes > 0) yield [Buffer.concat(rest)];
}
