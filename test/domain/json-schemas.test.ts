/** The JSON Schemas that editors read are those of the code, and every document of the shop fits its own. */

import { globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import {
  type DocumentKindName,
  documentKindNames,
  fileOf,
  jsonSchemaOf,
  schemaFile,
} from '../../src/cli/schema/json-schemas.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

test.each(documentKindNames)(
  'schema/%s.schema.json is what the code says ("perennial schema --out schema")',
  (kind) => {
    expect(readFileSync(join(root, 'schema', fileOf(kind)), 'utf8')).toBe(schemaFile(kind))
  },
)

test('there is no schema that nobody makes', () => {
  expect(globSync('*', { cwd: join(root, 'schema') }).sort()).toEqual(documentKindNames.map(fileOf).sort())
})

/** As an editor applies it: with the file that it refers to, which refers to itself. */
function validator(kind: DocumentKindName): z.ZodType {
  const schema = jsonSchemaOf(kind)
  const condition = JSON.stringify(jsonSchemaOf('condition')).replaceAll('"$ref":"#"', '"$ref":"#/$defs/condition"')
  if (schema['$defs'] !== undefined) schema['$defs'] = { condition: JSON.parse(condition) as unknown }
  return z.fromJSONSchema(schema)
}

const files = globSync('campaigns/**/*.yaml', { cwd: root }).sort()
const modeline = /^# yaml-language-server: \$schema=(\S+)\n/

/** By its folder, `journeys/x.yaml`, or by its name. */
function kindOf(file: string): DocumentKindName {
  const [, folder = '', name] = file.split('/')
  const kind = name === undefined ? folder.replace(/\.yaml$/, '') : folder.replace(/s$/, '')
  const found = documentKindNames.find((each) => each === kind)
  if (found === undefined) throw new Error(`${file}: there is no schema of a ${kind}`)
  return found
}

test.each(files)('%s fits its schema, and tells editors where it is', (file) => {
  const text = readFileSync(join(root, file), 'utf8')
  const kind = kindOf(file)
  expect(validator(kind).safeParse(parse(text)).error?.issues).toBeUndefined()
  const [, path] = modeline.exec(text) ?? []
  // A file without the line works all the same; its editor only helps less.
  expect(path === undefined ? 'nowhere' : join(dirname(file), path)).toMatch(
    new RegExp(`^nowhere$|^schema/${fileOf(kind)}$`),
  )
})

test('most of the shop’s files tell editors where their schema is', () => {
  const telling = files.filter((file) => modeline.test(readFileSync(join(root, file), 'utf8')))
  expect(telling.length).toBeGreaterThan(files.length / 2)
})

test.each<[DocumentKindName, string, unknown]>([
  ['journey', 'a step of a type that does not exist', journeyOf({ id: 'a', type: 'fax', template: 'x' })],
  ['journey', 'a misspelt field', journeyOf({ id: 'a', type: 'email', templat: 'x' })],
  ['journey', 'an entry without a type', { ...journeyOf({ id: 'a', type: 'exit' }), entry: [{ event: 'X' }] }],
  ['segment', 'a condition that nobody knows', { name: 'X', if: { 'orders.cuont': 3 } }],
  ['segment', 'two facts in one condition', { name: 'X', if: { stage: 'refer', at_risk: true } }],
  [
    'offer',
    'a discount of more than everything',
    { name: 'X', code_prefix: 'AB', discount: { type: 'percent', percent: 101 } },
  ],
  ['contact-policy', 'no topics', { name: 'X', default_time_zone: 'Europe/Berlin' }],
])('the schema of a %s refuses %s', (kind, _, document) => {
  expect(validator(kind).safeParse(document).success).toBe(false)
})

function journeyOf(step: object): object {
  return { name: 'X', topic: 'news', entry: [{ type: 'arrived' }], steps: [step] }
}
