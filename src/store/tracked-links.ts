/**
 * Links that lead through the product. The target is kept here and the link only names it, signed together with its
 * message: nobody can make one that leads elsewhere, and none holds anything of a person.
 */

import { createHash } from 'node:crypto'
import type { Queryable } from './database.ts'
import { readSigned, rootOf } from './links.ts'
import type { Vault } from './vault.ts'

const openPurpose = 'open'
const clickPurpose = 'click'
const shortPurpose = 'short'
const shortSignatureLength = 8

/** In place of a link's id: the link that no person sees. */
export const trapLink = 'trap'

/** The same target has the same id wherever it appears. */
export function linkIdOf(target: string): string {
  return createHash('sha256').update(target).digest('base64url').slice(0, 16)
}

export function clickUrl(vault: Vault, linksUrl: string, messageId: string, linkId: string): string {
  const text = `${messageId}.${linkId}`
  return `${rootOf(linksUrl)}/l/${text}.${vault.sign(clickPurpose, text)}`
}

/** Undefined if we did not make that link. */
export function readClickToken(vault: Vault, token: string): { messageId: string; linkId: string } | undefined {
  const [messageId, linkId] = readSigned(vault, clickPurpose, token)?.split('.') ?? []
  return messageId === undefined || linkId === undefined ? undefined : { messageId, linkId }
}

export function pixelUrl(vault: Vault, linksUrl: string, messageId: string): string {
  return `${rootOf(linksUrl)}/o/${messageId}.${vault.sign(openPurpose, messageId)}`
}

export function readPixelToken(vault: Vault, token: string): string | undefined {
  return readSigned(vault, openPurpose, token)
}

/** Makes targets known. What is known already costs nothing. */
export async function saveTargets(client: Queryable, targets: readonly string[], nowMs: number): Promise<void> {
  if (targets.length === 0) return
  const unique = [...new Set(targets)].sort()
  await client.query({
    name: 'save-link-targets',
    text: `INSERT INTO tracked_links (id, target, created_at)
           SELECT id, target, $3 FROM unnest($1::text[], $2::text[]) AS given (id, target) ON CONFLICT DO NOTHING`,
    values: [unique.map(linkIdOf), unique, new Date(nowMs)],
  })
}

export async function findTarget(client: Queryable, linkId: string): Promise<string | undefined> {
  const { rows } = await client.query<{ target: string }>('SELECT target FROM tracked_links WHERE id = $1', [linkId])
  return rows[0]?.target
}

/** Where the links of a message lead. */
export interface MessageTargets {
  readonly messageId: string
  readonly targets: readonly string[]
}

/**
 * Short links for the targets of messages, the same whenever it is asked; one statement, however many they are.
 *
 * @returns by message, and by target.
 */
export async function shortUrls(
  client: Queryable,
  vault: Vault,
  linksUrl: string,
  messages: readonly MessageTargets[],
): Promise<Map<string, Map<string, string>>> {
  const wanted = messages.flatMap(({ messageId, targets }) =>
    [...new Set(targets)].map((target) => ({ messageId, target, link: linkIdOf(target) })),
  )
  if (wanted.length === 0) return new Map()
  const { rows } = await client.query<{ id: string; message: string; link: string }>(
    `WITH given AS (
       SELECT * FROM unnest($1::uuid[], $2::text[]) AS g (message, link)
     ), made AS (
       INSERT INTO short_links (message_id, link)
       SELECT m.id, g.link FROM given g JOIN messages m ON m.id = g.message
       ON CONFLICT DO NOTHING RETURNING id, message_id, link
     )
     SELECT id::text, message_id AS message, link FROM made
     UNION ALL
     SELECT s.id::text, s.message_id, s.link FROM given g JOIN short_links s ON s.message_id = g.message AND s.link = g.link`,
    [wanted.map(({ messageId }) => messageId), wanted.map(({ link }) => link)],
  )
  const codes = new Map(rows.map(({ id, message, link }) => [`${message} ${link}`, shortCode(vault, id)]))
  const urls = new Map<string, Map<string, string>>()
  for (const { messageId, target, link } of wanted) {
    const code = codes.get(`${messageId} ${link}`)
    if (code === undefined) continue
    const ofMessage = urls.get(messageId) ?? new Map<string, string>()
    urls.set(messageId, ofMessage.set(target, shortUrl(linksUrl, code)))
  }
  return urls
}

function shortUrl(linksUrl: string, code: string): string {
  return new URL(`/x/${code}`, linksUrl).href
}

/** As long as a short link of the next messages will be: what it costs can be said before there are any. */
export function sampleShortUrl(linksUrl: string): string {
  return shortUrl(linksUrl, 'x'.repeat(sampleDigits + shortSignatureLength))
}

/** Enough for more than two thousand million links. */
const sampleDigits = 6

/** The message and the link that a short code stands for; undefined if we did not make it, or the message is gone. */
export async function findShort(
  client: Queryable,
  vault: Vault,
  code: string,
): Promise<{ messageId: string; linkId: string } | undefined> {
  const digits = code.slice(0, -shortSignatureLength)
  if (!/^[0-9a-z]{1,12}$/.test(digits)) return undefined
  const id = String(Number.parseInt(digits, 36))
  if (!vault.verify(shortPurpose, id, code.slice(-shortSignatureLength), shortSignatureLength)) return undefined
  const { rows } = await client.query<{ messageId: string; linkId: string }>(
    `SELECT message_id AS "messageId", link AS "linkId" FROM short_links WHERE id = $1`,
    [id],
  )
  return rows[0]
}

/** A text message pays for each character, so the signature is cut: guessing one costs 2^47 requests. */
function shortCode(vault: Vault, id: string): string {
  return Number(id).toString(36) + vault.sign(shortPurpose, id).slice(0, shortSignatureLength)
}
