/**
 * The response to a request that failed as a whole, as Kafka's `AbstractRequest.getErrorResponse` does for each API:
 * the error once where the response has a place at the top, else for every item that was asked for. It is worked out
 * from the two schemas: the items of a response repeat those of the request.
 */

import type { Api } from '../protocol/index.ts';
import type { Field, Shape } from '../protocol/schema/fields.ts';

type Struct = Record<string, unknown>;

/** What the field goes by: AddPartitionsToTxn calls it its own way. */
const ERROR_CODES = ['errorCode', 'partitionErrorCode'];
const ERROR_MESSAGE = 'errorMessage';
/** What Kafka's classes answer -1 for beside an error, though the schema's default is 0. */
const UNKNOWN_WITH_ERROR = ['baseOffset', 'highWatermark', 'lowWatermark', 'committedOffset', 'nodeId', 'port', 'producerEpoch'];

function inVersion(field: Field, version: number): boolean {
  return version >= field.versions.first && version <= field.versions.last;
}

/** Where an error goes first when both can hold one: once at the top, or into every item that was asked for. */
export type ErrorPlace = 'top' | 'items';

/** Undefined when the response has no place for an error. */
export function errorResponse(
  api: Api,
  version: number,
  request: unknown,
  code: number,
  message: string | null,
  place: ErrorPlace = 'top',
): Struct | undefined {
  const failure = { version, code, message, isItem: false };
  const body = (request ?? {}) as Struct;
  if (place === 'top') return errorStruct(api.response.shape, api.request.shape, body, failure);
  return (
    errorInItems(api.response.shape, api.request.shape, body, failure) ?? errorStruct(api.response.shape, api.request.shape, body, failure)
  );
}

interface Failure {
  readonly version: number;
  readonly code: number;
  readonly message: string | null;
  /** Of something that was asked for, not of the request as a whole. */
  readonly isItem: boolean;
}

/** The struct without an error of its own; undefined when none of its arrays has an item that can hold one. */
function errorInItems(shape: Shape, requestShape: Shape, request: Struct, failure: Failure): Struct | undefined {
  const withoutCode = Object.fromEntries(Object.entries(shape).filter(([name]) => !ERROR_CODES.includes(name) && name !== ERROR_MESSAGE));
  const result = errorStruct(withoutCode, requestShape, request, failure);
  const placed = Object.values(result ?? {}).some((value) => Array.isArray(value) && value.length > 0);
  return placed ? result : undefined;
}

/** The struct with its error code set, or with one set in each element of its arrays. */
function errorStruct(shape: Shape, requestShape: Shape, request: Struct, failure: Failure): Struct | undefined {
  // The whole response tells nothing of the request; its items do.
  const result = failure.isItem ? copyOfKeys(shape, requestShape, request, failure.version) : fillRequired(shape, {});
  const codeName = errorCodeField(shape, failure.version);
  let placed = codeName !== undefined;
  if (codeName !== undefined) {
    result[codeName] = failure.code;
    for (const name of UNKNOWN_WITH_ERROR) {
      const field = shape[name];
      if (field !== undefined && inVersion(field, failure.version)) result[name] ??= -1;
    }
    const message = shape[ERROR_MESSAGE];
    if (message !== undefined && inVersion(message, failure.version)) result[ERROR_MESSAGE] = failure.message;
  }
  for (const [name, field] of Object.entries(shape)) {
    if (field.kind !== 'array') continue;
    result[name] = [];
    if (placed || !inVersion(field, failure.version)) continue;
    const items = errorItems(field, requestShape, request, failure);
    if (items === undefined) continue;
    result[name] = items;
    placed = true;
  }
  return placed ? result : undefined;
}

/** One element with the error for each element of the request's first array that has any; undefined when they take none. */
function errorItems(field: Field, requestShape: Shape, request: Struct, failure: Failure): Struct[] | undefined {
  const shape = field.element?.shape;
  if (shape === undefined || !canHoldError(shape, failure.version)) return undefined;
  const source = Object.entries(requestShape).find(([name, candidate]) => {
    return candidate.kind === 'array' && inVersion(candidate, failure.version) && Array.isArray(request[name]);
  });
  if (source === undefined) return [];
  const [sourceName, sourceField] = source;
  const ofItem = { ...failure, isItem: true };
  const elementShape = sourceField.element?.shape;
  return (request[sourceName] as unknown[]).map((element) => {
    if (elementShape !== undefined) return errorStruct(shape, elementShape, element as Struct, ofItem) ?? {};
    const keyName = keyField(shape, sourceField.element?.kind);
    return { ...errorStruct(shape, {}, {}, ofItem), ...(keyName === undefined ? {} : { [keyName]: element }) };
  });
}

function errorCodeField(shape: Shape, version: number): string | undefined {
  return ERROR_CODES.find((name) => shape[name] !== undefined && inVersion(shape[name], version));
}

function canHoldError(shape: Shape, version: number): boolean {
  return Object.entries(shape).some(([name, field]) => {
    if (!inVersion(field, version)) return false;
    if (ERROR_CODES.includes(name)) return true;
    return field.kind === 'array' && field.element?.shape !== undefined && canHoldError(field.element.shape, version);
  });
}

/** First field of a kind that is no error: names, ids and indexes come first in every item. */
function keyField(shape: Shape, kind: Field['kind'] | undefined): string | undefined {
  return Object.entries(shape).find(([name, field]) => field.kind === kind && !ERROR_CODES.includes(name) && name !== ERROR_MESSAGE)?.[0];
}

/** What tells an item from others: fields of the same name, and an int32 index under whatever name it goes. */
function copyOfKeys(shape: Shape, requestShape: Shape, request: Struct, version: number): Struct {
  const result: Struct = {};
  for (const [name, field] of Object.entries(shape)) {
    if (!inVersion(field, version)) continue;
    if (requestShape[name]?.kind === field.kind && field.kind !== 'array' && field.kind !== 'struct') result[name] = request[name];
  }
  const index = keyField(shape, 'int32');
  const requestIndex = keyField(requestShape, 'int32');
  if (
    index !== undefined &&
    requestIndex !== undefined &&
    /^(partition)?(index)?$/i.test(requestIndex) &&
    /^(partition)?(index)?$/i.test(index)
  ) {
    result[index] = request[requestIndex];
  }
  return fillRequired(shape, result);
}

function fillRequired(shape: Shape, result: Struct): Struct {
  for (const [name, field] of Object.entries(shape)) {
    if (result[name] !== undefined || field.tag !== undefined) continue;
    if (field.nullable !== undefined && field.default === null) result[name] = null;
  }
  return result;
}
