/** Examines the sending identities: whether their servers can be reached, and their topics are those of the contact policy. */

import pg from 'pg'
import { readServerUrl } from '../../channels/email/smtp/server-url.ts'
import type { Config } from '../../config.ts'
import { type Finding, failure, ok, reasonOf, warning } from './finding.ts'
import { whyUnreachable } from './neighbours.ts'

const name = 'senders'
const connectMs = 5_000

/** Of messages that the API asks for without a topic. */
const systemTopics = ['transactional']

/** Nothing where there is but the usual identity. */
export async function examineSenders({ mail }: Config, databaseUrl: string | undefined): Promise<Finding[]> {
  const { senders = [] } = mail
  if (senders.length === 0) return []
  for (const { key, smtpUrl } of senders) {
    for (const url of smtpUrl?.split(/\s+/) ?? []) {
      const { host, port } = readServerUrl(url)
      const refused = await whyUnreachable(host, port)
      if (refused === undefined) continue
      return [failure(name, `${host}:${port} of ${key} cannot be reached: ${refused}`, 'Correct its smtp_url_file.')]
    }
  }
  const all = senders.map(({ key, from }) => `${key} (${from})`).join(', ')
  if (databaseUrl === undefined) return [ok(name, all)]
  try {
    const known = await topicsOfPolicy(databaseUrl)
    const unknown = senders.flatMap(({ key, topics }) =>
      topics.filter((topic) => !known.has(topic)).map((topic) => `"${topic}" of ${key}`),
    )
    if (unknown.length === 0) return [ok(name, all)]
    const detail = `${all}; the contact policy has no topic ${unknown.join(', ')}`
    return [warning(name, detail, 'Correct the topics in MAIL_SENDERS: nothing is sent under them.')]
  } catch (error) {
    return [
      warning(name, `${all}; their topics could not be looked up: ${reasonOf(error)}`, 'Mend the database first.'),
    ]
  }
}

async function topicsOfPolicy(databaseUrl: string): Promise<ReadonlySet<string>> {
  const client = new pg.Client({ connectionString: databaseUrl, connectionTimeoutMillis: connectMs })
  await client.connect()
  try {
    const { rows } = await client.query<{ topics: string[] | null }>(
      `SELECT (SELECT array_agg(topic) FROM jsonb_object_keys(document -> 'topics') AS topic) AS topics
         FROM campaigns WHERE kind = 'contact-policy' AND status = 'live'`,
    )
    return new Set([...systemTopics, ...(rows[0]?.topics ?? [])])
  } finally {
    await client.end()
  }
}
