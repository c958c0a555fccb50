/** Amounts as shops send them (19.9, "19.90") into whole minor units. */

/** ISO 4217 currencies whose minor unit is not a hundredth: how many decimals they have. */
export const decimalsOf: Readonly<Record<string, number>> = Object.fromEntries([
  ...[
    'BIF',
    'CLP',
    'DJF',
    'GNF',
    'ISK',
    'JPY',
    'KMF',
    'KRW',
    'PYG',
    'RWF',
    'UGX',
    'UYI',
    'VND',
    'VUV',
    'XAF',
    'XOF',
  ].map((code) => [code, 0]),
  ['XPF', 0],
  ...['BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND'].map((code) => [code, 3]),
])

const amount = /^[+-]?\d{1,15}(?:\.\d{1,10})?$/

/** Beyond this an amount is a mistake; sums of thousands of them still fit a double exactly. */
const maxMinorUnits = 1e12

/** Whole minor units, rounded half away from zero; undefined if it is no amount. */
export function toMinorUnits(value: unknown, currency: string): number | undefined {
  const isAmount = typeof value === 'number' || (typeof value === 'string' && amount.test(value.trim()))
  const number = isAmount ? Number(value) : Number.NaN
  if (!Number.isFinite(number)) return undefined
  const scale = 10 ** (decimalsOf[currency] ?? 2)
  // Fifteen digits are what a double holds: they turn 1.005 · 100 = 100.49999999999999 into 100.5.
  const units = Number((Math.abs(number) * scale).toPrecision(15))
  return units > maxMinorUnits ? undefined : Math.sign(number) * Math.round(units)
}

/** An ISO 4217 code in capitals, or undefined. */
export function toCurrency(value: unknown): string | undefined {
  return typeof value === 'string' && /^[a-z]{3}$/i.test(value.trim()) ? value.trim().toUpperCase() : undefined
}
