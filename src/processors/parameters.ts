import type { FlowRecord } from './flow-record.ts';

/** Which of its two arguments a user function can possibly read. */
export type ReadParameters = 'none' | 'first' | 'both';

const NO_PARAMETER = /^\(\s*\)\s*=>/;
const ONE_PARAMETER = /^(?:\(\s*[A-Za-z_$][\w$]*\s*\)|[A-Za-z_$][\w$]*)\s*=>/;

/**
 * Decides from a function's source text, so that what it cannot read is never decoded. Only arrow functions are
 * trusted (others could read `arguments`), and only with plain parameters; anything else is taken to read both.
 */
export function readParameters(fn: (...args: never[]) => unknown): ReadParameters {
  const text = Function.prototype.toString.call(fn);
  if (NO_PARAMETER.test(text)) return 'none';
  return ONE_PARAMETER.test(text) ? 'first' : 'both';
}

/** Calls `fn(key, value)`, decoding only what it reads. */
export function withKeyValue<R>(fn: (key: unknown, value: unknown) => R): (record: FlowRecord) => R {
  switch (readParameters(fn)) {
    case 'none':
      return () => fn(undefined, undefined);
    case 'first':
      return (record) => fn(record.key, undefined);
    case 'both':
      return (record) => fn(record.key, record.value);
  }
}

/** Calls `fn(value, key)`, decoding only what it reads. */
export function withValueKey<R>(fn: (value: unknown, key: unknown) => R): (record: FlowRecord) => R {
  switch (readParameters(fn)) {
    case 'none':
      return () => fn(undefined, undefined);
    case 'first':
      return (record) => fn(record.value, undefined);
    case 'both':
      return (record) => fn(record.value, record.key);
  }
}
