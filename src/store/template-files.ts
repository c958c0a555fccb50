/**
 * Templates as files: `KEY.email.html` (or `KEY.email.mjml`) and `KEY.email.txt` make an email, `KEY.sms.txt` a text
 * message. An email begins with its subject between two lines of `---`; `_NAME.email.html` and `_NAME.email.txt` are layouts around others.
 * `KEY.de.email.txt` is the German one, also of a layout; who reads no German gets `KEY.email.txt`. `_NAME.block.html` and
 * `_NAME.block.txt` are pieces that `{% include "NAME" %}` puts in.
 */

import { Liquid } from 'liquidjs'
import type { TemplateFacts } from '../domain/campaign-check.ts'
import type { TemplateDefinition } from '../domain/definitions.ts'
import { key as keySchema } from '../domain/document-parts.ts'
import { problemsOf } from '../domain/problem.ts'
import { type TemplateHead, templateHead, templateVariables } from '../domain/template-schema.ts'
import { contentVersion } from './content-version.ts'
import type { FileProblem } from './file-problem.ts'
import { compileMjml } from './mjml-source.ts'
import { readYaml } from './yaml-source.ts'

/** A text file by its name within the directory of templates. */
export type TextFiles = ReadonlyMap<string, string>

export interface TemplateFiles {
  readonly templates: readonly TemplateDefinition[]
  readonly facts: readonly TemplateFacts[]
  readonly problems: readonly FileProblem[]
}

const fileName = /^(_?)([^.]+)(?:\.([a-z]{2,3}(?:-[a-z0-9]{2,8})?))?\.(email\.html|email\.mjml|email\.txt|sms\.txt)$/
const blockName = /^_([^.]+)\.block\.(html|mjml|txt)$/

/** Where a block is put in. */
const inclusion = /\{%-?\s*include\s+["']([^"']*)["']\s*-?%\}/g
const deepestBlocks = 5

/** What a layout leaves open. */
const slot = /\{\{\s*(content|preheader)\s*\}\}/g

/** Only parses: rendering, with its own limits, is the business of the channels. */
const liquid = new Liquid({ parseLimit: 200_000, strictFilters: true, ownPropertyOnly: true, templates: {} })

interface Part {
  readonly file: string
  readonly ending: 'html' | 'mjml' | 'txt'
  readonly head: TemplateHead | undefined
  readonly body: string
  /** Of the body, in the file. */
  readonly bodyLine: number
}

/** Checks and composes all templates. */
export async function readTemplates(files: TextFiles, folder: string): Promise<TemplateFiles> {
  const problems: FileProblem[] = []
  const templates: TemplateDefinition[] = []
  const facts: TemplateFacts[] = []
  for (const name of files.keys()) {
    const key = blockName.exec(name)?.[1] ?? fileName.exec(name)?.[2]
    if (key === undefined || !keySchema.safeParse(key).success) {
      const rule =
        'must be called KEY.email.html, KEY.email.mjml, KEY.email.txt or KEY.sms.txt, where KEY has lower-case letters, digits and hyphens; KEY.LOCALE.email.html and so on for a translation, _NAME.block.html for a block'
      problems.push(problemIn(`${folder}/${name}`, 1, rule))
    }
  }
  checkLayouts(files, folder, problems)
  if (problems.length > 0) return { templates, facts, problems } // Composed of broken pieces, all else would break too.
  for (const key of keysOf(files)) {
    const composed = await compose(key, files, folder, problems)
    if (composed === undefined) continue
    templates.push({ ...composed, key, version: contentVersion(composed) })
    const [base = key, locale] = key.split('.')
    if (locale !== undefined) {
      // A journey names the template; which translation of it is sent, the customer's locale says.
      if (facts.find((one) => one.key === base)?.channel === composed.channel) continue
      problems.push(problemIn(`${folder}/${key}`, 1, `is a translation, but there is no ${composed.channel} ${base}`))
      continue
    }
    const asksForYes = composed.channel === 'sms' && /\bYES\b/.test(composed.text)
    facts.push({ key, channel: composed.channel, variables: variablesOf(composed), asksForYes })
  }
  return { templates, facts, problems }
}

function keysOf(files: TextFiles): readonly string[] {
  const keys = [...files.keys()].flatMap((name) => {
    const [, layout, key, locale] = fileName.exec(name) ?? []
    const isTemplate = layout === '' && key !== undefined && keySchema.safeParse(key).success
    return isTemplate ? [locale === undefined ? key : `${key}.${locale}`] : []
  })
  return [...new Set(keys)].sort()
}

function checkLayouts(files: TextFiles, folder: string, problems: FileProblem[]): void {
  for (const [name, text] of files) {
    if (!name.startsWith('_') || blockName.test(name)) continue
    // What the slots will hold is checked by itself.
    problems.push(...liquidProblems(`${folder}/${name}`, withBlocks(text.replaceAll(slot, ''), name, files).text, 1))
    if (!/\{\{\s*content\s*\}\}/.test(text)) {
      problems.push(problemIn(`${folder}/${name}`, 1, 'must hold {{ content }}, where the content of the email goes'))
    }
  }
}

type Content = Omit<TemplateDefinition, 'key' | 'version'>

async function compose(
  key: string,
  files: TextFiles,
  folder: string,
  problems: FileProblem[],
): Promise<Content | undefined> {
  const before = problems.length
  const part = (name: string): Part | undefined => {
    const text = files.get(name)
    if (text === undefined) return undefined
    const { text: whole, missing } = withBlocks(text, name, files)
    if (missing !== undefined) {
      const rule = `includes "${missing}", but there is no file _${missing}.block.${name.split('.').at(-1)}, or it includes itself`
      problems.push(problemIn(`${folder}/${name}`, 1, rule))
    }
    return readPart(`${folder}/${name}`, whole, problems)
  }
  const plain = part(`${key}.email.html`)
  const mjml = part(`${key}.email.mjml`)
  const html = plain ?? mjml
  const text = part(`${key}.email.txt`)
  const sms = part(`${key}.sms.txt`)
  if (sms !== undefined && (html ?? text) !== undefined) {
    problems.push(problemIn(sms.file, 1, 'must have a name of its own: an email has it already'))
  }
  if (plain !== undefined && mjml !== undefined) {
    problems.push(problemIn(mjml.file, 1, 'is there as HTML, too: one of them must go'))
  }
  if (problems.length > before) return undefined
  if (sms !== undefined) return { channel: 'sms', subject: null, html: null, text: sms.body.trim() }
  return composeEmail(`${folder}/${key}`, html, text, files, problems)
}

async function composeEmail(
  file: string,
  html: Part | undefined,
  text: Part | undefined,
  files: TextFiles,
  problems: FileProblem[],
): Promise<Content | undefined> {
  const head = html?.head ?? text?.head
  if (text === undefined) problems.push(problemIn(`${file}.email.txt`, 1, 'is missing: every email has a plain text'))
  if (head === undefined) {
    problems.push(problemIn((html ?? text)?.file ?? file, 1, 'must begin with its subject between two lines of ---'))
  }
  if (text === undefined || head === undefined) return undefined
  return {
    channel: 'email',
    subject: head.subject,
    html: html === undefined ? null : await readyHtml(html, head, files, problems),
    text: inLayout(text, head, files, problems).trim(),
  }
}

function readyHtml(
  part: Part,
  head: TemplateHead,
  files: TextFiles,
  problems: FileProblem[],
): Promise<string> | string {
  const whole = inLayout(part, head, files, problems)
  // In a layout its lines are no longer those of the file.
  return part.ending === 'mjml'
    ? compileMjml(part.file, whole, head.layout === undefined ? part.bodyLine : 1, problems)
    : whole
}

/** Puts a body into its layout, where there is one for this kind of body. */
function inLayout(
  { file, body, ending }: Part,
  { layout, preheader }: TemplateHead,
  files: TextFiles,
  problems: FileProblem[],
): string {
  if (layout === undefined) return body
  const locale =
    file
      .slice(file.lastIndexOf('/') + 1)
      .split('.')
      .at(1) ?? ''
  const around = files.get(`_${layout}.${locale}.email.${ending}`) ?? files.get(`_${layout}.email.${ending}`)
  if (around === undefined) {
    problems.push(problemIn(file, 1, `wants the layout "${layout}", but there is no file _${layout}.email.${ending}`))
    return body
  }
  const slots: Record<string, string> = { content: body.trim(), preheader: preheader ?? '' }
  const { text: whole } = withBlocks(around, `_.email.${ending}`, files)
  return whole.replaceAll(slot, (_, name: string) => slots[name] ?? '')
}

/** Blocks stand in the text as if they had been written there. @returns also the first that could not be put in. */
function withBlocks(
  text: string,
  name: string,
  files: TextFiles,
  depth = 0,
): { readonly text: string; readonly missing?: string } {
  const ending = name.split('.').at(-1) ?? ''
  let missing: string | undefined
  const whole = text.replaceAll(inclusion, (_, block: string) => {
    const body = depth < deepestBlocks ? files.get(`_${block}.block.${ending}`) : undefined
    const inner = body === undefined ? { text: '', missing: block } : withBlocks(body.trim(), name, files, depth + 1)
    missing ??= inner.missing
    return inner.text
  })
  return missing === undefined ? { text: whole } : { text: whole, missing }
}

function readPart(file: string, text: string, problems: FileProblem[]): Part {
  const { head, body, bodyLine } = splitHead(text)
  if (text.includes('\0')) problems.push(problemIn(file, 1, 'must not hold a null character'))
  problems.push(...liquidProblems(file, body, bodyLine))
  const ending = (file.split('.').at(-1) ?? 'txt') as Part['ending']
  return { file, ending, head: head === undefined ? undefined : readHead(file, head, problems), body, bodyLine }
}

/** Splits what stands between two lines of `---` at the top from what follows. */
function splitHead(text: string): { head: string | undefined; body: string; bodyLine: number } {
  const found = /^---\r?\n([\s\S]*?)^---\r?\n?/m.exec(text)
  if (found?.index !== 0) return { head: undefined, body: text, bodyLine: 1 }
  return { head: found[1], body: text.slice(found[0].length), bodyLine: found[0].split('\n').length }
}

function readHead(file: string, text: string, problems: FileProblem[]): TemplateHead | undefined {
  const source = readYaml(text, 2)
  const parsed = templateHead.safeParse(source.document)
  for (const problem of source.problems) problems.push({ ...problem, file })
  if (source.problems.length > 0) return undefined
  const found = parsed.success ? [] : problemsOf(parsed.error, source.document)
  for (const problem of found) problems.push({ ...problem, file, line: source.lineOf(problem.path) })
  if (parsed.success) {
    const { subject, preheader = '' } = parsed.data
    problems.push(...liquidProblems(file, subject, source.lineOf(['subject'])))
    problems.push(...liquidProblems(file, preheader, source.lineOf(['preheader'])))
  }
  return parsed.success ? parsed.data : undefined
}

function liquidProblems(file: string, body: string, firstLine: number): readonly FileProblem[] {
  try {
    const unknown = liquid.globalVariablesSync(body).filter((name) => !templateVariables.has(name))
    return unknown.map((name) =>
      problemIn(
        file,
        lineOfVariable(body, name) + firstLine - 1,
        `uses {{ ${name} }}; known are ${[...templateVariables].join(', ')}`,
      ),
    )
  } catch (error) {
    const message = (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? ''
    const line = Number(/line:(\d+)/.exec(message)?.[1] ?? 1)
    return [problemIn(file, line + firstLine - 1, message.replace(/, (?:file:[^,]*, )?line:\d+, col:\d+$/, ''))]
  }
}

function lineOfVariable(body: string, name: string): number {
  const lines = body.split('\n')
  const line = lines.findIndex((text) => new RegExp(String.raw`\{[{%][^}]*\b${name}\b`).test(text))
  return Math.max(0, line) + 1
}

function variablesOf({ subject, html, text }: Content): readonly string[] {
  const all = [subject, html, text].flatMap((part) => (part === null ? [] : liquid.globalFullVariablesSync(part)))
  return [...new Set(all)]
}

function problemIn(file: string, line: number, rule: string): FileProblem {
  return { file, line, path: [], value: undefined, rule }
}
