/** Publishing one template by itself, as the console does: checked as its files would be, and in force at once. */

import { checkReferences, type ReferenceProblem, type TemplateFacts } from '../../domain/campaign-check.ts'
import type { TemplateDefinition } from '../../domain/definitions.ts'
import { key as keySchema } from '../../domain/document-parts.ts'
import { sayProblem } from '../../domain/problem.ts'
import type { Channel } from '../../domain/snapshot.ts'
import type { EpochMs } from '../../domain/time.ts'
import { noteChange } from '../audit.ts'
import { loadDefinitions, NothingPublishedError } from '../campaigns.ts'
import type { Database, Queryable } from '../database.ts'
import { findTemplate, listTemplates, type TemplateWords } from '../template-facts.ts'
import { readTemplates, type TextFiles } from '../template-files.ts'
import { lockPublishing, publish } from './publish-campaigns.ts'

export interface TemplateToPublish {
  /** `spring-sale`, or of a translation `spring-sale.de`. */
  readonly key: string
  readonly channel: Channel
  /** Of an email; empty otherwise. */
  readonly subject: string
  /** Empty: plain text only. */
  readonly html: string
  readonly text: string
  /** The version that is to be replaced; null: there is none of this key. */
  readonly replaces: string | null
}

export type TemplateAnswer = TemplateDefinition | { readonly problems: readonly string[] }

/** What would be published, or all that stands against it. Nothing is written. */
export function planTemplate(db: Pick<Database, 'pool'>, toPublish: TemplateToPublish): Promise<TemplateAnswer> {
  return checked(db.pool, toPublish)
}

/** Publishes it, or says why not. */
export function publishTemplate(
  db: Pick<Database, 'transaction'>,
  toPublish: TemplateToPublish,
  { by, nowMs }: { readonly by: string; readonly nowMs: EpochMs },
): Promise<TemplateAnswer> {
  return db.transaction(async (client) => {
    await lockPublishing(client)
    const template = await checked(client, toPublish)
    if ('problems' in template) return template
    await publish(client, { documents: [], templates: [template], inFlight: new Map(), journeys: [] }, nowMs, { by })
    await noteChange(client, { actor: by, action: 'publish', detail: { what: `template ${template.key}` } })
    return template
  })
}

async function checked(client: Queryable, toPublish: TemplateToPublish): Promise<TemplateAnswer> {
  const { key, replaces, channel } = toPublish
  const [base = '', locale] = key.split('.')
  const named = keySchema.safeParse(base)
  if (!named.success) return refused(`id: ${named.error.issues[0]?.message ?? 'is not valid'}`)
  if (locale !== undefined && !isTranslation(key))
    return refused('id: of a translation must be the id, a dot and the language, such as "spring-sale.de"')
  const [inForce, whole] = [await findTemplate(client, key), await findTemplate(client, base)]
  if ((inForce?.version ?? null) !== replaces)
    return refused(
      replaces === null
        ? `id: there is a template "${key}" already`
        : 'somebody else changed it meanwhile: open it anew, and put your change into what is there now',
    )
  if (locale !== undefined && whole === undefined)
    return refused(`id: is a translation, but there is no template "${base}"`)
  if (whole !== undefined && whole.channel !== channel)
    return refused(`channel: "${base}" is there as ${whole.channel}; a template keeps its channel`)
  const { templates, facts, problems } = await readTemplates(
    filesOf(toPublish, locale === undefined ? undefined : base),
    '',
  )
  if (problems.length > 0) return { problems: problems.map((one) => `${placeOf(one)}: ${sayProblem(one)}`) }
  const template = templates.find((one) => one.key === key)
  if (template === undefined) return refused('text: is missing')
  const broken = locale === undefined ? await newProblems(client, facts, inForce) : []
  return broken.length > 0 ? { problems: broken } : template
}

function refused(problem: string): { readonly problems: readonly string[] } {
  return { problems: [problem] }
}

function isTranslation(key: string): boolean {
  return /^[^.]+\.[a-z]{2,3}(?:-[a-z0-9]{2,8})?$/.test(key)
}

/** Lines that the head takes before what was typed. */
const headLines = 3

/** As the directory of templates would hold it. */
function filesOf({ key, channel, subject, html, text }: Omit<TemplateToPublish, 'replaces'>, base?: string): TextFiles {
  // A translation is read beside what it translates, of which only the channel matters here.
  const beside =
    base === undefined ? [] : Object.entries(filesFor(base, channel, '---\nsubject: whatever\n---\n', '', '-'))
  const head = `---\nsubject: ${JSON.stringify(subject)}\n---\n`
  return new Map([...beside, ...Object.entries(filesFor(key, channel, head, html, text))])
}

function filesFor(key: string, channel: Channel, head: string, html: string, text: string): Record<string, string> {
  if (channel === 'sms') return { [`${key}.sms.txt`]: text }
  return {
    ...(html.trim() === '' ? {} : { [`${key}.email.html`]: head + html }),
    ...(text.trim() === '' ? {} : { [`${key}.email.txt`]: head + text }),
  }
}

function placeOf({ file, line }: { readonly file: string; readonly line: number }): string {
  if (file.endsWith('.sms.txt')) return `text, line ${line}`
  if (line <= headLines) return file.endsWith('.txt') && !file.endsWith('.html') ? 'subject or text' : 'subject'
  return `${file.endsWith('.html') ? 'HTML' : 'text'}, line ${line - headLines}`
}

/** What sends it must still find what it needs. What was wrong before is not its fault. */
async function newProblems(
  client: Queryable,
  facts: readonly TemplateFacts[],
  inForce: TemplateWords | undefined,
): Promise<readonly string[]> {
  const definitions = await loadDefinitions({ pool: client }).catch((error: unknown) => {
    if (error instanceof NothingPublishedError) return undefined
    throw error
  })
  if (definitions === undefined) return []
  const [own] = facts
  // Of all others only that they are there matters: what is said of them is said both times.
  const others = (await listTemplates(client)).filter(({ key }) => key !== own?.key)
  const rest = others.map(({ key, channel }): TemplateFacts => ({ key, channel, variables: [] }))
  const said = ({ kind, key, path, rule }: ReferenceProblem): string => `${kind} ${key}, ${path.join('.')}: ${rule}`
  const problemsWith = (one: readonly TemplateFacts[]): string[] =>
    checkReferences(definitions, [...rest, ...one]).map(said)
  const before = new Set(problemsWith(inForce === undefined ? [] : await factsInForce(inForce)))
  return problemsWith(facts).filter((problem) => !before.has(problem))
}

async function factsInForce({ key, channel, subject, html, text }: TemplateWords): Promise<readonly TemplateFacts[]> {
  const words = { key, channel, subject: subject ?? '-', html: html ?? '', text }
  return (await readTemplates(filesOf(words), '')).facts
}
