/** Which links of a message can be led through the product, and what a text message gains by it. */

import { redirectTextLinks } from './tracked-links.ts'

/** Longer addresses are left as they are. */
const longestTarget = 2_000

export interface LinkPlaces {
  /** Where recipients reach the product, and the address under which links do, of the shop's own domain. */
  readonly publicUrl: string
  readonly linksUrl: string
}

/** Those of some links that can be led through the product. */
export function measurableTargets(links: readonly string[], places: LinkPlaces): readonly string[] {
  return links.filter((link) => isOutside(link, places))
}

/** Of links that many messages share. */
const knownOutside = new Map<string, boolean>()
const mostKnownOutside = 10_000

function isOutside(link: string, places: LinkPlaces): boolean {
  const known = knownOutside.get(link)
  if (known !== undefined) return known
  if (knownOutside.size > mostKnownOutside) knownOutside.clear()
  const answer = leadsOutside(link, places)
  knownOutside.set(link, answer)
  return answer
}

/** Not one of the product's own pages, whose links hold a signature of their own. */
function leadsOutside(link: string, { publicUrl, linksUrl }: LinkPlaces): boolean {
  if (link.length > longestTarget) return false
  const { origin, pathname } = new URL(link)
  const isOurs = [publicUrl, linksUrl].some((url) => new URL(url).origin === origin)
  return !(isOurs && /^\/[a-z]\//.test(pathname))
}

/** With short links, by target, where they save characters. */
export function shortenedText(text: string, short: ReadonlyMap<string, string> | undefined): string {
  return redirectTextLinks(text, (target) => shorter(short?.get(target), target))
}

function shorter(short: string | undefined, target: string): string {
  return short !== undefined && short.length < target.length ? short : target
}
