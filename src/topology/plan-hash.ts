import { createHash } from 'node:crypto';
import type { Plan } from './nodes.ts';

/**
 * Hex SHA-256 over the structure of a plan: names, edges, operator types, windows, serde names and store settings, but no
 * function's code. Two threads that import one module get the same hash; a changed window size gives another one.
 */
export function hashOf(structure: Omit<Plan, 'hash'>): string {
  return createHash('sha256')
    .update(JSON.stringify(canonical(structure)))
    .digest('hex');
}

/** The same data with sorted keys; a serde is its name and a function only the fact that there is one. */
function canonical(value: unknown): unknown {
  if (typeof value === 'function') return 'function';
  if (typeof value === 'bigint') return `${value}n`;
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map(canonical);
  if (isSerde(value)) return { serde: value.name };
  const sorted = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return Object.fromEntries(sorted.map(([key, entry]) => [key, canonical(entry)]));
}

function isSerde(value: object): value is { name: string } {
  return 'serialize' in value && 'deserialize' in value && 'name' in value;
}
