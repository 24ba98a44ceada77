import { MillraceError } from '../../errors.ts';
import { recordToJson } from './json-records.ts';
import { type Chunk, compileFormat, type FieldStyle, headersText } from './kcat-format.ts';
import type { ConsumedRecord } from './types.ts';

/** What a line of output holds, beside the value. */
export interface LineParts {
  readonly timestamp: boolean;
  readonly partition: boolean;
  readonly offset: boolean;
  readonly headers: boolean;
  readonly key: boolean;
  readonly value: boolean;
}

export interface OutputOptions extends FieldStyle {
  readonly json: boolean;
  /** kcat's format; wins over the parts of a line. */
  readonly format: string | undefined;
  readonly parts: LineParts;
  readonly separator: Buffer;
  readonly delimiter: Buffer;
  readonly headersSeparator: string;
}

/** Turns records into bytes for stdout. What it throws names the record. */
export function recordOutput(options: OutputOptions): (record: ConsumedRecord, out: Chunk[]) => void {
  const write = writer(options);
  return (record, out) => {
    try {
      write(record, out);
    } catch (cause) {
      const { topic, partition, offset } = record;
      throw new MillraceError(
        'DESERIALIZATION_FAILED',
        `The record at offset ${offset} of ${topic}-${partition} cannot be shown: ${(cause as Error).message}. --skip-errors passes over such records.`,
        { cause, context: { topic, partition, offset } },
      );
    }
  };
}

function writer(options: OutputOptions): (record: ConsumedRecord, out: Chunk[]) => void {
  const { keyFormat, valueFormat, format, json } = options;
  if (format !== undefined) return compileFormat(format, options);
  if (json) return (record, out) => void out.push(`${recordToJson(record, keyFormat, valueFormat)}\n`);
  return lineWriter(options);
}

/** The order and the words of Kafka's DefaultMessageFormatter. */
function lineWriter({ parts, separator, delimiter, keyFormat, valueFormat, nullText, headersSeparator }: OutputOptions) {
  return (record: ConsumedRecord, out: Chunk[]): void => {
    const columns: Chunk[] = [];
    if (parts.timestamp) columns.push(`${record.timestampType}:${record.timestampMs}`);
    if (parts.partition) columns.push(`Partition:${record.partition}`);
    if (parts.offset) columns.push(`Offset:${record.offset}`);
    if (parts.headers) columns.push(record.headers.length === 0 ? 'NO_HEADERS' : headersText(record.headers, ':', headersSeparator));
    if (parts.key) columns.push(record.key === null ? nullText : keyFormat.toText(record.key));
    if (parts.value) columns.push(record.value === null ? nullText : valueFormat.toText(record.value));
    for (const [index, column] of columns.entries()) {
      if (index > 0) out.push(separator);
      out.push(column);
    }
    out.push(delimiter);
  };
}
