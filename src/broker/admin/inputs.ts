/** What comes in at the admin port: paths and JSON bodies, checked before anything is done. */

import type { Context } from 'hono';
import { BadRequest } from './answers.ts';

/** No request has reason to be larger. */
const MAX_BODY_BYTES = 64 * 1024;

/** A whole number in the path. */
export function pathNumber(context: Context, field: string, min = 0): number {
  const text = context.req.param(field) ?? '';
  const value = Number(text);
  if (!/^\d{1,15}$/.test(text) || value < min) throw new BadRequest(field, `must be a whole number from ${min} on; it is '${text}'`);
  return value;
}

/** Text in the path, decoded. */
export function pathText(context: Context, field: string): string {
  const text = context.req.param(field) ?? '';
  if (text === '') throw new BadRequest(field, 'must not be empty');
  return text;
}

/** The JSON body. */
export async function jsonBody(context: Context): Promise<unknown> {
  const type = context.req.header('content-type') ?? '';
  // Pages in a browser cannot send this type to another site without asking it first.
  if (!/^application\/json\b/i.test(type)) throw new BadRequest('Content-Type', `must be application/json; it is '${type}'`);
  const length = Number(context.req.header('content-length') ?? Number.NaN);
  if (!(length <= MAX_BODY_BYTES)) throw new BadRequest('Content-Length', `must be there and at most ${MAX_BODY_BYTES} bytes`);
  try {
    return JSON.parse(await context.req.text()) as unknown;
  } catch (cause) {
    throw new BadRequest('body', `is not JSON: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
}

/** The one whole number that the JSON body must have, and nothing else. */
export async function bodyNumber(context: Context, field: string, min = 0): Promise<number> {
  const body = await jsonBody(context);
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw new BadRequest('body', `must be an object with '${field}'`);
  const other = Object.keys(body).find((name) => name !== field);
  if (other !== undefined) throw new BadRequest(other, `is not known here; the body has '${field}' only`);
  const value: unknown = Reflect.get(body, field);
  if (!Number.isSafeInteger(value) || (value as number) < min) {
    throw new BadRequest(field, `must be a whole number from ${min} on; it is ${value === undefined ? 'missing' : JSON.stringify(value)}`);
  }
  return value as number;
}
