/** A template with the eyes of a customer, real or invented, and the form by which one sends it to oneself. */

import type { Channel } from '../domain/snapshot.ts'
import { type Html, html } from './html.ts'

export interface Look {
  /** Empty: somebody invented. */
  readonly customer: string
  readonly locale: string
  readonly problem?: string
  readonly shown?: Shown
}

export interface Shown {
  readonly subject: string
  readonly text: string
  readonly hasHtml: boolean
  readonly segments?: number
}

export interface TestForm {
  /** As they were typed. */
  readonly to: string
  readonly problem?: string
  /** Some of the addresses are outside of the team: sent only after another press. */
  readonly asksToConfirm?: boolean
  readonly results?: readonly { readonly status: string; readonly reason: string | null }[]
}

/** A real customer opens personal data, so it takes a press of a button, and a visitor who may. */
export function lookSection(key: string, { customer, locale, problem, shown }: Look, mayOpen: boolean): Html {
  const at = new URLSearchParams({ ...(customer === '' ? {} : { customer }), ...(locale === '' ? {} : { locale }) })
  return html`<section><h2>As ${customer === '' ? 'a customer' : customer} would see it <span class="soft">${
    customer === ''
      ? 'Filled with an invented customer, Ada Lovelace.'
      : 'A real customer: that you looked is written down.'
  }</span></h2>
    <form method="${mayOpen ? 'post' : 'get'}" action="/templates/${key}" class="row">${
      mayOpen &&
      html`<input name="customer" value="${customer}" autocomplete="off"
      placeholder="A real customer: the shop's id, or an address" aria-label="Customer">`
    }
      <input name="locale" value="${locale}" placeholder="Language, such as de" aria-label="Language" autocomplete="off">
      <button>Look</button></form>
    ${problem !== undefined && html`<p class="warn" role="alert">${problem}</p>`}
    ${
      shown !== undefined &&
      html`${shown.subject !== '' && html`<p><span class="soft">Subject</span> <strong>${shown.subject}</strong></p>`}
        ${shown.segments !== undefined && html`<p class="soft">${shown.segments} ${shown.segments === 1 ? 'part' : 'parts'} of SMS</p>`}
        ${shown.hasHtml && html`<iframe class="mail" sandbox src="/templates/${key}/shown${at.size > 0 && `?${at.toString()}`}" title="The message"></iframe>`}
        <details ${!shown.hasHtml && 'open'}><summary>Text</summary><pre>${shown.text}</pre></details>`
    }</section>`
}

export function testSection(key: string, channel: Channel, { customer, locale }: Look, test: TestForm): Html {
  const { to, problem, asksToConfirm = false, results } = test
  const what = channel === 'sms' ? 'Phone numbers, with + and country' : 'Your address, or several'
  return html`<section id="test"><h2>Send a test <span class="soft">Marked as one, filled as shown above. It counts for no cap and in
      no report, and its links change nothing.</span></h2>
    ${problem !== undefined && html`<p class="warn" role="alert">${problem}</p>`}
    ${results !== undefined && html`<ul role="status">${results.map(resultLine)}</ul>`}
    <form method="post" action="/templates/${key}/test#test" class="row">
      <input type="hidden" name="customer" value="${customer}"><input type="hidden" name="locale" value="${locale}">
      ${asksToConfirm && html`<input type="hidden" name="confirmed" value="yes">`}
      <input name="to" value="${to}" required autocomplete="${channel === 'sms' ? 'tel' : 'email'}" placeholder="${what}" aria-label="${what}">
      <button>${asksToConfirm ? 'Send it there all the same' : 'Send a test'}</button></form></section>`
}

const resultWords: Readonly<Record<string, string>> = {
  sent: 'has left',
  failed: 'was not taken',
  in_doubt: 'may have left: nobody knows yet',
}

function resultLine({ status, reason }: NonNullable<TestForm['results']>[number], place: number): Html {
  const isBad = status !== 'sent'
  return html`<li${isBad && html` class="warn"`}>Test ${place + 1} ${resultWords[status] ?? status}${reason !== null && `: ${reason}`}</li>`
}
