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

/** Longer addresses are left as they are. */
export const longestTarget = 2_000

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

/** Short links for the targets of one message, the same whenever it is asked. */
export async function shortUrls(
  client: Queryable,
  vault: Vault,
  linksUrl: string,
  messageId: string,
  targets: readonly string[],
): Promise<Map<string, string>> {
  if (targets.length === 0) return new Map()
  const { rows } = await client.query<{ id: string; link: string }>(
    `WITH made AS (
       INSERT INTO short_links (message_id, link)
       SELECT m.id, given.link FROM messages m, unnest($2::text[]) AS given (link) WHERE m.id = $1
       ON CONFLICT DO NOTHING RETURNING id, link
     )
     SELECT id::text, link FROM made
     UNION SELECT id::text, link FROM short_links WHERE message_id = $1`,
    [messageId, [...new Set(targets)].map(linkIdOf)],
  )
  const codes = new Map(rows.map(({ id, link }) => [link, shortCode(vault, id)]))
  return new Map(
    targets.flatMap((target) => {
      const code = codes.get(linkIdOf(target))
      return code === undefined ? [] : [[target, new URL(`/x/${code}`, linksUrl).href] as const]
    }),
  )
}

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
