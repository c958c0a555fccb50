/** Links in rendered HTML lead only where a mail may lead: the web, a mailbox, a telephone. */

const allowed: ReadonlySet<string> = new Set(['http', 'https', 'mailto', 'tel'])

// Every attribute that browsers and mail readers fetch or follow. Values with and without quotes.
const linkAttributes =
  /\s(?:href|src|srcset|action|formaction|background|poster|cite|data|xlink:href)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]+))/gi

const entities: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  colon: ':',
  tab: '\t',
  newline: '\n',
}

/**
 * The first scheme in the HTML that is not allowed, or undefined if all are. Links without a scheme are not either:
 * in a mail they lead nowhere, or to the reader's own disk; only fragments and empty ones pass.
 */
export function forbiddenScheme(html: string): string | undefined {
  for (const value of linkValues(html)) {
    // Browsers drop control characters and spaces inside a scheme, so `java&#10;script:` is one.
    const link = decodeEntities(value).replaceAll(/[\p{Cc}\s]/gu, '')
    if (link === '' || link.startsWith('#')) continue
    const scheme = /^([^:/?#]*):/.exec(link)?.[1]?.toLowerCase()
    if (scheme === undefined || !allowed.has(scheme)) return scheme ?? 'none'
  }
  return undefined
}

/** What stands in every attribute that leads somewhere, as it is written. */
export function linkValues(html: string): string[] {
  return [...html.matchAll(linkAttributes)].map(([, double, single, bare]) => double ?? single ?? bare ?? '')
}

/** As a browser reads an attribute. */
export function decodeEntities(text: string): string {
  return text.replaceAll(
    /&(?:#x([0-9a-f]+)|#(\d+)|([a-z]+));?/gi,
    (whole, hex?: string, decimal?: string, name?: string) => {
      if (name !== undefined) return entities[name.toLowerCase()] ?? whole
      const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16)
      return code <= 0x10_ff_ff ? String.fromCodePoint(code) : ''
    },
  )
}
