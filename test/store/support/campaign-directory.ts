/** Small directories of campaigns, made for one test. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/** The least that is accepted. */
export const leastCampaigns: Readonly<Record<string, string>> = {
  'lifecycle.yaml': `
name: Lifecycle
stages:
  - { stage: acquire, because: known }
  - { stage: activate, because: first order, if: { orders.count: { at_least: 1 } } }
  - { stage: retain, because: second order, if: { orders.count: { at_least: 2 } } }
  - { stage: revenue, because: high value, if: { score.clv_tier: high } }
  - { stage: refer, because: loyal, if: { orders.count: { at_least: 9 } } }
churn: { enter: 0.7, leave: 0.5 }
`,
  'contact-policy.yaml': `
name: Policy
topics: { news: { name: News } }
default_time_zone: UTC
`,
  'journeys/welcome.yaml': `
name: Welcome
topic: news
entry: [ { type: arrived } ]
steps:
  - { id: hello, type: email, template: hello }
`,
  'templates/hello.email.html': '---\nsubject: Hello\n---\n<p>Hello {{ customer.firstName }}</p>\n',
  'templates/hello.email.txt': 'Hello {{ customer.firstName }}\n',
}

export interface CampaignDirectory {
  readonly path: string
  /** Writes files, or removes those that are null. */
  write(files: Readonly<Record<string, string | null>>): void
  remove(): void
}

/** A directory with the least, and what is given on top of it; null takes a file away. */
export function campaignDirectory(files: Readonly<Record<string, string | null>> = {}): CampaignDirectory {
  const path = mkdtempSync(join(tmpdir(), 'perennial-campaigns-'))
  const write = (files: Readonly<Record<string, string | null>>): void => {
    for (const [name, content] of Object.entries(files)) {
      const file = join(path, name)
      mkdirSync(dirname(file), { recursive: true })
      if (content === null) rmSync(file, { force: true })
      else writeFileSync(file, content)
    }
  }
  write({ ...leastCampaigns, ...files })
  return { path, write, remove: () => rmSync(path, { recursive: true, force: true }) }
}
