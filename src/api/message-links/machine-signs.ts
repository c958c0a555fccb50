/**
 * By what a program is known that looks at messages on its own: at the first sight of its request. What passes here is
 * judged once more by its company (`src/store/hit-verdicts.ts`).
 */

export interface Look {
  readonly method: string
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
}

/** Programs that say what they are: scanners of mail, previews of links, crawlers, libraries. Cubot makes telephones. */
const machines =
  /(?<!cu)bot\b|(?<!cu)bot\/|crawl|spider|slurp|scan|preview|prefetch|monitor|probe|headless|phantom|curl|wget|python|java\/|okhttp|go-http|node|undici|axios|libwww|lwp|ruby|perl|php|apache-httpclient|facebookexternalhit|whatsapp|telegram|skypeuri|barracuda|proofpoint|mimecast|symantec|messagelabs|forcepoint|ironport|cisco|fireeye|trendmicro|trend micro|sophos|bitdefender|avast|kaspersky|mailguard|safelinks|google-safety|googleimageproxy-check/i

/** @returns the sign; undefined if it looks like a person. */
export function machineSign({ method, headers }: Look, kind: 'open' | 'click'): string | undefined {
  const text = (name: string): string => String(headers[name] ?? '')
  if (method !== 'GET') return 'head'
  const purpose = ['purpose', 'sec-purpose', 'x-purpose', 'x-moz'].map(text).join(' ')
  if (/prefetch|preview|prerender/i.test(purpose)) return 'prefetch'
  const agent = text('user-agent').trim()
  if (agent === '') return 'no agent'
  // Apple's mail fetches every picture on arrival, whoever reads it, and says no more than this.
  if (kind === 'open' && agent === 'Mozilla/5.0') return 'privacy proxy'
  return machines.test(agent) ? 'agent' : undefined
}

/** Whoever says so with the request itself is not measured. */
export function asksNotToBeMeasured({ headers }: Pick<Look, 'headers'>): boolean {
  return headers['sec-gpc'] === '1' || headers['dnt'] === '1'
}
