/**
 * A message made once for each version of its template, and filled for each recipient: what everybody gets is rendered,
 * led through the product and encoded once. It holds what `createMessageRenderer` gives; whoever's values could mean more
 * than text, and every template that cannot be taken apart, is left to that.
 */

import { quotedPrintable } from '../email/compose/quoted-printable.ts'
import { parseLiquid } from './liquid.ts'
import { linksOf, type MessageFacts, type TemplateSource, withFooter } from './render-message.ts'
import { forbiddenScheme, linkValues } from './safe-links.ts'
import { type Piece, Scope, type Slot, type SlottedTemplate, slottedTemplate, type Way } from './slotted-template.ts'

/** A part of a message, ready to travel. */
export interface EncodedText {
  readonly quotedPrintable: string
}

export interface FilledLetter {
  readonly subject: string
  readonly html: EncodedText
  readonly text: EncodedText
  /** Where its tracked links lead. */
  readonly targets: readonly string[]
}

export interface Recipient {
  readonly facts: MessageFacts
  /** Their traits without the personal ones. */
  readonly stranger: MessageFacts['customer']
  readonly isMeasured: boolean
  /** The address that a link of this message has: by the name that `measure` gave it, or of a variable. */
  readonly linkFor: (name: string) => string
}

export interface LetterForm {
  /** @returns undefined if the message has to be rendered as a whole. */
  fill(recipient: Recipient): FilledLetter | undefined
}

export interface LetterSetting {
  /** What is the same for every recipient. */
  readonly constants: Readonly<Record<string, unknown>>
  /** Leads links through the product. `nameLink` gives an address that stands for a link of the message. */
  readonly measure: (
    letter: { readonly html: string; readonly text: string },
    links: readonly string[],
    nameLink: (name: string) => string,
  ) => { readonly html: string; readonly text: string; readonly targets: readonly string[] }
}

/** Other ways through a template than so many are left to Liquid. */
const mostForms = 200

/** Private characters: no template holds them. */
const begin = '\uE000'
const end = '\uE001'
const linkStart = 'https://link.invalid/'
const marks = new RegExp(`(?:${linkStart})?${begin}([^${end}]*)${end}`)
const slotMark = new RegExp(`${begin}\\d+${end}`)
const slotAtAnEnd = new RegExp(`^${begin}\\d+${end}|${begin}\\d+${end}$`)

const nameLink = (name: string): string => `${linkStart}${begin}${name}${end}`

/** Addresses that differ in every message, and hold nothing of the profile. */
const ownLinks: ReadonlySet<string> = new Set(['unsubscribe_url', 'preferences_url'])

/** Text that could become more than text: a tag, an attribute, another line. */
const couldBeMore = /[<>"'=\p{Cc}\u2028\u2029\uE000\uE001]/u

type Encoded = readonly (string | number | { readonly link: string })[]

interface Form {
  readonly html: Encoded
  readonly text: Encoded
  readonly targets: readonly string[]
}

/** @returns undefined if the template cannot be taken apart. */
export function letterForm(template: TemplateSource, setting: LetterSetting): LetterForm | undefined {
  const { subject, html, text } = template
  if (template.channel !== 'email' || html === null) return undefined
  if ([subject ?? '', html, text].some((part) => part.includes(begin) || part.includes(end))) return undefined
  const parts = [
    slottedTemplate(parseLiquid(subject ?? '', 'none')),
    slottedTemplate(parseLiquid(html, 'html')),
    slottedTemplate(parseLiquid(text, 'none')),
  ] as const
  const [ofSubject, ofHtml, ofText] = parts
  return ofSubject && ofHtml && ofText && new Forms({ subject: ofSubject, html: ofHtml, text: ofText }, setting)
}

interface Parts {
  readonly subject: SlottedTemplate
  readonly html: SlottedTemplate
  readonly text: SlottedTemplate
}

class Forms implements LetterForm {
  readonly #parts: Parts
  readonly #setting: LetterSetting
  readonly #forms = new Map<string, Form | 'whole'>()
  readonly #slots: Slot[] = []
  /** Those of the HTML. */
  readonly #escaped = new Set<number>()

  constructor(parts: Parts, setting: LetterSetting) {
    this.#parts = parts
    this.#setting = setting
  }

  fill({ facts, stranger, isMeasured, linkFor }: Recipient): FilledLetter | undefined {
    const scope = new Scope(facts as unknown as Record<string, unknown>)
    const { subject, html, text } = this.#parts
    try {
      const way = html.wayIn(scope)
      const textWay = text.wayIn(scope)
      // Which way a stranger's message would go: a link that is only in this one tells something of its reader.
      const strange = new Scope({ ...facts, customer: stranger })
      const strangersWay = [
        isMeasured && way !== '' ? html.wayIn(strange) : way,
        isMeasured && textWay !== '' ? text.wayIn(strange) : textWay,
      ] as const
      const form = this.#formFor(way, strangersWay, textWay, isMeasured)
      if (form === 'whole') return undefined
      const filledHtml = this.#filled(form.html, scope, linkFor)
      const filledText = this.#filled(form.text, scope, linkFor)
      if (filledHtml === undefined || filledText === undefined) return undefined
      const pieces = subject.piecesOn(subject.wayIn(scope))
      const title = pieces.map((piece) => (typeof piece === 'string' ? piece : piece.valueIn(scope))).join('')
      return { subject: title, html: filledHtml, text: filledText, targets: form.targets }
    } catch {
      return undefined // Whatever is wrong with it, rendering it as a whole says so.
    }
  }

  #filled(pieces: Encoded, scope: Scope, linkFor: Recipient['linkFor']): EncodedText | undefined {
    let whole = ''
    for (const piece of pieces) {
      if (typeof piece === 'string') whole += piece
      else if (typeof piece === 'object') whole += quotedPrintable(linkFor(piece.link))
      else {
        const value = this.#slots[piece]?.valueIn(scope) ?? ''
        if (this.#escaped.has(piece) && couldBeMore.test(value)) return undefined
        whole += quotedPrintable(value)
      }
    }
    return { quotedPrintable: whole }
  }

  #formFor(way: Way, strangersWay: readonly [Way, Way], textWay: Way, isMeasured: boolean): Form | 'whole' {
    const name = JSON.stringify([way, strangersWay, textWay, isMeasured])
    const known = this.#forms.get(name)
    if (known !== undefined) return known
    if (this.#forms.size >= mostForms) return 'whole'
    const form = this.#make(way, strangersWay, textWay, isMeasured) ?? 'whole'
    this.#forms.set(name, form)
    return form
  }

  #make(way: Way, strangersWay: readonly [Way, Way], textWay: Way, isMeasured: boolean): Form | undefined {
    const html = this.#marked(this.#parts.html.piecesOn(way), 'html')
    const text = this.#marked(this.#parts.text.piecesOn(textWay), 'text').trim()
    if (forbiddenScheme(html) !== undefined || !isOnlyText(html)) return undefined
    // White space at the ends is cut off; of a value nobody knows whether it is some.
    if (text === '' || slotAtAnEnd.test(text)) return undefined
    const named = { unsubscribe_url: nameLink('unsubscribe_url'), preferences_url: nameLink('preferences_url') }
    const facts = { ...this.#setting.constants, ...named } as unknown as MessageFacts
    const letter = withFooter({ subject: '', html, text }, facts)
    const whole = letter.html ?? ''
    if (!isMeasured) return { html: encoded(whole), text: encoded(letter.text), targets: [] }
    const ofStranger = linksOf({
      html: this.#marked(this.#parts.html.piecesOn(strangersWay[0]), 'html'),
      text: this.#marked(this.#parts.text.piecesOn(strangersWay[1]), 'text'),
    })
    const strangers = new Set(ofStranger)
    const links = linksOf({ html, text }).filter((link) => !link.includes(begin) && strangers.has(link))
    const {
      html: led,
      text: ledText,
      targets,
    } = this.#setting.measure({ html: whole, text: letter.text }, links, nameLink)
    return { html: encoded(led), text: encoded(ledText), targets }
  }

  /** The text with a mark for each slot; what is the same for everybody is in it. */
  #marked(pieces: readonly Piece[], part: 'html' | 'text'): string {
    const { constants } = this.#setting
    return pieces
      .map((piece) => {
        if (typeof piece === 'string') return piece
        const [root = '', ...below] = piece.path ?? []
        if (Object.hasOwn(constants, root)) return piece.valueIn(new Scope(constants))
        if (ownLinks.has(root) && below.length === 0) return nameLink(root)
        const known = this.#slots.indexOf(piece)
        const slot = known === -1 ? this.#slots.push(piece) - 1 : known
        if (part === 'html') this.#escaped.add(slot)
        return `${begin}${slot}${end}`
      })
      .join('')
  }
}

/** Whether all slots stand in text, or between the quotes of an attribute that leads nowhere. */
function isOnlyText(html: string): boolean {
  if (linkValues(html).some((value) => slotMark.test(value))) return false
  const tags = html.match(/<[^>]*>/g) ?? []
  const isQuoted = tags.every((tag) => !slotMark.test(tag.replaceAll(/"[^"]*"|'[^']*'/g, '')))
  return isQuoted && !/<(?:style|script)\b[^>]*>[^<]*\uE000/i.test(html)
}

const softBreak = '=\r\n'

/** Encoded piece by piece: a line ends softly before and behind each slot, so that none depends on another's length. */
function encoded(marked: string): Encoded {
  const pieces = marked.split(marks)
  return pieces.flatMap((piece, i): Encoded => {
    const isMark = i % 2 === 1
    if (isMark) return [/^\d+$/.test(piece) ? Number(piece) : { link: piece }]
    const text = quotedPrintable(piece)
    const isLast = i === pieces.length - 1
    const before = i === 0 || text.startsWith('\r\n') || (isLast && text === '') ? '' : softBreak
    const after = isLast || text === '' || text.endsWith('\r\n') ? '' : softBreak
    return [before + text + after]
  })
}
