// The fewest bytes a field can take on the wire: what makes an array length checkable before anything is allocated.
import { covers, type FieldSpec } from './schema.ts'

const FIXED: Partial<Record<FieldSpec['kind'], number>> = {
  bool: 1,
  int8: 1,
  int16: 2,
  int32: 4,
  int64: 8,
  uuid: 16,
  errorCode: 2,
}

/** Bytes that one element of this kind takes at least, in this version. */
export function minimumSize(field: FieldSpec, version: number, isFlexible: boolean): number {
  const fixed = FIXED[field.kind]
  if (fixed !== undefined) return fixed
  if (field.kind !== 'struct') return isFlexible ? 1 : field.kind === 'string' ? 2 : 4
  if (covers(field.nullable, version)) return 1
  let bytes = isFlexible ? 1 : 0
  for (const inner of field.fields) {
    if (inner.tag === null && covers(inner.versions, version)) bytes += minimumSize(inner, version, isFlexible)
  }
  return bytes
}
