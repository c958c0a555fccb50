/**
 * Which column is what. Columns find their field by name, without regard to case and signs, or are told with a mapping.
 * Names from a file are only ever compared with lists and used as keys of JSON: none becomes part of a statement or a path.
 */

import { comparableName } from '../../domain/personal-names.ts'
import { InputError } from './input-error.ts'
import type { FileRecord } from './line-blocks.ts'

export interface FieldRule {
  readonly name: string
  /** Other names under which columns are taken for it, in comparable form. */
  readonly aliases?: readonly string[]
}

export interface KindFields {
  readonly fields: readonly FieldRule[]
  /** One of each list must be there. */
  readonly required: readonly (readonly string[])[]
  /** What becomes of columns that are no field: kept under their own name, or ignored. */
  readonly extras: 'kept' | 'ignored'
}

/** Column → field. An empty field ignores the column; `as NAME` keeps it under another name. */
export type Mapping = ReadonlyMap<string, string>

export type ValueType = 'text' | 'number' | 'boolean' | 'date'

/** What a column is for. */
type Target =
  | { readonly kind: 'field'; readonly index: number }
  | { readonly kind: 'extra'; readonly name: string; readonly type: ValueType | undefined }
  | { readonly kind: 'ignored' }

export interface Extra {
  readonly name: string
  readonly type: ValueType | undefined
  readonly value: unknown
}

const mostExtraNameLength = 100
const types: readonly string[] = ['text', 'number', 'boolean', 'date'] satisfies ValueType[]

export class ColumnPlan {
  readonly #rules: KindFields
  readonly #mapping: Mapping
  readonly #targets = new Map<string, Target>()
  readonly #columns: readonly string[] | undefined
  /** By field: where it stands in a record of CSV. */
  readonly #places: (number | undefined)[]
  readonly #extraPlaces: { readonly place: number; readonly name: string; readonly type: ValueType | undefined }[] = []

  /**
   * @param columns of CSV; undefined for JSON lines, whose names are met on the way.
   * @throws InputError in one sentence.
   */
  constructor(file: string, columns: readonly string[] | undefined, rules: KindFields, mapping: Mapping) {
    this.#rules = rules
    this.#mapping = mapping
    this.#columns = columns
    this.#places = rules.fields.map(() => undefined)
    for (const [column, field] of mapping) this.#checkMapped(file, column, field)
    for (const [place, column] of (columns ?? []).entries()) this.#place(file, place, column)
    if (columns !== undefined) this.#checkRequired(file, columns)
  }

  /** The values of the fields, in their order; undefined where there is no such column. */
  values(record: FileRecord): readonly unknown[] {
    if (this.#columns !== undefined) {
      const { cells } = record
      return this.#places.map((place) => (place === undefined ? undefined : cells[place]))
    }
    const values: unknown[] = this.#places.map(() => undefined)
    for (const [name, value] of Object.entries(record.cells[0] as object)) {
      const target = this.#target(name)
      if (target.kind === 'field') values[target.index] = value as unknown
    }
    return values
  }

  /** Where a field stands in a record of CSV; undefined if the file has no such column, or is none of CSV. */
  placeOf(field: string): number | undefined {
    return this.#places[this.#rules.fields.findIndex(({ name }) => name === field)]
  }

  get isCsv(): boolean {
    return this.#columns !== undefined
  }

  /** The other columns that are kept. */
  extras(record: FileRecord): Extra[] {
    if (this.#columns !== undefined) {
      return this.#extraPlaces.map(({ place, name, type }) => ({ name, type, value: record.cells[place] }))
    }
    return Object.entries(record.cells[0] as object).flatMap(([column, value]): Extra[] => {
      const target = this.#target(column)
      return target.kind === 'extra' ? [{ name: target.name, type: target.type, value: value as unknown }] : []
    })
  }

  /** For the report: what each column of CSV was taken for. */
  describe(): Record<string, string> {
    return Object.fromEntries(
      (this.#columns ?? []).map((column) => {
        const target = this.#target(column)
        if (target.kind === 'field') return [column, this.#rules.fields[target.index]?.name ?? '']
        return [column, target.kind === 'extra' ? `as ${target.name}` : 'ignored']
      }),
    )
  }

  #place(file: string, place: number, column: string): void {
    const target = this.#target(column)
    if (target.kind === 'extra') {
      if (this.#extraPlaces.some(({ name }) => name === target.name)) {
        throw new InputError(`${file}: two columns must not both become ${JSON.stringify(target.name)}`)
      }
      this.#extraPlaces.push({ place, name: target.name, type: target.type })
    } else if (target.kind === 'field') {
      const other = this.#places[target.index]
      if (other !== undefined) {
        const [one, two] = [this.#columns?.[other], column].map((name) => JSON.stringify(name))
        const field = this.#rules.fields[target.index]?.name
        throw new InputError(`${file}: columns ${one} and ${two} must not both be ${field}: say which with --map`)
      }
      this.#places[target.index] = place
    }
  }

  #target(column: string): Target {
    let target = this.#targets.get(column)
    if (target === undefined) {
      target = this.#find(column)
      // Names that JSON lines make up must not fill the memory.
      if (this.#targets.size < 5_000) this.#targets.set(column, target)
    }
    return target
  }

  #find(column: string): Target {
    const mapped = this.#mapping.get(column)
    if (mapped !== undefined) return this.#mappedTarget(column, mapped)
    const name = comparableName(column)
    const index = this.#rules.fields.findIndex(
      (field) => comparableName(field.name) === name || (field.aliases?.includes(name) ?? false),
    )
    // A mapping that names the field means another column.
    if (index >= 0 && !this.#isMapped(index)) return { kind: 'field', index }
    const isKept = this.#rules.extras === 'kept' && column.length <= mostExtraNameLength
    return isKept ? { kind: 'extra', name: column, type: undefined } : { kind: 'ignored' }
  }

  #isMapped(index: number): boolean {
    const name = this.#rules.fields[index]?.name
    return [...this.#mapping.values()].some((field) => field === name)
  }

  #mappedTarget(column: string, mapped: string): Target {
    if (mapped === '') return { kind: 'ignored' }
    const index = this.#rules.fields.findIndex(({ name }) => name === mapped)
    if (index >= 0) return { kind: 'field', index }
    const { name, type } = parseExtra(column, mapped) ?? { name: column, type: undefined }
    return { kind: 'extra', name, type }
  }

  #checkMapped(file: string, column: string, field: string): void {
    if (this.#columns !== undefined && !this.#columns.includes(column)) {
      const known = this.#columns.join(', ')
      throw new InputError(`${file}: --map: there is no column ${JSON.stringify(column)}; it has ${known}`)
    }
    if (field === '' || this.#rules.fields.some(({ name }) => name === field)) return
    const isExtra = this.#rules.extras === 'kept' && parseExtra(column, field) !== undefined
    if (isExtra) return
    const names = this.#rules.fields.map(({ name }) => name).join(', ')
    const also = this.#rules.extras === 'kept' ? `, "as NAME", ":text", ":number", ":boolean", ":date"` : ''
    throw new InputError(
      `${file}: --map: ${JSON.stringify(column)} cannot be ${JSON.stringify(field)}: it must be one of ${names}${also}`,
    )
  }

  #checkRequired(file: string, columns: readonly string[]): void {
    for (const choice of this.#rules.required) {
      const isThere = this.#rules.fields.some(
        ({ name }, index) => choice.includes(name) && this.#places[index] !== undefined,
      )
      if (isThere) continue
      const known = columns.join(', ')
      throw new InputError(`${file}: a column must be ${choice.join(' or ')}: say which with --map; it has ${known}`)
    }
  }
}

/** `as plan`, `as plan:text`, `:number`. */
function parseExtra(column: string, told: string): { name: string; type: ValueType | undefined } | undefined {
  const parts = /^(?:as (?<name>[^:]{1,100}))?(?::(?<type>[a-z]+))?$/.exec(told)?.groups
  if (parts === undefined) return undefined
  const { name = column, type } = parts
  if (type !== undefined && !types.includes(type)) return undefined
  return { name: name.trim(), type: type as ValueType | undefined }
}
