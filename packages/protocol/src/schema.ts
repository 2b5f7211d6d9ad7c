// The builders with which each Kafka message is declared once for all its versions; types are inferred from the declaration.
import type { ErrorCode } from './errors.ts'
import { ZERO_UUID } from './uuid.ts'

/** Kafka's own notation: `3` (only v3), `3-5` (inclusive) or `3+`. Anything else is a compile error. */
export type VersionRange = `${bigint}` | `${bigint}+` | `${bigint}-${bigint}`

export interface Range {
  readonly min: number
  readonly max: number
}

export type PrimitiveKind =
  'bool' | 'int8' | 'int16' | 'int32' | 'int64' | 'uuid' | 'string' | 'bytes' | 'records' | 'errorCode'

/** What the codec needs to know of a field; made only by the builders below. */
export interface FieldSpec {
  readonly kind: PrimitiveKind | 'array' | 'struct'
  readonly versions: Range
  readonly nullable: Range | null
  readonly defaultValue: unknown
  readonly isIgnorable: boolean
  /** Whether encode may be given nothing: the default is written then. */
  readonly isOptional: boolean
  /** KIP-482 tag number, or null for a field in fixed order. */
  readonly tag: number | null
  /** int64 only: out of the safe range it becomes ±(2^53−1) instead of being refused. */
  readonly saturates: boolean
  readonly element: FieldSpec | null
  readonly fields: readonly NamedField[]
}

export interface NamedField extends FieldSpec {
  readonly name: string
}

declare const decoded: unique symbol
declare const encodable: unique symbol
declare const optional: unique symbol

/** A declared field: `Out` is what decode gives, `In` what encode takes, `Optional` whether encode may be given nothing. */
export interface Field<Out, In, Optional extends boolean> extends FieldSpec {
  readonly [decoded]?: Out
  readonly [encodable]?: In
  readonly [optional]?: Optional
}

// `any` is what makes a generic bound over every Field possible: Field is invariant in its phantom types.
type AnyField = Field<any, any, any>
export type Fields = Readonly<Record<string, AnyField>>

type OutOf<F> = F extends Field<infer Out, any, any> ? Out : never
type InOf<F> = F extends Field<any, infer In, any> ? In : never
type OptionalKeys<F extends Fields> = { [K in keyof F]: F[K] extends Field<any, any, true> ? K : never }[keyof F]

export type DecodedStruct<F extends Fields> = { -readonly [K in keyof F]: OutOf<F[K]> }
export type StructInput<F extends Fields> = {
  readonly [K in Exclude<keyof F, OptionalKeys<F>>]: InOf<F[K]>
} & { readonly [K in OptionalKeys<F>]?: InOf<F[K]> | undefined }

export interface Options<Default> {
  /** Versions in which null is legal. */
  readonly nullable?: VersionRange
  /** The value in versions that do not carry the field, and what encode uses when none is given. */
  readonly default?: Default
  /** A value that this version cannot carry is dropped instead of refused. */
  readonly ignorable?: boolean
}

type Nullable<O, T> = O extends { nullable: VersionRange } ? T | null : T
type IsOptional<O> = O extends { default: unknown } ? true : O extends { ignorable: true } ? true : false

function parseRange(text: string): Range {
  const match = /^(\d+)(?:(\+)|-(\d+))?$/.exec(text)
  if (match === null) throw new TypeError(`bad version range '${text}': allowed are '3', '3+' and '3-5'`)
  const min = Number(match[1])
  const max = match[2] === '+' ? Infinity : match[3] === undefined ? min : Number(match[3])
  if (max < min) throw new TypeError(`bad version range '${text}': it ends before it starts`)
  return { min, max }
}

/** Whether `version` lies in `range`. */
export function covers(range: Range | null, version: number): boolean {
  return range !== null && version >= range.min && version <= range.max
}

function spec(
  kind: FieldSpec['kind'],
  versions: string,
  zero: unknown,
  options: Options<unknown> & { saturate?: boolean },
  parts: { element?: FieldSpec; fields?: readonly NamedField[] } = {},
): FieldSpec {
  return {
    kind,
    versions: parseRange(versions),
    nullable: options.nullable === undefined ? null : parseRange(options.nullable),
    defaultValue: options.default === undefined ? zero : options.default,
    isIgnorable: options.ignorable === true,
    isOptional: options.default !== undefined || options.ignorable === true || kind === 'errorCode',
    tag: null,
    saturates: options.saturate === true,
    element: parts.element ?? null,
    fields: parts.fields ?? [],
  }
}

function primitive<T, In = T>(kind: PrimitiveKind, zero: unknown) {
  return <const O extends Options<T | null>>(
    versions: VersionRange,
    options: O = {} as O,
  ): Field<Nullable<O, T>, Nullable<O, In>, IsOptional<O>> => spec(kind, versions, zero, options)
}

export const bool = primitive<boolean>('bool', false)
export const int8 = primitive<number>('int8', 0)
export const int16 = primitive<number>('int16', 0)
export const int32 = primitive<number>('int32', 0)
/** Lower-case RFC 4122 text, e.g. '6a1c2f5e-…'. */
export const uuid = primitive<string>('uuid', ZERO_UUID)
export const string = primitive<string>('string', '')
export const bytes = primitive<Buffer, Uint8Array>('bytes', Buffer.alloc(0))
/** Record batches as raw bytes: opened by record-batch.ts, never by the codec. */
export const records = primitive<Buffer, Uint8Array>('records', null)

/** An int64 as a number. Beyond ±(2^53−1) it is refused, or with `saturate` clamped (for values that describe rather than identify). */
export function int64<const O extends Options<number> & { saturate?: boolean }>(
  versions: VersionRange,
  options: O = {} as O,
): Field<number, number, IsOptional<O>> {
  return spec('int64', versions, 0, options)
}

// Fields with a name of their own: in declarations a name stands where else its whole expansion would, twice per level.
export interface ErrorCodeField extends Field<ErrorCode, ErrorCode, true> {}
export interface ArrayField<E extends AnyField | Fields, O> extends Field<
  Nullable<O, ElementOut<E>[]>,
  Nullable<O, readonly ElementIn<E>[]>,
  IsOptional<O>
> {}
export interface StructField<F extends Fields, O> extends Field<
  Nullable<O, DecodedStruct<F>>,
  Nullable<O, StructInput<F>>,
  IsOptional<O>
> {}

/** An int16 error code as its name; a number this build does not know decodes to 'UNKNOWN_SERVER_ERROR'. */
export function errorCode<const O extends Options<ErrorCode>>(
  versions: VersionRange,
  options: O = {} as O,
): ErrorCodeField {
  return spec('errorCode', versions, 'NONE', options)
}

function named(fields: Fields): NamedField[] {
  return Object.entries(fields).map(([name, field]) => {
    // Names enter generated source text (compile.ts), so nothing but a plain identifier may pass.
    if (!/^[a-z][A-Za-z0-9]*$/.test(name)) throw new TypeError(`bad field name '${name}'`)
    return { ...(field as FieldSpec), name }
  })
}

type ElementOut<E> = E extends AnyField ? OutOf<E> : E extends Fields ? DecodedStruct<E> : never
type ElementIn<E> = E extends AnyField ? InOf<E> : E extends Fields ? StructInput<E> : never

/** An array of structs (given as an object of fields) or of one primitive (given as a field). */
export function array<E extends AnyField | Fields, const O extends Options<readonly never[] | null>>(
  versions: VersionRange,
  element: E,
  options: O = {} as O,
): ArrayField<E, O> {
  const isField = typeof (element as { kind?: unknown }).kind === 'string'
  const elementSpec = isField
    ? (element as unknown as FieldSpec)
    : spec('struct', versions, null, {}, { fields: named(element as Fields) })
  return spec('array', versions, [], options, { element: elementSpec })
}

/** A nested struct; its default is the struct of its fields' defaults. */
export function struct<F extends Fields, const O extends Options<null>>(
  versions: VersionRange,
  fields: F,
  options: O = {} as O,
): StructField<F, O> {
  return spec('struct', versions, undefined, options, { fields: named(fields) })
}

/** A KIP-482 tagged field: written only when it differs from its default. */
export function tagged<Out, In>(tag: number, field: Field<Out, In, boolean>): Field<Out, In, true> {
  return { ...(field as FieldSpec), tag, isOptional: true }
}

/** A declared message, whatever its type. */
export interface Schema {
  readonly name: string
  readonly apiKey: number
  readonly versions: Range
  /** Versions with compact lengths and tagged fields (KIP-482); null when there are none. */
  readonly flexible: Range | null
  readonly fields: readonly NamedField[]
}

/** A declared message that remembers the types of its fields. */
export interface MessageSchema<F extends Fields> extends Schema {
  readonly [decoded]?: DecodedStruct<F>
  readonly [encodable]?: StructInput<F>
}

/** Declares a message in Apache's names and order: the order is the wire. `apiKey` is −1 for data that is not a request or response. */
export function message<F extends Fields>(declaration: {
  readonly name: string
  readonly apiKey: number
  readonly versions: VersionRange
  readonly flexible: VersionRange | 'none'
  readonly fields: F
}): MessageSchema<F> {
  return {
    name: declaration.name,
    apiKey: declaration.apiKey,
    versions: parseRange(declaration.versions),
    flexible: declaration.flexible === 'none' ? null : parseRange(declaration.flexible),
    fields: named(declaration.fields),
  }
}

/** What decode gives for this message: every field present, those absent in a version at their default. */
export type MessageOf<S> = S extends MessageSchema<infer F> ? DecodedStruct<F> : never
/** What encode takes: fields with a default, ignorable ones and tagged ones may be left out. */
export type MessageInput<S> = S extends MessageSchema<infer F> ? StructInput<F> : never

/** Whether `value` is the field's default, to the bottom. */
export function isDefault(field: FieldSpec, value: unknown): boolean {
  if (value === undefined) return true
  if (field.kind === 'struct' && field.defaultValue === undefined && value !== null) {
    return field.fields.every((inner) => isDefault(inner, (value as Record<string, unknown>)[inner.name]))
  }
  if (field.kind === 'array' && Array.isArray(value) && Array.isArray(field.defaultValue)) return value.length === 0
  if (value instanceof Uint8Array && field.defaultValue instanceof Uint8Array) return value.length === 0
  return value === field.defaultValue
}

/** The default value of a field: a fresh one, so that nobody can change it for others. */
export function defaultOf(field: FieldSpec): unknown {
  if (field.kind === 'struct' && field.defaultValue === undefined) {
    return Object.fromEntries(field.fields.map((inner) => [inner.name, defaultOf(inner)]))
  }
  return Array.isArray(field.defaultValue) ? [] : field.defaultValue
}
