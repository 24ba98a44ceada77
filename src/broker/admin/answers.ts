/** How the admin port says that something is wrong. */

import type { Context } from 'hono';
import { HTTPException } from 'hono/http-exception';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { type ErrorCode, isMillraceError } from '../../errors.ts';
import type { BrokerLogger } from '../logger.ts';

/** Body of every answer that is not a success. */
export interface AdminError {
  readonly error: {
    readonly code: ErrorCode;
    readonly message: string;
    /** What in the request is wrong, where it is one thing. */
    readonly field?: string;
  };
}

/** Something wrong with the request itself. */
export class BadRequest extends Error {
  readonly field: string;

  constructor(field: string, problem: string) {
    super(`'${field}' ${problem}`);
    this.field = field;
  }
}

/** What was asked for is not one of the port's paths, or not there. */
export function notFound(context: Context, what: string): Response {
  return refuse(context, 404, 'INVALID_STATE', what);
}

export function answerError(context: Context, error: unknown, log: BrokerLogger): Response {
  if (error instanceof BadRequest) return refuse(context, 400, 'INVALID_CONFIG', error.message, error.field);
  if (error instanceof HTTPException) return refuse(context, error.status, 'INVALID_CONFIG', error.message);
  if (isMillraceError(error)) {
    const { field } = error.context;
    if (error.code === 'INVALID_CONFIG')
      return refuse(context, 400, error.code, error.message, typeof field === 'string' ? field : undefined);
    if (error.code === 'INVALID_STATE') return refuse(context, 409, error.code, error.message);
    return refuse(context, 500, error.code, error.message);
  }
  log.error(
    `The admin port failed at ${context.req.method} ${context.req.path}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
  );
  return refuse(context, 500, 'INTERNAL', error instanceof Error ? error.message : String(error));
}

export function refuse(context: Context, status: ContentfulStatusCode, code: ErrorCode, message: string, field?: string): Response {
  const body: AdminError = { error: { code, message, ...(field !== undefined && { field }) } };
  return context.json(body, status);
}
