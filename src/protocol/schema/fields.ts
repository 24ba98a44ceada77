/**
 * The words in which a message is described: `int32('1+')`, `string('0+', { nullable: '3+' })`, `array('0+', { … })`.
 * A description is plain data; `compile.ts` makes codecs of it, and TypeScript infers the types of the values from it.
 */
import type { VersionRange, Versions } from './version-range.ts';
import { parseVersions } from './version-range.ts';

export type PrimitiveKind =
  | 'bool'
  | 'int8'
  | 'int16'
  | 'int32'
  | 'int64'
  | 'uint16'
  | 'uint32'
  | 'float64'
  | 'string'
  | 'uuid'
  | 'bytes'
  | 'records';

/** Only for the type checker: what decoding gives, what encoding takes, and whether encoding can do without. */
interface FieldTypes<Decoded, Input, Optional extends boolean> {
  readonly decoded: Decoded;
  readonly input: Input;
  readonly optional: Optional;
}

/** One described field. `Decoded`, `Input` and `Optional` exist in types only. */
export interface Field<Decoded = unknown, Input = unknown, Optional extends boolean = boolean> {
  readonly kind: PrimitiveKind | 'array' | 'struct';
  readonly versions: VersionRange;
  readonly nullable: VersionRange | undefined;
  /** Where set, the field is a tagged one in all its versions. */
  readonly tag: number | undefined;
  /** Undefined: the kind's zero. */
  readonly default: unknown;
  /** A value that the version in use has no place for is dropped instead of refused. */
  readonly ignorable: boolean;
  readonly element: Field | undefined;
  readonly shape: Shape | undefined;
  readonly types?: FieldTypes<Decoded, Input, Optional>;
}

/** The fields of a struct in their order on the wire. */
export interface Shape {
  readonly [name: string]: Field;
}

export interface FieldOptions<T> {
  /** Versions in which null may be sent. */
  readonly nullable?: Versions;
  /** Number of a tagged field (KIP-482). */
  readonly tag?: number;
  /** What a version without the field decodes to, and what is sent when the value is left out. */
  readonly default?: T | null;
  /** Drop the value in versions without the field; otherwise a value other than the default is an error there. */
  readonly ignorable?: boolean;
}

type MaybeNull<T, O> = O extends { readonly nullable: Versions } ? T | null : T;
type MayBeLeftOut<V, O> = V extends '0+' ? (O extends { readonly default: unknown } | { readonly tag: number } ? true : false) : true;

type TypesOf<F extends Field> = NonNullable<F['types']>;
/** What decoding a field gives. */
export type DecodedField<F extends Field> = TypesOf<F>['decoded'];
/** What encoding a field takes. */
export type InputField<F extends Field> = TypesOf<F>['input'];

/** What decoding a struct gives: every field is there, those the version lacks with their default. */
export type Decoded<S extends Shape> = { -readonly [K in keyof S]: DecodedField<S[K]> };

type OptionalKeys<S extends Shape> = {
  [K in keyof S]: TypesOf<S[K]>['optional'] extends true ? K : never;
}[keyof S];

/** What encoding a struct takes: fields that not every version has, or that have a default, can be left out. */
export type Input<S extends Shape> = { readonly [K in Exclude<keyof S, OptionalKeys<S>>]: InputField<S[K]> } & {
  readonly [K in OptionalKeys<S>]?: InputField<S[K]> | undefined;
};

type Made<V, O, D, I = D> = Field<MaybeNull<D, O>, MaybeNull<I, O>, MayBeLeftOut<V, O>>;

function make<V extends Versions, O extends FieldOptions<unknown>>(
  kind: Field['kind'],
  versions: V,
  options: O | undefined,
  inner?: { element?: Field; shape?: Shape },
): Field {
  return {
    kind,
    versions: parseVersions(versions),
    nullable: options?.nullable === undefined ? undefined : parseVersions(options.nullable),
    tag: options?.tag,
    default: options?.default,
    ignorable: options?.ignorable ?? false,
    element: inner?.element,
    shape: inner?.shape,
  };
}

/** A maker of fields of one primitive kind; `T` is the type of its values. */
function primitive<T>(kind: PrimitiveKind) {
  return <const V extends Versions = '0+', const O extends FieldOptions<T> = Record<never, never>>(versions?: V, options?: O) =>
    make(kind, versions ?? '0+', options) as Made<V, O, T>;
}

export const bool = primitive<boolean>('bool');
export const int8 = primitive<number>('int8');
export const int16 = primitive<number>('int16');
export const int32 = primitive<number>('int32');
/** A number; magnitudes past 2^53 lose low bits, ±2^63 saturates. */
export const int64 = primitive<number>('int64');
export const uint16 = primitive<number>('uint16');
export const uint32 = primitive<number>('uint32');
export const float64 = primitive<number>('float64');
export const string = primitive<string>('string');
/** 16 bytes. Decoded: a view of the frame. */
export const uuid = primitive<Uint8Array>('uuid') as <
  const V extends Versions = '0+',
  const O extends FieldOptions<Uint8Array> = Record<never, never>,
>(
  versions?: V,
  options?: O,
) => Made<V, O, Buffer, Uint8Array>;
/** Decoded: a view of the frame. */
export const bytes = primitive<Uint8Array>('bytes') as typeof uuid;
/** Record batches. Decoded: a view of the frame; encoded in parts: not copied. */
export const records = primitive<Uint8Array>('records') as typeof uuid;

/** A struct inside a struct. */
export function struct<const V extends Versions, S extends Shape, const O extends FieldOptions<Input<S>> = Record<never, never>>(
  versions: V,
  shape: S,
  options?: O,
): Made<V, O, Decoded<S>, Input<S>> {
  return make('struct', versions, options, { shape }) as Made<V, O, Decoded<S>, Input<S>>;
}

/** An array of structs (given their shape) or of primitives (given a field such as `int32()`). */
export function array<const V extends Versions, E extends Field | Shape, const O extends FieldOptions<never[]> = Record<never, never>>(
  versions: V,
  element: E,
  options?: O,
): Made<V, O, DecodedElement<E>[], readonly InputElement<E>[]> {
  const inner = isField(element) ? element : make('struct', '0+', undefined, { shape: element as Shape });
  return make('array', versions, options, { element: inner }) as Made<V, O, DecodedElement<E>[], readonly InputElement<E>[]>;
}

type DecodedElement<E> = E extends Field ? DecodedField<E> : E extends Shape ? Decoded<E> : never;
type InputElement<E> = E extends Field ? InputField<E> : E extends Shape ? Input<E> : never;

function isField(element: Field | Shape): element is Field {
  return typeof element['kind'] === 'string';
}
