// What the client asks of a validator: Standard Schema v1 (https://standardschema.dev), as far as it is used here.

/** A validator of any vendor: Zod, Valibot, ArkType and many more, or an object of your own. */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>
    /** For the compiler only: what is accepted, and what comes out. */
    readonly types?: { readonly input: Input; readonly output: Output } | undefined
  }
}

/** The validated value, or, where there are `issues`, why there is none. */
export type SchemaResult<Output> =
  { readonly value: Output; readonly issues?: undefined } | { readonly issues: readonly SchemaIssue[] }

/** One reason why a value does not fit. */
export interface SchemaIssue {
  readonly message: string
  /** Where in the value, from the outside in; absent or empty: the value itself. */
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

/** What a schema accepts. */
export type SchemaInput<Schema extends StandardSchema> = NonNullable<Schema['~standard']['types']>['input']

/** What a schema makes of it. */
export type SchemaOutput<Schema extends StandardSchema> = NonNullable<Schema['~standard']['types']>['output']
