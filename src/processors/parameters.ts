import { compile } from './compile.ts';
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

/** The arguments of a call, as source text: as many of the two as the function can read. */
export function argumentsFor(fn: (...args: never[]) => unknown, first: string, second: string): string {
  switch (readParameters(fn)) {
    case 'none':
      return '';
    case 'first':
      return first;
    case 'both':
      return `${first}, ${second}`;
  }
}

type OfRecord = (record: FlowRecord) => unknown;

/** By user function, so that the tasks of a sub-topology share what is compiled. */
const keyValueCalls = new WeakMap<object, OfRecord>();
const valueKeyCalls = new WeakMap<object, OfRecord>();

/** Calls `fn(key, value)`, decoding only what it reads. */
export function withKeyValue<R>(fn: (key: unknown, value: unknown) => R): (record: FlowRecord) => R {
  return ofRecord(keyValueCalls, fn, 'record.keyField.get()', 'record.valueField.get()') as (record: FlowRecord) => R;
}

/** Calls `fn(value, key)`, decoding only what it reads. */
export function withValueKey<R>(fn: (value: unknown, key: unknown) => R): (record: FlowRecord) => R {
  return ofRecord(valueKeyCalls, fn, 'record.valueField.get()', 'record.keyField.get()') as (record: FlowRecord) => R;
}

function ofRecord(known: WeakMap<object, OfRecord>, fn: (...args: never[]) => unknown, first: string, second: string): OfRecord {
  const made = known.get(fn);
  if (made !== undefined) return made;
  const call = compile<OfRecord>(fn.name || 'anonymous', { fn }, `return (record) => fn(${argumentsFor(fn, first, second)});`);
  known.set(fn, call);
  return call;
}
