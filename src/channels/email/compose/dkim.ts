/**
 * DKIM (RFC 6376, and RFC 8463 for Ed25519): a signature over the body and the headers that matter, both forms of
 * List-Unsubscribe among them. Headers relaxed, body simple: it leaves in quoted-printable, which nobody changes.
 */

import { createPrivateKey, hash, type KeyObject, sign } from 'node:crypto'
import type { FilledMail } from './compiled-mail.ts'

export interface DkimKey {
  readonly domain: string
  readonly selector: string
  readonly privateKey: KeyObject
}

/**
 * `pool`: in the threads of the process, while this one goes on. `here`: in a thread that does nothing else; a receipt does
 * not queue behind a page of a broadcast then.
 */
export type SigningPlace = 'pool' | 'here'

/** Those of them that a message has; `from` once more, so that nobody can add another one. */
const signedHeaders: ReadonlySet<string> = new Set([
  'from',
  'to',
  'subject',
  'date',
  'message-id',
  'reply-to',
  'mime-version',
  'content-type',
  'content-transfer-encoding',
  'list-unsubscribe',
  'list-unsubscribe-post',
  'list-id',
])

const leastRsaBits = 2_048

/**
 * Reads `selector@domain=path` of a key in PEM.
 *
 * @throws RangeError naming the rule, never the key.
 */
export function readDkimKey(text: string, readFile: (path: string) => string): DkimKey {
  const [, selector, domain, path] = /^([a-z0-9._-]+)@([a-z0-9.-]+)=(.+)$/i.exec(text) ?? []
  if (selector === undefined || domain === undefined || path === undefined) {
    throw new RangeError(`MAIL_DKIM: ${JSON.stringify(text)} must be selector@domain=path of a private key`)
  }
  const privateKey = createPrivateKey(readFile(path))
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = privateKey
  const isLongEnough = type === 'rsa' && (details?.modulusLength ?? 0) >= leastRsaBits
  if (type !== 'ed25519' && !isLongEnough) {
    throw new RangeError(`MAIL_DKIM: the key of ${selector}@${domain} must be Ed25519, or RSA of ${leastRsaBits} bits`)
  }
  return { domain, selector, privateKey }
}

/** The `DKIM-Signature` headers of a message, to stand before all others: one for each key. */
export async function dkimSignatures(
  { headers, body }: FilledMail,
  keys: readonly DkimKey[],
  where: SigningPlace,
): Promise<string[]> {
  if (keys.length === 0) return []
  const canonical = headers.map(relaxed).filter(({ name }) => signedHeaders.has(name))
  const names = [...canonical.map(({ name }) => name), 'from'].join(':')
  const bodyHash = hash('sha256', Buffer.from(simple(body), 'latin1'), 'base64')
  const lines = canonical.map(({ line }) => `${line}\r\n`).join('')
  return Promise.all(keys.map((key) => signature(key, names, bodyHash, lines, where)))
}

async function signature(
  { domain, selector, privateKey }: DkimKey,
  names: string,
  bodyHash: string,
  lines: string,
  where: SigningPlace,
): Promise<string> {
  const isEdwards = privateKey.asymmetricKeyType === 'ed25519'
  const algorithm = isEdwards ? 'ed25519-sha256' : 'rsa-sha256'
  // Folded where white space means nothing; relaxed, each fold is one space.
  const tags = [
    `v=1; a=${algorithm}; c=relaxed/simple; d=${domain}; s=${selector};`,
    `h=${names.match(/.{1,66}(?::|$)/g)?.join('\r\n  ') ?? names};`,
    `bh=${bodyHash};`,
    'b=',
  ].join('\r\n ')
  const header = `DKIM-Signature: ${tags}`
  const data = Buffer.from(lines + relaxed(header).line, 'utf8')
  const value = await (isEdwards
    ? signed(null, hash('sha256', data, 'buffer'), privateKey, where)
    : signed('sha256', data, privateKey, where))
  return header + (value.toString('base64').match(/.{1,70}/g) ?? []).join('\r\n  ')
}

/** An RSA signature takes as long as all the rest of a message together. */
function signed(algorithm: string | null, data: Buffer, key: KeyObject, where: SigningPlace): Promise<Buffer> {
  if (where === 'here') return Promise.resolve(sign(algorithm, data, key))
  return new Promise((resolve, reject) => {
    sign(algorithm, data, key, (error, value) => (error ? reject(error) : resolve(value)))
  })
}

function relaxed(header: string): { readonly name: string; readonly line: string } {
  const colon = header.indexOf(':')
  const name = header.slice(0, colon).trim().toLowerCase()
  const value = header
    .slice(colon + 1)
    .replaceAll('\r\n', '')
    .replaceAll(/[ \t]+/g, ' ')
    .trim()
  return { name, line: `${name}:${value}` }
}

/** One line break at the end, however many there were. */
function simple(body: string): string {
  return body.endsWith('\r\n\r\n') ? body.replace(/(?:\r\n)+$/, '\r\n') : body
}
