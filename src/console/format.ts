/** Values as people read them. Times in UTC: the console speaks of customers in many zones. */

/** `2026-03-01 09:30`. */
export function formatTime(time: Date | string | null): string {
  if (time === null) return '–'
  const date = new Date(time)
  return Number.isNaN(date.getTime()) ? '–' : date.toISOString().slice(0, 16).replace('T', ' ')
}

/** Minor units in the currency's own decimals. */
export function formatMoney(minorUnits: number, currency: string | null): string {
  try {
    const format = new Intl.NumberFormat('en', { style: 'currency', currency: currency ?? 'USD' })
    const digits = format.resolvedOptions().maximumFractionDigits ?? 2
    return currency === null && minorUnits === 0 ? '–' : format.format(minorUnits / 10 ** digits)
  } catch {
    return `${minorUnits / 100} ${currency}`
  }
}

export function formatCount(count: number): string {
  return count.toLocaleString('en')
}

/** 0.234 as "23 %". */
export function formatShare(share: number): string {
  return `${Math.round(share * 100)} %`
}
