/** What a broadcast would do, as the command line tells it. */

import type { BroadcastPreview, VariantPreview } from '../domain/broadcast-preview.ts'
import { whyNot } from '../domain/explain.ts'
import type { TextMoney } from '../domain/text-cost.ts'

export function previewLines(key: string, seen: BroadcastPreview): string[] {
  const { channel, audience, sampled, reached, waiting, refused, segments, money, variants } = seen
  const about = sampled < audience ? 'about ' : ''
  return [
    `${key}: ${audience} have ${channel === 'sms' ? 'a phone' : 'an address'}; ${about}${reached} would get it${
      waiting > 0 ? `, ${waiting} of these at a later hour` : ''
    }.`,
    ...refused.map(({ rule, count }) => `  would not: ${about}${count} (${whyNot({ kind: 'message', rule })})`),
    ...variants.flatMap(variantLines),
    ...(segments === null ? [] : [`In all: ${about}${segments} parts${moneyWords(money)}`]),
    ...(sampled < audience ? [`Reckoned from ${sampled} of them, chosen by chance.`] : []),
  ]
}

function variantLines({ id, template, cost, broken, saysStop }: VariantPreview): string[] {
  if (cost === null) return broken > 0 ? [`  ${template}: cannot be filled for anybody who was looked at`] : []
  const { texts, least, typical, most, ucs2, culprits } = cost
  const parts = least === most ? `${most}` : `${least} to ${most}, mostly ${typical}`
  const alphabet = ucs2 === 0 ? 'GSM-7' : ucs2 === texts ? 'UCS-2' : `GSM-7, ${ucs2} of ${texts} UCS-2`
  return [
    `  ${id === 'message' ? '' : `${id}: `}${template}: parts each: ${parts} (${alphabet})`,
    ...culprits.map(
      ({ character, code, texts: count }) =>
        `    ${JSON.stringify(character)} (${code}, in ${count}) is not in GSM-7: a part holds 70 characters instead of 160`,
    ),
    ...(broken > 0 ? [`    cannot be filled for ${broken} of those who were looked at`] : []),
    ...(saysStop ? [] : ['    does not say how to end it: "Reply STOP to end"']),
  ]
}

/** Behind a number of parts. */
export function moneyWords(money: TextMoney | null): string {
  if (money === null) return ''
  const format = new Intl.NumberFormat('en', { style: 'currency', currency: money.currency })
  return `: ${format.format(money.cents / 10 ** (format.resolvedOptions().maximumFractionDigits ?? 2))}`
}
