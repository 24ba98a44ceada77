import { InvalidArgumentError } from 'commander';

/** For commander: milliseconds since the epoch, from that number or from an ISO 8601 date and time. */
export function timestamp(text: string): number {
  const value = /^\d+$/.test(text) ? Number(text) : Date.parse(text);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new InvalidArgumentError('It must be milliseconds since 1970, or a time like 2026-03-01T12:00:00Z.');
}

/** For commander: a time as Kafka's tools take it, `2026-03-01T12:00:00.000`; UTC unless it names a zone. */
export function dateTime(text: string): number {
  if (/^\d{4}-\d{2}-\d{2}T/.test(text)) return timestamp(/(?:Z|[+-]\d{2}:?\d{2})$/.test(text) ? text : `${text}Z`);
  return timestamp(text);
}

const DURATION = /^P(?=.)(?:(\d+)W)?(?:(\d+)D)?(?:T(?=.)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/;
const UNITS_MS = [7 * 86_400_000, 86_400_000, 3_600_000, 60_000, 1000];

/** For commander: a duration in ISO 8601, in milliseconds: `PT1H30M`, `P7D`. */
export function duration(text: string): number {
  const match = DURATION.exec(text.toUpperCase());
  if (match === null) throw new InvalidArgumentError('It must be a duration like PT1H30M or P7D.');
  return UNITS_MS.reduce((sum, unitMs, index) => sum + Math.round(Number(match[index + 1] ?? 0) * unitMs), 0);
}
