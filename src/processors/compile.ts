import { compileFunction } from 'node:vm';

/**
 * Makes a function from source text that is written for one place of a topology. V8 learns what is called at a call site
 * per function text: in code that all operators share, each user function is one of many and is called through a lookup,
 * while in code of its own it is the only one, and is inlined.
 *
 * `node:vm` and not `new Function`: it also works under `--disallow-code-generation-from-strings`, and the name shows in
 * profiles.
 *
 * @param name of the operator, for stack traces and profiles.
 * @param values what the code may use, by name.
 * @param code a function body that returns the function. Never contains text of the user's: names are passed as values.
 */
export function compile<F>(name: string, values: Readonly<Record<string, unknown>>, code: string): F {
  const make = compileFunction(`'use strict';\n${code}`, Object.keys(values), { filename: `millrace:${name}` }) as (
    ...args: unknown[]
  ) => F;
  return make(...Object.values(values));
}
