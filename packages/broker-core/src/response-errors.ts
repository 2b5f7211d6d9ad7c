// Finds the error codes in any response, along the paths on which its schema has them.
import { apis, type ApiName, type ErrorCode, type ResponseInput, type Schema } from '@goqueue/protocol'

/** Where error codes stand in a struct: in a field of its own, and in the fields below it. */
interface Places {
  readonly own: string | null
  readonly below: readonly (readonly [field: string, places: Places])[]
}

type FieldSpec = Schema['fields'][number]

const placesByApi = new Map<ApiName, Places>()

/** Calls back for each error code in the response that is not NONE. */
export function forEachError<A extends ApiName>(
  api: A,
  response: ResponseInput<A>,
  found: (errorCode: ErrorCode) => void,
): void {
  let places = placesByApi.get(api)
  if (places === undefined) placesByApi.set(api, (places = placesIn(apis[api].response.fields)))
  visit(response as Readonly<Record<string, unknown>>, places, found)
}

function visit(
  struct: Readonly<Record<string, unknown>>,
  { own, below }: Places,
  found: (errorCode: ErrorCode) => void,
): void {
  if (own !== null) {
    const errorCode = struct[own] as ErrorCode | undefined
    if (errorCode !== undefined && errorCode !== 'NONE') found(errorCode)
  }
  for (const [field, places] of below) {
    const value = struct[field]
    if (Array.isArray(value)) for (const element of value) visit(element as typeof struct, places, found)
    else if (typeof value === 'object' && value !== null) visit(value as typeof struct, places, found)
  }
}

function placesIn(fields: readonly FieldSpec[]): Places {
  const own = fields.find(({ kind }) => kind === 'errorCode')?.name ?? null
  const below = fields
    .map((field) => [field.name, placesIn(field.element?.fields ?? field.fields)] as const)
    .filter(([, places]) => places.own !== null || places.below.length > 0)
  return { own, below }
}
