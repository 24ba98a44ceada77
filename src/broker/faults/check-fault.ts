/** Faults come from tests and over HTTP: each field is checked, and what is wrong is named. */

import { MillraceError } from '../../errors.ts';
import { allApis, ErrorCode } from '../../protocol/index.ts';
import type { Fault } from './fault.ts';

/** Longest delay and throttle time: a day. */
const MAX_MS = 86_400_000;
const MAX_BYTES = 1024 * 1024 * 1024;
const MAX_NODE = 1_000_000;
const MAX_TEXT = 1000;

type Check = (field: string, value: unknown) => void;

const text: Check = (field, value) => {
  if (typeof value !== 'string' || value.length > MAX_TEXT) throw invalid(field, `text of at most ${MAX_TEXT} characters`, value);
};

function integer(min: number, max: number): Check {
  return (field, value) => {
    if (!Number.isInteger(value) || (value as number) < min || (value as number) > max) {
      throw invalid(field, `a whole number from ${min} to ${max}`, value);
    }
  };
}

function oneOf(...values: readonly string[]): Check {
  return (field, value) => {
    if (!values.includes(value as string)) throw invalid(field, `one of ${values.join(', ')}`, value);
  };
}

const probability: Check = (field, value) => {
  if (typeof value !== 'number' || !(value > 0 && value <= 1)) throw invalid(field, 'a number above 0 and up to 1', value);
};

const errorName: Check = (field, value) => {
  if (typeof value !== 'string' || !Object.hasOwn(ErrorCode, value) || value === 'NONE') {
    throw invalid(field, "the name of one of Kafka's errors, like NOT_LEADER_OR_FOLLOWER", value);
  }
};

const SCOPE: Readonly<Record<string, Check>> = {
  api: (_, value) => void apiKeysOf(value),
  node: integer(1, MAX_NODE),
  clientId: text,
  topic: text,
  groupId: text,
  transactionalId: text,
  skip: integer(0, Number.MAX_SAFE_INTEGER),
  count: integer(1, Number.MAX_SAFE_INTEGER),
  probability,
  seed: integer(0, 0xffff_ffff),
};

/** The fields of each action; those in the first object must be there. */
const ACTIONS: Readonly<Record<string, readonly [required: Readonly<Record<string, Check>>, optional: Readonly<Record<string, Check>>]>> = {
  delay: [{ delayMs: integer(0, MAX_MS) }, { when: oneOf('before', 'after') }],
  error: [{ error: errorName }, { message: text }],
  drop: [{}, { when: oneOf('before', 'after') }],
  disconnect: [{}, { when: oneOf('before', 'after', 'during'), bytes: integer(0, MAX_BYTES) }],
  throttle: [{ throttleTimeMs: integer(1, MAX_MS) }, {}],
  truncate: [{}, { bytes: integer(1, MAX_BYTES) }],
};

/** The same fault, checked. Throws INVALID_CONFIG whose context names the `field`. */
export function checkFault(input: unknown): Fault {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) throw invalid('fault', 'an object', input);
  const fields = Object.entries(input).filter(([, value]) => value !== undefined);
  const action: unknown = Reflect.get(input, 'action');
  oneOf(...Object.keys(ACTIONS))('action', action);
  const [required, optional] = ACTIONS[action as string]!;
  const checks = new Map(Object.entries({ ...SCOPE, ...required, ...optional }));
  for (const [name, value] of fields) {
    if (name === 'action') continue;
    const check = checks.get(name);
    if (check === undefined) throw unknownField(name, action as string, [...checks.keys()]);
    check(name, value);
  }
  for (const name of Object.keys(required)) required[name]!(name, Reflect.get(input, name));
  return Object.fromEntries(fields) as unknown as Fault;
}

const byName = new Map(allApis.map((api) => [api.name.toLowerCase(), api.key]));

/** Keys of the APIs that a fault names; undefined for all. Throws INVALID_CONFIG. */
export function apiKeysOf(api: unknown): ReadonlySet<number> | undefined {
  if (api === undefined) return undefined;
  const named: readonly unknown[] = Array.isArray(api) ? api : [api];
  if (named.length === 0) throw invalid('api', 'the name or key of an API, or several', api);
  return new Set(
    named.map((each) => {
      const key = typeof each === 'string' ? byName.get(each.toLowerCase()) : allApis.find((known) => known.key === each)?.key;
      if (key === undefined) throw invalid('api', "the name or key of one of Kafka's APIs, like Produce or 0, or several", each);
      return key;
    }),
  );
}

function unknownField(name: string, action: string, known: readonly string[]): MillraceError {
  return new MillraceError('INVALID_CONFIG', `A fault with action ${action} has no field '${name}'. It can have: ${known.join(', ')}.`, {
    context: { field: name },
  });
}

function invalid(field: string, wanted: string, value: unknown): MillraceError {
  const shown = value === undefined ? 'missing' : (JSON.stringify(value) ?? String(value)).slice(0, 100);
  return new MillraceError('INVALID_CONFIG', `The fault's field '${field}' must be ${wanted}; it is ${shown}.`, { context: { field } });
}
