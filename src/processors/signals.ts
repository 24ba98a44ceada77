import type { MillraceError } from '../errors.ts';

/**
 * What operators throw through each other on purpose. Everything else that is thrown came from a user's function (or a
 * store) and goes to the processing exception handler at the node where it happened; these pass.
 */
export abstract class FlowSignal extends Error {}

/** Bytes that their serde cannot read, found when an operator read them. The task drops the whole record. */
export class DeserializationFailure extends FlowSignal {
  readonly isKey: boolean;
  readonly serdeName: string;

  constructor(cause: unknown, isKey: boolean, serdeName: string) {
    super(`The ${isKey ? 'key' : 'value'} cannot be read by the ${serdeName} serde`, { cause });
    this.isKey = isKey;
    this.serdeName = serdeName;
  }
}

/** A handler said `fail`: the task stops with this error. */
export class TaskFailure extends FlowSignal {
  readonly error: MillraceError;

  constructor(error: MillraceError) {
    super(error.message, { cause: error });
    this.error = error;
  }
}
