import { MillraceError } from '../../errors.ts';
import type { Codec } from './codec.ts';
import { compileStruct } from './compile.ts';
import type { Decoded, Input, Shape } from './fields.ts';

/** A message with its codecs, which are compiled when a version is first used. */
export interface MessageType<S extends Shape = Shape> {
  /** For error messages, e.g. `FetchRequest`. */
  readonly name: string;
  readonly shape: S;
  /** First and last version that can be read and written. */
  readonly versions: readonly [first: number, last: number];
  /** First version with compact lengths and tagged fields; null = never. */
  readonly flexibleFrom: number | null;
  /** Throws UNSUPPORTED_VERSION outside the range. */
  codec(version: number): Codec;
}

/** One API: its key, its versions, its request and its response. */
export interface Api<Req extends Shape = Shape, Res extends Shape = Shape> {
  readonly key: number;
  readonly name: string;
  readonly versions: readonly [first: number, last: number];
  readonly flexibleFrom: number | null;
  readonly request: MessageType<Req>;
  readonly response: MessageType<Res>;
}

/** The request as decoded: every field is there. */
export type RequestOf<A extends Api> = Decoded<A['request']['shape']>;
/** The response as decoded: every field is there. */
export type ResponseOf<A extends Api> = Decoded<A['response']['shape']>;
/** What encoding a request takes: fields that have a default or not every version can be left out. */
export type RequestInput<A extends Api> = Input<A['request']['shape']>;
/** What encoding a response takes: fields that have a default or not every version can be left out. */
export type ResponseInput<A extends Api> = Input<A['response']['shape']>;

interface Definition {
  readonly name: string;
  readonly versions: readonly [first: number, last: number];
  /** First version with compact lengths and tagged fields; null = never. */
  readonly flexibleFrom: number | null;
}

/** A message that stands alone: consumer protocol metadata and the like. */
export function defineMessage<const S extends Shape>(definition: Definition & { readonly shape: S }): MessageType<S> {
  const { name, shape, versions, flexibleFrom } = definition;
  const codecs: (Codec | undefined)[] = [];
  return {
    name,
    shape,
    versions,
    flexibleFrom,
    codec(version) {
      const known = codecs[version];
      if (known !== undefined) return known;
      if (!Number.isInteger(version) || version < versions[0] || version > versions[1]) {
        throw new MillraceError('UNSUPPORTED_VERSION', `${name} v${version}: versions ${versions[0]} to ${versions[1]} are known.`, {
          context: { message: name, version },
        });
      }
      const compiled = compileStruct(shape, version, flexibleFrom !== null && version >= flexibleFrom);
      codecs[version] = compiled;
      return compiled;
    },
  };
}

/** An API from its two shapes. */
export function defineApi<const Req extends Shape, const Res extends Shape>(
  definition: Definition & { readonly key: number; readonly request: Req; readonly response: Res },
): Api<Req, Res> {
  const { key, name, versions, flexibleFrom, request, response } = definition;
  return {
    key,
    name,
    versions,
    flexibleFrom,
    request: defineMessage({ name: `${name}Request`, versions, flexibleFrom, shape: request }),
    response: defineMessage({ name: `${name}Response`, versions, flexibleFrom, shape: response }),
  };
}
