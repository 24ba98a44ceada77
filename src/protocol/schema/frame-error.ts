import { type ErrorCode, MillraceError } from '../../errors.ts';

/**
 * Thrown inside the codecs; every struct and array on the way out adds where it was. The outermost caller, who knows
 * the message's name and version, makes a MillraceError of it.
 */
export class FrameError extends Error {
  readonly code: ErrorCode;
  private readonly path: string[] = [];

  constructor(code: ErrorCode, message: string) {
    super(message);
    this.code = code;
  }

  enter(name: string | number): void {
    this.path.push(typeof name === 'number' ? `[${name}]` : `.${name}`);
  }

  get fieldPath(): string {
    return this.path.toReversed().join('').replace(/^\./, '');
  }
}

/** Adds a step to the error's path if it is one of ours; the caller throws it again. */
export function addToPath(error: unknown, name: string | number): unknown {
  if (error instanceof FrameError) error.enter(name);
  return error;
}

/** What a caller of the protocol sees. */
export function toMillraceError(error: unknown, message: string, version: number): unknown {
  if (!(error instanceof FrameError)) return error;
  const at = error.fieldPath === '' ? '' : `, field ${error.fieldPath}`;
  return new MillraceError(error.code, `${message} v${version}${at}: ${error.message}.`, {
    context: { message, version, field: error.fieldPath },
  });
}

export function malformed(what: string): FrameError {
  return new FrameError('MALFORMED_FRAME', what);
}
