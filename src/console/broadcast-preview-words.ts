/** What a broadcast would do, in the words of the page that asks whether to send it. */

import type { BroadcastPreview, VariantPreview } from '../domain/broadcast-preview.ts'
import { whyNot } from '../domain/explain.ts'
import { formatCount, formatMoney } from './format.ts'
import { type Html, html } from './html.ts'

/** Whom it reaches. */
export function reachWords({ audience, sampled, reached, waiting, refused }: BroadcastPreview): Html {
  const about = sampled < audience ? 'About ' : ''
  return html`<p>${about}<strong>${formatCount(reached)}</strong> of them would get it as things stand${
    waiting > 0 && html`, ${formatCount(waiting)} of these at a later hour`
  }.</p>
    ${
      refused.length > 0 &&
      html`<table><tbody>${refused.map(
        ({ rule, count }) =>
          html`<tr><td class="soft">would not: ${whyNot({ kind: 'message', rule })}</td><td class="number">${formatCount(count)}</td></tr>`,
      )}</tbody></table>`
    }`
}

/** What its text messages cost. */
export function costWords({ channel, sampled, audience, variants, segments, money }: BroadcastPreview): Html | false {
  if (channel !== 'sms') return false
  const about = sampled < audience ? 'About ' : ''
  return html`<h2>What it costs</h2>
    <p>${about}<strong>${formatCount(segments ?? 0)}</strong> parts in all${
      money === null
        ? html`. <span class="soft">With <code>SMS_SEGMENT_PRICE="0.0079 USD"</code> you see here what that is in money.</span>`
        : html`: <strong>${formatMoney(money.cents, money.currency)}</strong>.`
    }</p>
    <table><thead><tr><th>Message</th><th class="number">Parts</th><th class="number">Mostly</th><th>Sent as</th></tr></thead>
      <tbody>${variants.map(variantRow)}</tbody></table>
    ${variants.map(variantWarnings)}
    ${sampled < audience && html`<p class="soft">Reckoned from ${formatCount(sampled)} of them, chosen by chance.</p>`}`
}

function variantRow({ template, cost }: VariantPreview): Html {
  if (cost === null)
    return html`<tr><td>${template}</td><td class="number">–</td><td class="number">–</td><td>–</td></tr>`
  const { texts, least, typical, most, ucs2 } = cost
  const alphabet =
    ucs2 === 0 ? 'GSM-7' : ucs2 === texts ? 'UCS-2' : `GSM-7; ${formatCount(ucs2)} of ${formatCount(texts)} as UCS-2`
  return html`<tr><td>${template}</td><td class="number">${least === most ? most : `${least} to ${most}`}</td>
    <td class="number">${typical}</td><td>${alphabet}</td></tr>`
}

function variantWarnings({ template, cost, broken, saysStop }: VariantPreview): Html {
  const culprits = cost?.culprits ?? []
  return html`${
    culprits.length > 0 &&
    html`<p class="warn">In ${template}, ${culprits.map(
      ({ character, code, texts }, i) => html`${i > 0 && ', '}“${character}” (${code}, in ${formatCount(texts)})`,
    )} ${culprits.length === 1 ? 'is' : 'are'} not in GSM-7: a part then holds 70 characters instead of 160.</p>`
  }${broken > 0 && html`<p class="warn">${template} cannot be filled for ${formatCount(broken)} of those who were looked at.</p>`}${
    cost !== null && !saysStop && html`<p class="warn">${template} does not say how to end it: “Reply STOP to end”.</p>`
  }`
}
