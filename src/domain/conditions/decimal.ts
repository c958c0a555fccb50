/**
 * Sums of amounts as they are written, to the last digit: 0.1 + 0.2 is 0.3. In floating point it is not, the sum would
 * depend on the order of the events, and PostgreSQL, which adds decimals, would say something else.
 */

/** `units` × 10 ^ −`scale`. */
export interface Decimal {
  readonly units: bigint
  readonly scale: number
}

/** The number as it is written: its shortest form. */
export function decimalOf(value: number): Decimal {
  const [mantissa = '0', exponent = '0'] = String(value).split('e')
  const [whole = '0', fraction = ''] = mantissa.split('.')
  const scale = fraction.length - Number(exponent)
  const units = BigInt(whole + fraction)
  return scale >= 0 ? { units, scale } : { units: units * 10n ** BigInt(-scale), scale: 0 }
}

export function sumOf(values: readonly number[]): Decimal {
  const parts = values.map(decimalOf)
  const scale = Math.max(0, ...parts.map((part) => part.scale))
  return { units: parts.reduce((sum, part) => sum + unitsAt(part, scale), 0n), scale }
}

export function times({ units, scale }: Decimal, count: number): Decimal {
  return { units: units * BigInt(count), scale }
}

/** Negative, zero or positive, as a − b is. */
export function compareDecimals(a: Decimal, b: Decimal): number {
  const scale = Math.max(a.scale, b.scale)
  const difference = unitsAt(a, scale) - unitsAt(b, scale)
  if (difference === 0n) return 0
  return difference > 0n ? 1 : -1
}

function unitsAt({ units, scale }: Decimal, wanted: number): bigint {
  return units * 10n ** BigInt(wanted - scale)
}

/** Without an exponent, as PostgreSQL writes it. */
export function decimalText({ units, scale }: Decimal): string {
  const sign = units < 0n ? '-' : ''
  const digits = String(units < 0n ? -units : units).padStart(scale + 1, '0')
  const point = digits.length - scale
  return scale === 0 ? sign + digits : `${sign}${digits.slice(0, point)}.${digits.slice(point)}`
}
