/** What text messages cost: parts, the alphabet that they are sent in, and money. */

/** A text as it would leave. */
export interface WrittenText {
  /** Parts that it is sent in, and paid for. */
  readonly segments: number
  /** The first character that GSM-7 does not have, so that all of it is sent as UCS-2; null: there is none. */
  readonly culprit: string | null
}

export interface Culprit {
  readonly character: string
  /** Such as `U+2019`: some characters look alike, or like nothing. */
  readonly code: string
  readonly texts: number
}

export interface TextCost {
  /** So many were looked at. */
  readonly texts: number
  readonly least: number
  /** The median. */
  readonly typical: number
  readonly most: number
  /** Of one text, on average. */
  readonly mean: number
  readonly ucs2: number
  /** What makes texts UCS-2, the most frequent first. */
  readonly culprits: readonly Culprit[]
}

const mostCulprits = 5

/** Null if there are none. */
export function costOfTexts(texts: readonly WrittenText[]): TextCost | null {
  const sorted = texts.map(({ segments }) => segments).sort((a, b) => a - b)
  const [least] = sorted
  if (least === undefined) return null
  const byCulprit = Map.groupBy(texts, ({ culprit }) => culprit)
  const culprits = [...byCulprit].flatMap(([character, those]) =>
    character === null ? [] : [{ character, code: codeOf(character), texts: those.length }],
  )
  return {
    texts: texts.length,
    least,
    typical: sorted[Math.floor(sorted.length / 2)] ?? least,
    most: sorted.at(-1) ?? least,
    mean: sorted.reduce((sum, each) => sum + each, 0) / sorted.length,
    ucs2: texts.length - (byCulprit.get(null)?.length ?? 0),
    culprits: culprits.sort((a, b) => b.texts - a.texts).slice(0, mostCulprits),
  }
}

function codeOf(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`
}

/** Of one part. */
export interface SegmentPrice {
  /** In whole units of the currency: 0.0079. */
  readonly amount: number
  readonly currency: string
}

export const segmentPriceRule = 'must be an amount and a currency such as "0.0079 USD"'

/** Undefined if it is none. */
export function readSegmentPrice(text: string): SegmentPrice | undefined {
  const [, amount = '', currency = ''] = /^\s*(\d{1,6}(?:\.\d{1,8})?)\s+([A-Z]{3})\s*$/.exec(text) ?? []
  return amount === '' ? undefined : { amount: Number(amount), currency }
}

export interface TextMoney {
  readonly cents: number
  readonly currency: string
}

/** In minor units of the currency. */
export function moneyOf(segments: number, { amount, currency }: SegmentPrice): TextMoney {
  const format = new Intl.NumberFormat('en', { style: 'currency', currency })
  const decimals = format.resolvedOptions().maximumFractionDigits ?? 2
  return { cents: Math.round(segments * amount * 10 ** decimals), currency }
}
