/** A form in which somebody writes a document of campaigns in YAML, with its id; what is wrong with it is said above. */

import { type Html, html } from './html.ts'

export interface DocumentForm {
  /** What it is called in files and addresses; of one that is being changed it stays. */
  readonly key: string
  /** The version that the change began with; null for a new one. */
  readonly replaces: string | null
  /** As it was typed. */
  readonly text: string
}

export interface DocumentFormFrame {
  /** `journey`, `broadcast`. */
  readonly noun: string
  readonly lead: string
  readonly action: string
  readonly button: string
  /** Where somebody goes who gives up. */
  readonly back: string
  /** An id as it might be. */
  readonly exampleKey: string
  /** What can stand in it: a title, and what each is for and how it is written. */
  readonly help?: readonly { readonly title: string; readonly examples: readonly (readonly [string, string])[] }[]
}

export function documentFormPage(
  { noun, lead, action, button, back, exampleKey, help = [] }: DocumentFormFrame,
  { key, replaces, text }: DocumentForm,
  problems: readonly string[],
): Html {
  const isNew = replaces === null
  return html`<main><h1>${isNew ? `A new ${noun}` : `Change ${key}`}</h1><p class="lead">${lead}</p>
    ${
      problems.length > 0 &&
      html`<section role="alert"><h2>That is no ${noun} yet</h2><ul>${problems.map(
        (one) => html`<li class="warn">${one}</li>`,
      )}</ul></section>`
    }
    <section><form method="post" action="${action}"><label class="field">Id <input name="id" value="${key}" maxlength="64"
        autocomplete="off" spellcheck="false" placeholder="${exampleKey}" required ${!isNew && 'readonly'}>
        <span class="soft">small letters, digits and hyphens${isNew && '; stays as it is'}</span></label>
      <input type="hidden" name="replaces" value="${replaces ?? ''}">
      <textarea name="document" rows="20" spellcheck="false" required aria-label="The ${noun}, in YAML">${'\n'}${text}</textarea>
      <div class="buttons"><button>${button}</button> <a href="${back}">Leave it</a></div></form></section>
    ${help.length > 0 && html`<section><details><summary>What can stand in it</summary>${help.map(helpTable)}</details></section>`}</main>`
}

function helpTable({ title, examples }: NonNullable<DocumentFormFrame['help']>[number]): Html {
  return html`<h2>${title}</h2><table><tbody>${examples.map(
    ([words, code]) => html`<tr><td>${words}</td><td><pre>${code}</pre></td></tr>`,
  )}</tbody></table>`
}

/** The same, for a page between the form and the deed. */
export function hiddenDocument({ key, replaces, text }: DocumentForm): Html {
  return html`<input type="hidden" name="id" value="${key}"><input type="hidden" name="replaces" value="${replaces ?? ''}">
    <textarea name="document" hidden>${'\n'}${text}</textarea>`
}
