/**
 * Leads the links of a rendered message through the product, adds a picture that tells of its being opened, and a link
 * that no person sees. Pure: who knows the addresses hands them in.
 */

import { appendToBody, escapeHtml } from './html-parts.ts'
import { decodeEntities } from './safe-links.ts'

/** The `href` of an `a` or `area` element, with what stands before it. */
const linkPattern = /(<(?:a|area)\b(?:[^<>"']|"[^"]*"|'[^']*')*?\shref\s*=\s*)("[^"]*"|'[^']*'|[^\s>"']+)([^>]*>)/gi

/** All addresses on the web that the HTML links to, as a browser would read them, in order. */
export function linksIn(html: string): string[] {
  return [...html.matchAll(linkPattern)].flatMap(([whole, , value = '']) => {
    const target = webAddress(value)
    return target === undefined || isExempt(whole) ? [] : [target]
  })
}

/** Those that want to be left alone. */
export function exemptLinksIn(html: string): string[] {
  return [...html.matchAll(linkPattern)].flatMap(([whole, , value = '']) =>
    isExempt(whole) ? (webAddress(value) ?? []) : [],
  )
}

/** @param linkFor where a link shall lead instead; undefined leaves it as it is. */
export function redirectLinks(html: string, linkFor: (target: string) => string | undefined): string {
  return html.replaceAll(linkPattern, (whole: string, before: string, value: string, after: string) => {
    const target = isExempt(whole) ? undefined : webAddress(value)
    const link = target === undefined ? undefined : linkFor(target)
    return link === undefined ? whole : `${before}"${escapeHtml(link)}"${after}`
  })
}

/** The same for a text: addresses on the web as they stand in it. */
export function redirectTextLinks(text: string, linkFor: (target: string) => string | undefined): string {
  return text.replaceAll(textLinkPattern, (target: string) => linkFor(target) ?? target)
}

export function linksInText(text: string): string[] {
  return [...text.matchAll(textLinkPattern)].map(([target]) => target)
}

/** What ends a sentence does not belong to the address; a bracket does that was opened in it: `/wiki/Foo_(bar)`. */
const textLinkPattern = /https?:\/\/(?:\([^\s<>"'()]*\)|[^\s<>"')])+(?<![.,;:!?\]}])/gi

export function withPixel(html: string, url: string): string {
  return appendToBody(html, `<img src="${escapeHtml(url)}" width="1" height="1" alt="" style="display:none">`)
}

/** For programs that follow every link: it is not shown, not read aloud, and not reached by the keyboard. */
export function withTrap(html: string, url: string): string {
  const link = `<a href="${escapeHtml(url)}" style="display:none" aria-hidden="true" tabindex="-1" rel="nofollow"></a>`
  return appendToBody(html, link)
}

/** `data-track="off"` on a link leaves it alone. */
function isExempt(element: string): boolean {
  return /\sdata-track\s*=\s*["']?off\b/i.test(element)
}

function webAddress(value: string): string | undefined {
  const quoted = /^["']/.test(value) ? value.slice(1, -1) : value
  const target = decodeEntities(quoted).trim()
  return /^https?:\/\/[^\s]+$/i.test(target) && URL.canParse(target) ? target : undefined
}
