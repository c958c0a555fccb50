/**
 * What a reader of templates would find fault with before a recipient does. Errors are broken for somebody; warnings cost
 * money, attention or a place in the inbox. Pure.
 */

import { countSegments } from '../sms/segments.ts'
import type { TemplateSource } from './render-message.ts'
import { decodeEntities } from './safe-links.ts'

export interface LintFinding {
  readonly level: 'error' | 'warning'
  readonly rule:
    | 'missing-alt'
    | 'broken-link'
    | 'missing-unsubscribe'
    | 'too-large'
    | 'spam-prone'
    | 'missing-default'
    | 'personal-link'
    | 'sms-length'
    | 'sms-opt-out'
  /** In which part: `subject`, `html`, `text`. */
  readonly part: 'subject' | 'html' | 'text'
  readonly message: string
}

/** Gmail cuts a mail off behind this, and with it the way out at its end. */
const clippedAtBytes = 102_000

const longestSubject = 78

/** More parts than this cost more than a text message is worth. */
const mostSegments = 3

type Lint = (template: TemplateSource) => readonly LintFinding[]

const checks: readonly Lint[] = [alts, links, unsubscribe, size, spam, defaults, textMessage]

/** @param template as it is published: layouts and blocks are in it. */
export function lintTemplate(template: TemplateSource): LintFinding[] {
  return checks.flatMap((check) => check(template))
}

function alts({ html }: TemplateSource): LintFinding[] {
  const images = (html ?? '').match(/<img\b[^>]*>/gi) ?? []
  return images
    .filter((image) => !/\salt\s*=/i.test(image))
    .map((image) =>
      error('missing-alt', 'html', `${image.slice(0, 80)} has no alt: who sees no pictures reads nothing`),
    )
}

function links({ html, text }: TemplateSource): LintFinding[] {
  const inHtml = [...(html ?? '').matchAll(/\s(?:href|src)\s*=\s*(?:"([^"]*)"|'([^']*)')/gi)].map(
    ([, double, single]) => ['html', decodeEntities(double ?? single ?? '').trim()] as const,
  )
  const inText = [...text.matchAll(/https?:\/\/[^\s<>"')]+/gi)].map(([link]) => ['text', link] as const)
  return [...inHtml, ...inText].flatMap(([part, link]): LintFinding[] => {
    const problem = linkProblem(link)
    if (problem !== undefined)
      return [error('broken-link', part, `${link.slice(0, 120) || 'an empty link'}: ${problem}`)]
    return /\{\{[^}]*\bcustomer\./.test(link)
      ? [
          warning(
            'personal-link',
            part,
            `${link.slice(0, 120)} holds personal data, which everybody on the way can read; it is not tracked`,
          ),
        ]
      : []
  })
}

/** Only what is known without asking the network. What a variable gives is not. */
function linkProblem(link: string): string | undefined {
  if (/^\{[{%]/.test(link)) return undefined
  if (link === '' || link === '#') return 'leads nowhere'
  if (link.startsWith('#')) return undefined
  const filled = link.replaceAll(/\{\{[^}]*\}\}|\{%[^%]*%\}/g, 'x')
  if (!/^(?:https?|mailto|tel):/i.test(filled)) return 'must begin with https:, http:, mailto: or tel:'
  if (/^(?:mailto|tel):/i.test(filled)) return /^[a-z]+:.+/i.test(filled) ? undefined : 'leads nowhere'
  if (!URL.canParse(filled)) return 'is no address'
  // Quotes inside an output end the attribute for us, not for Liquid.
  if (/\s/.test(filled.replace(/\{[{%].*$/s, ''))) return 'holds a space'
  const { hostname } = new URL(filled)
  if (hostname === 'localhost' || hostname.startsWith('127.') || !hostname.includes('.')) {
    return filled.startsWith('https://x') ? undefined : 'is reached by nobody else'
  }
  return undefined
}

function unsubscribe({ channel, html, text }: TemplateSource): LintFinding[] {
  if (channel !== 'email') return []
  const parts = [
    ['html', html],
    ['text', text],
  ] as const
  return parts
    .filter(([, source]) => source !== null && !/\b(?:unsubscribe_url|confirm_url)\b/.test(source))
    .map(([part]) =>
      warning('missing-unsubscribe', part, 'has no {{ unsubscribe_url }}: a plain one is added below marketing mails'),
    )
}

function size({ html }: TemplateSource): LintFinding[] {
  const bytes = Buffer.byteLength(html ?? '')
  return bytes > clippedAtBytes
    ? [error('too-large', 'html', `has ${bytes} bytes; mailboxes cut off what is behind ${clippedAtBytes}`)]
    : []
}

const shorteners = /\b(?:bit\.ly|tinyurl\.com|goo\.gl|t\.co|ow\.ly|is\.gd|buff\.ly)\//i
const phrases =
  /\b(?:act now|100% free|risk[- ]free|no obligation|click here|make money|cash bonus|winner|you have been selected|viagra|casino|lottery|guaranteed income|double your)\b/i

function spam({ channel, subject, html, text }: TemplateSource): LintFinding[] {
  const found: LintFinding[] = []
  const words = (subject ?? '').replaceAll(/\{[{%][^}]*[}%]\}/g, '')
  // Of scripts that have no capitals nothing can be said.
  const letters = words.replaceAll(/[^\p{Lu}\p{Ll}]/gu, '')
  if (letters.length > 8 && letters === letters.toUpperCase()) {
    found.push(warning('spam-prone', 'subject', 'is all capitals'))
  }
  if (/[!?]{2,}|\${2,}|€{2,}/.test(words))
    found.push(warning('spam-prone', 'subject', 'shouts: more than one ! or ? in a row'))
  if (words.length > longestSubject) {
    found.push(
      warning('spam-prone', 'subject', `has ${words.length} characters; behind ${longestSubject} it is folded or cut`),
    )
  }
  if (/^\s*(?:re|fwd?):/i.test(words)) found.push(warning('spam-prone', 'subject', 'pretends to be an answer'))
  for (const [part, source] of [
    ['subject', words],
    ['html', html ?? ''],
    ['text', text],
  ] as const) {
    const phrase = phrases.exec(source)?.[0]
    if (phrase !== undefined) found.push(warning('spam-prone', part, `says "${phrase}"`))
    if (shorteners.test(source)) found.push(warning('spam-prone', part, 'hides links behind a public shortener'))
  }
  if (channel === 'email' && html !== null && isPicturesOnly(html)) {
    found.push(warning('spam-prone', 'html', 'is pictures with hardly any text'))
  }
  return found
}

function isPicturesOnly(html: string): boolean {
  const visible = html
    .replaceAll(/<(style|head|script)\b[\s\S]*?<\/\1>/gi, '')
    .replaceAll(/<[^>]*>|\{%[^%]*%\}/g, '')
    .replaceAll(/\s+/g, ' ')
  return /<img\b/i.test(html) && visible.trim().length < 60
}

/** A trait of a person may be missing: "Dear ," is worse than no name. */
function defaults({ subject, html, text }: TemplateSource): LintFinding[] {
  const parts = [
    ['subject', subject ?? ''],
    ['html', html ?? ''],
    ['text', text],
  ] as const
  return parts.flatMap(([part, source]) =>
    [...source.matchAll(/\{\{-?\s*(customer\.\w+)([^}]*)\}\}/g)].flatMap(([, name = '', filters = '']) => {
      const isAsked = new RegExp(
        String.raw`\{%-?\s*(?:els)?(?:if|unless|case)\b[^%]*\b${name.replace('.', String.raw`\.`)}\b`,
      ).test(source)
      return /\|\s*default\b/.test(filters) || isAsked
        ? []
        : [
            warning(
              'missing-default',
              part,
              `{{ ${name} }} may be missing: give it a default, or ask with {% if ${name} %}`,
            ),
          ]
    }),
  )
}

function textMessage({ channel, text }: TemplateSource): LintFinding[] {
  if (channel !== 'sms') return []
  const typical = text
    .replaceAll(/\{%[^%]*%\}/g, '')
    .replaceAll(/\{\{[^}]*\}\}/g, 'x'.repeat(12))
    .trim()
  const segments = countSegments(typical)
  const odd = Array.from(typical).find((character) => countSegments(character.repeat(71)) > 1)
  return [
    ...(segments > mostSegments
      ? [warning('sms-length', 'text', `is sent in ${segments} parts, and paid for as many times`)]
      : []),
    ...(odd === undefined
      ? []
      : [
          warning(
            'sms-length',
            'text',
            `${JSON.stringify(odd)} is not in GSM-7: a part holds 70 characters instead of 160`,
          ),
        ]),
    ...(/\bSTOP\b/i.test(text)
      ? []
      : [warning('sms-opt-out', 'text', 'does not say how to end it: "Reply STOP to end"')]),
  ]
}

function error(rule: LintFinding['rule'], part: LintFinding['part'], message: string): LintFinding {
  return { level: 'error', rule, part, message }
}

function warning(rule: LintFinding['rule'], part: LintFinding['part'], message: string): LintFinding {
  return { level: 'warning', rule, part, message }
}
