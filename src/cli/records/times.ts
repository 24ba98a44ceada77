import { InvalidArgumentError } from 'commander';

/** For commander: milliseconds since the epoch, from that number or from an ISO 8601 date and time. */
export function timestamp(text: string): number {
  const value = /^\d+$/.test(text) ? Number(text) : Date.parse(text);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new InvalidArgumentError('It must be milliseconds since 1970, or a time like 2026-03-01T12:00:00Z.');
}
