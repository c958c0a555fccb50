/**
 * Columns of many rows as PostgreSQL's binary arrays, for `unnest` on the hottest path. As text, every quote and
 * backslash is escaped here and unescaped there; in binary each value is its length and its bytes.
 *
 * The `pg` driver sends a `Buffer` in binary format, so cast the parameter: `$1::text[]`.
 *
 * @see PostgreSQL's `array_recv`: dimensions, flags, element type, then size and lower bound of each dimension.
 */

const headerBytes = 20
const nullLength = -1

/** Types by their OID in pg_type, the same in every installation. */
const oids = { bytea: 17, int8: 20, int4: 23, text: 25, float8: 701, uuid: 2950, jsonb: 3802 } as const

/** `text[]`. Half a surrogate pair would become U+FFFD. */
export function textArray(values: readonly (string | null)[]): Buffer {
  return stringArray(oids.text, values, undefined)
}

/** `jsonb[]` of JSON texts. */
export function jsonbArray(values: readonly (string | null)[]): Buffer {
  return stringArray(oids.jsonb, values, 1) // The version of the format.
}

/** `float8[]`. */
export function float8Array(values: readonly number[]): Buffer {
  const buffer = Buffer.allocUnsafe(headerBytes + values.length * 12)
  let at = writeHeader(buffer, oids.float8, values.length, false)
  for (const value of values) {
    at = buffer.writeInt32BE(8, at)
    at = buffer.writeDoubleBE(value, at)
  }
  return buffer
}

/** `int4[]`. */
export function int4Array(values: readonly number[]): Buffer {
  const buffer = Buffer.allocUnsafe(headerBytes + values.length * 8)
  let at = writeHeader(buffer, oids.int4, values.length, false)
  for (const value of values) {
    at = buffer.writeInt32BE(4, at)
    at = buffer.writeInt32BE(value, at)
  }
  return buffer
}

/** `int8[]`. @throws RangeError for what is no whole number that a double holds exactly. */
export function int8Array(values: readonly number[]): Buffer {
  const buffer = Buffer.allocUnsafe(headerBytes + values.length * 12)
  let at = writeHeader(buffer, oids.int8, values.length, false)
  for (const value of values) {
    if (!Number.isSafeInteger(value)) throw new RangeError(`bigint ${value}: must be a safe integer`)
    at = buffer.writeInt32BE(8, at)
    at = buffer.writeInt32BE(Math.floor(value / highWord), at)
    at = buffer.writeUInt32BE(value >>> 0, at)
  }
  return buffer
}

const highWord = 2 ** 32
const uuidBytes = 16

/** `uuid[]`. @throws RangeError for what is no UUID. */
export function uuidArray(values: readonly (string | null)[]): Buffer {
  const buffer = Buffer.allocUnsafe(headerBytes + values.length * (4 + uuidBytes))
  let at = writeHeader(buffer, oids.uuid, values.length, values.includes(null))
  for (const value of values) {
    if (value === null) {
      at = buffer.writeInt32BE(nullLength, at)
      continue
    }
    at = buffer.writeInt32BE(uuidBytes, at)
    const hex = value.replaceAll('-', '')
    const isWhole = hex.length === 2 * uuidBytes && buffer.write(hex, at, uuidBytes, 'hex') === uuidBytes
    if (!isWhole) throw new RangeError('a UUID must have 32 hexadecimal digits')
    at += uuidBytes
  }
  return buffer.subarray(0, at)
}

/** `bytea[]`. */
export function byteaArray(values: readonly (Buffer | null)[]): Buffer {
  let bytes = headerBytes
  for (const value of values) bytes += 4 + (value?.length ?? 0)
  const buffer = Buffer.allocUnsafe(bytes)
  let at = writeHeader(buffer, oids.bytea, values.length, values.includes(null))
  for (const value of values) {
    at = buffer.writeInt32BE(value?.length ?? nullLength, at)
    if (value !== null) at += value.copy(buffer, at)
  }
  return buffer
}

function stringArray(oid: number, values: readonly (string | null)[], prefix: number | undefined): Buffer {
  const prefixBytes = prefix === undefined ? 0 : 1
  let mostBytes = headerBytes
  // In UTF-8 a UTF-16 unit takes three bytes at most: reserving that is cheaper than counting first.
  for (const value of values) mostBytes += 4 + prefixBytes + (value === null ? 0 : value.length * 3)
  const buffer = Buffer.allocUnsafe(mostBytes)
  let at = writeHeader(buffer, oid, values.length, values.includes(null))
  for (const value of values) {
    if (value === null) {
      at = buffer.writeInt32BE(nullLength, at)
      continue
    }
    const start = at + 4
    if (prefix !== undefined) buffer[start] = prefix
    const length = prefixBytes + buffer.write(value, start + prefixBytes, 'utf8')
    buffer.writeInt32BE(length, at)
    at = start + length
  }
  return buffer.subarray(0, at)
}

/** @returns where the values begin. */
function writeHeader(buffer: Buffer, oid: number, count: number, hasNulls: boolean): number {
  let at = buffer.writeInt32BE(1, 0)
  at = buffer.writeInt32BE(hasNulls ? 1 : 0, at)
  at = buffer.writeInt32BE(oid, at)
  at = buffer.writeInt32BE(count, at)
  return buffer.writeInt32BE(1, at)
}
