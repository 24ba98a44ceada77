import { InvalidArgumentError } from 'commander';
import { withEscapes } from './escapes.ts';
import type { FieldFormat } from './field-formats.ts';
import type { ConsumedRecord } from './types.ts';

export type Chunk = Buffer | string;
type Part = (record: ConsumedRecord) => Chunk;

/** Text for a null key or value, and the formats of both. */
export interface FieldStyle {
  readonly keyFormat: FieldFormat;
  readonly valueFormat: FieldFormat;
  readonly nullText: string;
}

const FOUR_BYTES = 4;

/**
 * kcat's format string: %s value, %S its length (-1: null), %R the same as four bytes, %k key, %K its length, %T timestamp
 * in milliseconds, %h headers as a=1,b=2, %t topic, %p partition, %o offset, %% a percent sign; \n, \t, \x1f and the like.
 */
export function compileFormat(format: string, style: FieldStyle): (record: ConsumedRecord, out: Chunk[]) => void {
  const parts: Part[] = [];
  let plain = '';
  const endPlain = (): void => {
    if (plain === '') return;
    const bytes = withEscapes(plain);
    parts.push(() => bytes);
    plain = '';
  };
  for (let at = 0; at < format.length; at++) {
    const letter = format[at + 1];
    if (format[at] !== '%') plain += format[at];
    else if (letter === '%') {
      plain += '%';
      at++;
    } else {
      endPlain();
      parts.push(partFor(letter, style));
      at++;
    }
  }
  endPlain();
  return (record, out) => {
    for (const part of parts) out.push(part(record));
  };
}

function partFor(letter: string | undefined, { keyFormat, valueFormat, nullText }: FieldStyle): Part {
  switch (letter) {
    case 's':
      return ({ value }) => (value === null ? nullText : valueFormat.toText(value));
    case 'S':
      return ({ value }) => String(value?.length ?? -1);
    case 'R':
      return ({ value }) => fourBytes(value?.length ?? -1);
    case 'k':
      return ({ key }) => (key === null ? nullText : keyFormat.toText(key));
    case 'K':
      return ({ key }) => String(key?.length ?? -1);
    case 'T':
      return ({ timestampMs }) => String(timestampMs);
    case 'h':
      return ({ headers }) => headersText(headers, '=', ',');
    case 't':
      return ({ topic }) => topic;
    case 'p':
      return ({ partition }) => String(partition);
    case 'o':
      return ({ offset }) => String(offset);
    default:
      throw new InvalidArgumentError(`It has %${letter ?? ''}; there are %s %S %R %k %K %T %h %t %p %o and %%.`);
  }
}

/** Headers on one line; a null value is shown as NULL, as kcat does. */
export function headersText(headers: ConsumedRecord['headers'], separator: string, between: string): string {
  return headers.map(([key, value]) => `${key}${separator}${value === null ? 'NULL' : Buffer.from(value).toString('utf8')}`).join(between);
}

function fourBytes(length: number): Buffer {
  const bytes = Buffer.alloc(FOUR_BYTES);
  bytes.writeInt32BE(length);
  return bytes;
}
