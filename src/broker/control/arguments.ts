/** Checks of what callers of the controls give: they may be JavaScript, or on the other side of a port. */

import { MillraceError } from '../../errors.ts';

/** Throws INVALID_CONFIG that names the field. */
export function requireText(field: string, value: unknown): void {
  if (typeof value === 'string' && value !== '') return;
  throw new MillraceError('INVALID_CONFIG', `'${field}' must be text that is not empty.`, { context: { field } });
}

/** Throws INVALID_CONFIG that names the field. */
export function requireNumber(field: string, value: unknown, min: number): void {
  if (Number.isSafeInteger(value) && (value as number) >= min) return;
  throw new MillraceError('INVALID_CONFIG', `'${field}' must be a whole number from ${min} on, not ${String(value)}.`, {
    context: { field },
  });
}
