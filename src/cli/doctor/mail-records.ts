/** What DNS says of a sending domain, held against what mailbox providers ask of bulk senders. Looks; changes nothing. */

import { createPublicKey, type KeyObject } from 'node:crypto'
import type { Resolver } from 'node:dns/promises'
import { type Finding, failure, ok, warning } from './finding.ts'

export type Dns = Pick<Resolver, 'resolveTxt' | 'resolveMx' | 'resolve4' | 'resolve6' | 'reverse'>

export interface MailSetup {
  /** Of the address in From. */
  readonly fromDomain: string
  /** Of the return path. */
  readonly envelopeDomain: string
  readonly dkim: readonly { readonly domain: string; readonly selector: string; readonly privateKey: KeyObject }[]
  /** The host that mail leaves from, as far as we know it. */
  readonly serverHost: string | undefined
}

export async function examineMailRecords(dns: Dns, setup: MailSetup): Promise<Finding[]> {
  const [spf, dkim, dmarc, mx, ptr] = await Promise.all([
    examineSpf(dns, setup.envelopeDomain),
    examineDkim(dns, setup),
    examineDmarc(dns, setup),
    examineMx(dns, setup),
    examineReverse(dns, setup.serverHost),
  ])
  return [spf, ...dkim, ...dmarc, ...mx, ptr]
}

/** The answers; undefined if there are none. @throws what keeps us from knowing. */
async function records<T>(asking: Promise<T[]>): Promise<T[] | undefined> {
  try {
    const found = await asking
    return found.length === 0 ? undefined : found
  } catch (error) {
    if (['ENOTFOUND', 'ENODATA'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined
    throw error
  }
}

/** A domain that cannot be asked about is a finding too. */
async function asked(name: string, look: () => Promise<Finding | Finding[]>): Promise<Finding[]> {
  try {
    return [await look()].flat()
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown'
    return [failure(name, `DNS gives no answer (${code})`, 'Try again; if it stays so, look after the name servers.')]
  }
}

async function texts(dns: Dns, name: string): Promise<string[]> {
  return ((await records(dns.resolveTxt(name))) ?? []).map((parts) => parts.join(''))
}

/** RFC 7208: more look-ups than this and nobody counts the record. */
const mostLookups = 10

async function examineSpf(dns: Dns, domain: string): Promise<Finding> {
  const [found] = await asked('SPF', async () => {
    const all = (await texts(dns, domain)).filter((text) => /^v=spf1(?: |$)/i.test(text))
    const [record] = all
    if (record === undefined) {
      return failure(
        'SPF',
        `${domain} has no SPF record`,
        `Publish TXT at ${domain}: v=spf1 include:… -all, with the servers that send for you.`,
      )
    }
    if (all.length > 1)
      return failure('SPF', `${domain} has ${all.length} SPF records, so none counts`, 'Make one of them.')
    if (/(?:^|\s)\+?all(?:\s|$)/i.test(record)) {
      return failure('SPF', `${domain} lets everybody send (${record})`, 'End it with -all or ~all.')
    }
    const lookups = await countLookups(dns, record, new Set([domain]))
    if (lookups > mostLookups) {
      return failure(
        'SPF',
        `${domain} needs ${lookups} look-ups; ${mostLookups} may be`,
        'Take out what sends no mail any more.',
      )
    }
    if (!/[-~]all(?:\s|$)|redirect=/i.test(record))
      return warning('SPF', `${domain}: ${record}`, 'End it with -all or ~all.')
    return ok('SPF', `${domain}: ${record} (${lookups} look-ups)`)
  })
  return found as Finding
}

async function countLookups(dns: Dns, record: string, seen: Set<string>): Promise<number> {
  let count = 0
  for (const term of record.split(/\s+/)) {
    const [, kind, target] =
      /^[+?~-]?(include|redirect|a|mx|ptr|exists)(?:[:=]([^/\s]+))?(?:\/[\d/]+)?$/i.exec(term) ?? []
    if (kind === undefined) continue
    count++
    const isNested = /^(?:include|redirect)$/i.test(kind) && target !== undefined && !seen.has(target)
    if (!isNested || count > mostLookups) continue
    seen.add(target)
    const inner = (await texts(dns, target)).find((text) => /^v=spf1(?: |$)/i.test(text))
    count += inner === undefined ? 0 : await countLookups(dns, inner, seen)
  }
  return count
}

async function examineDkim(dns: Dns, { dkim }: MailSetup): Promise<Finding[]> {
  if (dkim.length === 0) {
    return [
      failure(
        'DKIM',
        'nothing is signed',
        'Set MAIL_DKIM=selector@domain=path of a private key (RSA 2048 or Ed25519).',
      ),
    ]
  }
  const found = await Promise.all(
    dkim.map(({ domain, selector, privateKey }) =>
      asked('DKIM', async () => {
        const name = `${selector}._domainkey.${domain}`
        const published = (await texts(dns, name)).find((text) => /(?:^|;)\s*p=/i.test(text))
        const expected = publicPart(privateKey)
        const remedy = `Publish TXT at ${name}: v=DKIM1; k=${privateKey.asymmetricKeyType}; p=${expected}`
        if (published === undefined) return failure('DKIM', `${name} has no key`, remedy)
        const given = /(?:^|;)\s*p=([^;]*)/i.exec(published)?.[1]?.replaceAll(/\s/g, '') ?? ''
        if (given === '') return failure('DKIM', `${name} was revoked`, remedy)
        if (given !== expected) return failure('DKIM', `${name} is another key than the one that signs`, remedy)
        if (/(?:^|;)\s*t=[^;]*\by\b/i.test(published)) {
          return warning(
            'DKIM',
            `${name} is marked as a test`,
            'Take out t=y: so marked, signatures count for nothing.',
          )
        }
        return ok('DKIM', `${name} is the key that signs`)
      }),
    ),
  )
  return found.flat()
}

/** RSA: the whole public key; Ed25519: its 32 bytes (RFC 8463). */
function publicPart(privateKey: KeyObject): string {
  const der = createPublicKey(privateKey).export({ format: 'der', type: 'spki' })
  return (privateKey.asymmetricKeyType === 'ed25519' ? der.subarray(-32) : der).toString('base64')
}

async function examineDmarc(dns: Dns, { fromDomain, envelopeDomain, dkim }: MailSetup): Promise<Finding[]> {
  return asked('DMARC', async () => {
    const found = await dmarcOf(dns, fromDomain)
    if (found === undefined) {
      return failure(
        'DMARC',
        `${fromDomain} has no DMARC record`,
        `Publish TXT at _dmarc.${fromDomain}: v=DMARC1; p=none; rua=mailto:… and read the reports.`,
      )
    }
    const tags = new Map(
      found.record.split(';').map((part) => {
        const [name = '', value = ''] = part.split('=', 2)
        return [name.trim().toLowerCase(), value.trim().toLowerCase()] as const
      }),
    )
    const policy = tags.get('p') ?? ''
    if (!['none', 'quarantine', 'reject'].includes(policy)) {
      return failure('DMARC', `${found.name} has no policy (${found.record})`, 'Say p=none, p=quarantine or p=reject.')
    }
    const isAligned = (domain: string, mode: string | undefined): boolean =>
      mode === 's' ? domain === fromDomain : organisation(domain) === organisation(fromDomain)
    const aligned = [
      ...(dkim.some(({ domain }) => isAligned(domain, tags.get('adkim'))) ? ['DKIM'] : []),
      ...(isAligned(envelopeDomain, tags.get('aspf')) ? ['SPF'] : []),
    ]
    if (aligned.length === 0) {
      return failure(
        'DMARC',
        `neither DKIM nor SPF is of the domain in From, ${fromDomain}`,
        `Sign as ${fromDomain}, or send with a return path below it.`,
      )
    }
    const said = `${found.name}: p=${policy}, aligned by ${aligned.join(' and ')}`
    const notes = [
      ...(policy === 'none'
        ? [warning('DMARC', said, 'Once the reports show only your own mail, say p=quarantine, then p=reject.')]
        : [ok('DMARC', said)]),
      ...(tags.has('rua')
        ? []
        : [warning('DMARC', `${found.name} asks for no reports`, 'Add rua=mailto:… to hear who sends in your name.')]),
    ]
    return notes
  })
}

async function dmarcOf(dns: Dns, domain: string): Promise<{ name: string; record: string } | undefined> {
  for (const name of new Set([`_dmarc.${domain}`, `_dmarc.${organisation(domain)}`])) {
    const all = (await texts(dns, name)).filter((text) => /^v=DMARC1\s*(?:;|$)/i.test(text))
    if (all.length === 1 && all[0] !== undefined) return { name, record: all[0] }
  }
  return undefined
}

/** Close enough without the list of public suffixes: the last two labels, three below `co.uk` and its like. */
function organisation(domain: string): string {
  const labels = domain.toLowerCase().split('.')
  const isSecondLevel =
    /^(?:co|com|net|org|gov|edu|ac)$/.test(labels.at(-2) ?? '') && (labels.at(-1) ?? '').length === 2
  return labels.slice(isSecondLevel ? -3 : -2).join('.')
}

async function examineMx(dns: Dns, { fromDomain, envelopeDomain }: MailSetup): Promise<Finding[]> {
  const found = await Promise.all(
    [...new Set([fromDomain, envelopeDomain])].map((domain) =>
      asked('MX', async () => {
        const servers = await records(dns.resolveMx(domain))
        if (servers === undefined) {
          return failure(
            'MX',
            `${domain} takes no mail`,
            'Publish an MX record: answers and bounces go there, and some refuse a sender without one.',
          )
        }
        if (servers.every(({ exchange }) => exchange === '' || exchange === '.')) {
          return failure(
            'MX',
            `${domain} says that it takes no mail (null MX)`,
            'Publish an MX record that leads to a server.',
          )
        }
        const [first] = servers.toSorted((a, b) => a.priority - b.priority)
        return ok('MX', `${domain}: ${first?.exchange}`)
      }),
    ),
  )
  return found.flat()
}

async function examineReverse(dns: Dns, host: string | undefined): Promise<Finding> {
  if (host === undefined) return ok('reverse DNS', 'mail leaves through the mail catcher')
  const [found] = await asked('reverse DNS', async () => {
    const addresses = [...((await records(dns.resolve4(host))) ?? []), ...((await records(dns.resolve6(host))) ?? [])]
    if (addresses.length === 0) return failure('reverse DNS', `${host} has no address`, 'Correct the host in SMTP_URL.')
    for (const address of addresses) {
      const names = (await records(dns.reverse(address))) ?? []
      const confirmed = await Promise.all(names.map(async (name) => (await addressesOf(dns, name)).includes(address)))
      if (!confirmed.includes(true)) {
        const seen = names.length === 0 ? 'has no name' : `is called ${names.join(', ')}, which is not ${address}`
        return failure(
          'reverse DNS',
          `${address} (${host}) ${seen}`,
          'Have whoever runs the server publish a PTR record whose name leads back to it.',
        )
      }
    }
    return ok('reverse DNS', `${addresses.join(', ')} (${host}) lead back to themselves`)
  })
  return found as Finding
}

async function addressesOf(dns: Dns, name: string): Promise<string[]> {
  return [...((await records(dns.resolve4(name))) ?? []), ...((await records(dns.resolve6(name))) ?? [])]
}
