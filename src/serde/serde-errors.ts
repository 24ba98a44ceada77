import { MillraceError } from '../errors.ts';

/** How much of a value or of its bytes an error message shows. */
const PREVIEW_BYTES = 48;

/** SERIALIZATION_FAILED: names the serde, the topic (where known, else ''), what it takes and what it got. */
export function serializationFailed(serde: string, topic: string, expected: string, value: unknown, cause?: unknown): MillraceError {
  const reason = cause instanceof Error ? ` (${cause.message})` : '';
  return new MillraceError(
    'SERIALIZATION_FAILED',
    `Serde ${serde} takes ${expected} but got ${describeValue(value)}${topic === '' ? '' : ` for topic "${topic}"`}${reason}. ` +
      'Set the key or value serde of this step to one that fits its type.',
    { cause, context: { serde, topic } },
  );
}

/** DESERIALIZATION_FAILED: names the serde and the topic, and shows how the bytes begin. */
export function deserializationFailed(serde: string, topic: string, reason: string, data: Uint8Array, cause?: unknown): MillraceError {
  return new MillraceError(
    'DESERIALIZATION_FAILED',
    `Serde ${serde} cannot read ${data.length} bytes of topic "${topic}": ${reason}. They begin with ${describeBytes(data)}.`,
    { cause, context: { serde, topic, sizeBytes: data.length } },
  );
}

/** Type and start of a value, e.g. `string "abc"`, `an instance of Date`. */
export function describeValue(value: unknown): string {
  if (value === null) return 'null';
  switch (typeof value) {
    case 'string':
      return `string ${JSON.stringify(value.length > PREVIEW_BYTES ? `${value.slice(0, PREVIEW_BYTES)}…` : value)}`;
    case 'number':
    case 'boolean':
      return `${typeof value} ${String(value)}`;
    case 'bigint':
      return `bigint ${String(value)}n`;
    case 'object':
      return Array.isArray(value) ? `an array of ${value.length}` : `an instance of ${value.constructor?.name ?? 'Object'}`;
    default:
      return typeof value;
  }
}

/** Printable bytes as text, others as hex; cut after 48 bytes. */
export function describeBytes(data: Uint8Array): string {
  if (data.length === 0) return 'nothing (no bytes)';
  const start = Buffer.from(data.buffer, data.byteOffset, Math.min(data.length, PREVIEW_BYTES));
  const more = data.length > PREVIEW_BYTES ? '…' : '';
  const printable = start.every((byte) => byte >= 0x20 && byte < 0x7f);
  return printable ? `'${start.toString('latin1')}${more}'` : `0x${start.toString('hex')}${more}`;
}
