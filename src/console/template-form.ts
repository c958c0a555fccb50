/** Writing a template: its words, how they look to an invented customer, and the page that asks before they are in force. */

import type { LintFinding } from '../channels/templates/lint.ts'
import type { TemplateToPublish } from '../store/publishing/publish-template.ts'
import type { TemplateUse } from '../store/template-facts.ts'
import { type Html, html } from './html.ts'
import { findingList, useList } from './template-pages.ts'

export type TemplateForm = TemplateToPublish

export const newEmail: Omit<TemplateForm, 'key' | 'replaces'> = {
  channel: 'email',
  subject: "Hello {{ customer.firstName | default: 'there' }}",
  html: `<div style="max-width:560px; margin:0 auto; padding:24px 16px; font:17px/1.55 Georgia,serif; color:#221c17;">
  <h1 style="font-size:26px; font-weight:normal;">Hello {{ customer.firstName | default: 'there' }},</h1>
  <p>what you have to say.</p>
  <p><a href="{{ shop.url }}" style="display:inline-block; background:#2f7d55; color:#fff; text-decoration:none;
    padding:12px 22px; border-radius:6px;">Have a look</a></p>
  <p style="font-size:12px; color:#6b6259;">{{ postal_address }}<br>
    {% if unsubscribe_url %}<a href="{{ preferences_url }}">Choose what you hear about</a> ·
    <a href="{{ unsubscribe_url }}">Unsubscribe</a>{% endif %}</p>
</div>`,
  text: `Hello {{ customer.firstName | default: 'there' }},

what you have to say.

{{ shop.url }}

{{ postal_address }}
{% if unsubscribe_url %}Unsubscribe: {{ unsubscribe_url }}{% endif %}`,
}

export const newSms: Omit<TemplateForm, 'key' | 'replaces'> = {
  channel: 'sms',
  subject: '',
  html: '',
  text: '{{ shop.name }}: what you have to say. {{ shop.url }} Reply STOP to end.',
}

export function templateFormPage(form: TemplateForm, problems: readonly string[]): Html {
  const { key, channel, subject, html: source, text, replaces } = form
  const isNew = replaces === null
  const isEmail = channel === 'email'
  return html`<main><h1>${isNew ? 'A new template' : `Change ${key}`}</h1>
    <p class="lead">${isEmail ? 'An email' : 'A text message'}${isNew && isEmail && html`, or <a href="/templates/new?channel=sms">a text message</a>`}. Nothing is
      in force before you have said so on the next page.</p>
    ${
      problems.length > 0 &&
      html`<section role="alert"><h2>That is no template yet</h2><ul>${problems.map((one) => html`<li class="warn">${one}</li>`)}</ul></section>`
    }
    <section><form method="post" action="/templates/save">
      <input type="hidden" name="replaces" value="${replaces ?? ''}"><input type="hidden" name="channel" value="${channel}">
      <label class="field">Id <input name="id" value="${key}" maxlength="80" required autocomplete="off" spellcheck="false"
        placeholder="spring-sale" ${!isNew && 'readonly'}> <span class="soft">small letters, digits, hyphens${isNew && '; a translation: spring-sale.de'}</span></label>
      ${isEmail && html`<label class="field">Subject <input class="wide" name="subject" value="${subject}" maxlength="200" required autocomplete="off"></label>`}
      ${
        isEmail &&
        html`<label for="html">HTML <span class="soft">leave it empty for a plain mail</span></label>
        <textarea id="html" name="html" rows="16" spellcheck="false">${'\n'}${source}</textarea>`
      }
      <label for="text">Text ${isEmail && html`<span class="soft">for whoever sees no HTML</span>`}</label>
      <textarea id="text" name="text" rows="${isEmail ? 8 : 4}" required>${'\n'}${text}</textarea>
      <div class="buttons"><button class="quiet" formaction="/templates/draft" formtarget="draft">See it</button>
        <button>Publish …</button> <a href="${isNew ? '/templates' : `/templates/${key}`}">Leave it</a></div></form></section>
    <section><h2>As an invented customer would see it <span class="soft">“See it” shows it here; nothing is kept.</span></h2>
      <iframe class="mail" sandbox name="draft" title="The message"></iframe></section>
    ${helpSection()}</main>`
}

const usable: readonly (readonly [string, string])[] = [
  ["{{ customer.firstName | default: 'there' }}", 'what the shop told of them, and what to say if it has not'],
  ['{{ coupon.code }}, {{ coupon.expires_at | date: "%d %B" }}', 'of the step’s offer'],
  ['{% for item in recommendations limit: 3 %}{{ item.name }} {{ item.url }}{% endfor %}', 'what they may like'],
  ['{{ computed.favourite-category }}, {{ scores.clv.tier }}', 'worked out of what they did'],
  ['{% if … %} … {% endif %}', 'only for some'],
  ['{{ shop.name }}, {{ shop.url }}, {{ postal_address }}', 'of the shop'],
  ['{{ unsubscribe_url }}, {{ preferences_url }}', 'ways out; added below where they are left out'],
]

function helpSection(): Html {
  return html`<section><details><summary>What can stand in it</summary><table><tbody>${usable.map(
    ([code, words]) => html`<tr><td><code>${code}</code></td><td>${words}</td></tr>`,
  )}</tbody></table></details></section>`
}

export interface PublishQuestion {
  readonly form: TemplateForm
  readonly uses: readonly TemplateUse[]
  readonly findings: readonly LintFinding[]
}

export function publishTemplatePage({ form, uses, findings }: PublishQuestion): Html {
  const { key, replaces, channel, subject, html: source, text } = form
  const isNew = replaces === null
  return html`<main><h1>${isNew ? `Publish ${key}?` : `Publish the change of ${key}?`}</h1>
    <section><h2>What a reader would find fault with</h2>${findingList(findings)}</section>
    <section><p>${
      uses.length === 0
        ? 'Nothing sends it yet: name it in a journey or a broadcast, and send yourself a test before.'
        : html`It is in force at once, for every message that leaves from now on. It is sent by ${useList(uses)}.`
    }</p>
      <p class="soft">Where campaigns are kept as files, put the same words into <code>campaigns/templates</code>, or the next
        <code>perennial apply</code> brings back what stands there.</p>
      <form method="post" action="/templates/save" class="buttons">${[
        ['id', key],
        ['replaces', replaces ?? ''],
        ['channel', channel],
        ['subject', subject],
      ].map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`)}
        <textarea name="html" hidden>${'\n'}${source}</textarea><textarea name="text" hidden>${'\n'}${text}</textarea>
        <button name="step" value="publish">Publish it</button> <button class="quiet" name="step" value="edit">Back to the words</button></form></section></main>`
}
