// Turns a declaration into straight-line code for one version: as fast as writing each version by hand, and written once.
import { minimumSize } from './minimum-size.ts'
import type { Reader } from './reader.ts'
import { covers, defaultOf, isDefault, type FieldSpec, type Schema, type NamedField } from './schema.ts'
import { Writer } from './writer.ts'
import { DecodeError } from './decode-error.ts'
import { EncodeError } from './encode-error.ts'

export interface CompiledCodec {
  read(reader: Reader): unknown
  write(writer: Writer, value: unknown): void
}

/** Source text under construction: one function for each struct and array, constants passed in by number. */
class Source {
  readonly functions: string[] = []
  readonly constants: unknown[] = []
  readonly version: number
  readonly isFlexible: boolean

  constructor(version: number, isFlexible: boolean) {
    this.version = version
    this.isFlexible = isFlexible
  }

  constant(value: unknown): string {
    return `constants[${this.constants.push(value) - 1}]`
  }

  define(parameters: string, body: string): string {
    const name = `f${this.functions.length}`
    this.functions.push(`function ${name}(${parameters}) {\n${body}\n}`)
    return name
  }

  has(field: FieldSpec): boolean {
    return covers(field.versions, this.version)
  }

  isNullable(field: FieldSpec): boolean {
    return covers(field.nullable, this.version)
  }

  /** `prefix` is '' or 'compact', joined in camel case: string, nullableString, compactString, compactNullableString. */
  method(field: FieldSpec, what: string): string {
    const words = [this.isFlexible ? 'compact' : '', this.isNullable(field) ? 'nullable' : '', what].filter(Boolean)
    return words.map((word, index) => (index === 0 ? word : word[0]?.toUpperCase() + word.slice(1))).join('')
  }

  defaultText(field: FieldSpec): string {
    if (field.kind === 'struct' || field.kind === 'array') return `${this.constant(() => defaultOf(field))}()`
    if (field.defaultValue instanceof Uint8Array) return this.constant(field.defaultValue)
    return JSON.stringify(field.defaultValue)
  }

  readText(field: FieldSpec): string {
    switch (field.kind) {
      case 'int64':
        return field.saturates ? 'r.int64Saturated()' : 'r.int64()'
      case 'string':
        return `r.${this.method(field, 'string')}()`
      case 'bytes':
      case 'records':
        return `r.${this.method(field, 'bytes')}()`
      case 'array': {
        const element = field.element as FieldSpec
        const count = `r.${this.method(field, 'count')}(${minimumSize(element, this.version, this.isFlexible)})`
        const read = this.readText(element)
        return `${this.define(
          'r',
          `const n = ${count}; if (n === -1) return null;
           const a = new Array(n); for (let i = 0; i < n; i++) a[i] = ${read}; return a`,
        )}(r)`
      }
      case 'struct': {
        const read = `${this.readStruct(field.fields)}(r)`
        return this.isNullable(field) ? `(r.isPresent() ? ${read} : null)` : read
      }
      default:
        return `r.${field.kind}()`
    }
  }

  readStruct(fields: readonly NamedField[]): string {
    const properties = fields.map((field) => {
      const isPlain = field.tag === null && this.has(field)
      return `${field.name}: ${isPlain ? this.readText(field) : this.defaultText(field)}`
    })
    const build = `const o = {${properties.join(', ')}};`
    return this.define('r', `${build}${this.isFlexible ? this.readTags(fields) : ''} return o`)
  }

  private readTags(fields: readonly NamedField[]): string {
    const cases = fields
      .filter((field) => field.tag !== null && this.has(field))
      .map((field) => `case ${field.tag}: o.${field.name} = ${this.readText(field)}; break;`)
    return `
      let last = -1;
      for (let left = r.unsignedVarint(); left > 0; left--) {
        const tag = r.unsignedVarint(), size = r.unsignedVarint();
        if (tag <= last) throw new DecodeError('tags must ascend');
        last = tag;
        const end = r.position + size;
        switch (tag) { ${cases.join(' ')} default: r.skip(size) }
        if (r.position !== end) throw new DecodeError('a tag announced another size than it took');
      }`
  }

  writeText(field: FieldSpec, value: string): string {
    const guard = this.isNullable(field) ? '' : `if (${value} === null) throw new EncodeError('null is not allowed'); `
    switch (field.kind) {
      case 'string':
        return `${guard}w.${this.isFlexible ? 'compactString' : 'string'}(${value});`
      case 'bytes':
      case 'records':
        return `${guard}w.${this.isFlexible ? 'compactBytes' : 'bytes'}(${value});`
      case 'array': {
        const length = this.isFlexible ? 'w.unsignedVarint(n + 1)' : 'w.int32(n)'
        const write = this.define(
          'w, a',
          `const n = a === null ? -1 : a.length; ${length};
           for (let i = 0; i < n; i++) { const v = a[i]; ${this.writeText(field.element as FieldSpec, 'v')} }`,
        )
        return `${guard}${write}(w, ${value});`
      }
      case 'struct': {
        const write = `${this.writeStruct(field.fields)}(w, ${value})`
        if (!this.isNullable(field)) return `${guard}${write};`
        return `if (${value} === null) w.int8(-1); else { w.int8(1); ${write}; }`
      }
      default:
        return `w.${field.kind}(${value});`
    }
  }

  writeStruct(fields: readonly NamedField[]): string {
    const lines = fields.map((field) => {
      if (!this.has(field)) {
        if (field.isIgnorable) return ''
        return `if (!isDefault(${this.constant(field)}, o.${field.name})) throw new EncodeError('not in this version');`
      }
      if (field.tag !== null) return ''
      const orDefault = field.isOptional ? `o.${field.name} === undefined ? ${this.defaultText(field)} : ` : ''
      return `{ const v = ${orDefault}o.${field.name}; ${this.writeText(field, 'v')} }`
    })
    return this.define('w, o', lines.join('\n') + (this.isFlexible ? this.writeTags(fields) : ''))
  }

  private writeTags(fields: readonly NamedField[]): string {
    const tagged = fields.filter((field) => field.tag !== null && this.has(field))
    if (tagged.length === 0) return '\nw.unsignedVarint(0);'
    tagged.sort((a, b) => (a.tag as number) - (b.tag as number))
    const blocks = tagged.map((field) => {
      const write = this.define('w, v', this.writeText(field, 'v'))
      return `if (!isDefault(${this.constant(field)}, o.${field.name})) {
        const t = new Writer(64); ${write}(t, o.${field.name}); tags.push(${field.tag}, t);
      }`
    })
    return `
      const tags = []; ${blocks.join('\n')}
      w.unsignedVarint(tags.length / 2);
      for (let i = 0; i < tags.length; i += 2) {
        w.unsignedVarint(tags[i]); w.unsignedVarint(tags[i + 1].position); w.raw(tags[i + 1].finish());
      }`
  }
}

/** Compiles the codec of one message version. Throws EvalError where generating code from strings is forbidden. */
export function compile(schema: Schema, version: number): CompiledCodec {
  const source = new Source(version, covers(schema.flexible, version))
  const read = source.readStruct(schema.fields)
  const write = source.writeStruct(schema.fields)
  const text = `'use strict';\n${source.functions.join('\n')}\nreturn { read: ${read}, write: ${write} }`
  // Only our own checked field names and numbers enter the text; nothing that came over a wire does.
  const build = new Function('constants', 'isDefault', 'DecodeError', 'EncodeError', 'Writer', text)
  return build(source.constants, isDefault, DecodeError, EncodeError, Writer) as CompiledCodec
}
