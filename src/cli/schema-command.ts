/** `perennial schema`: what documents may say, as JSON Schema for editors. */

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Argument, Command } from 'commander'
import { textTable } from './analyze/output.ts'
import {
  type DocumentKindName,
  documentKindNames,
  documentKinds,
  jsonSchemaOf,
  schemaFile,
} from './schema/json-schemas.ts'

export function schemaCommand(): Command {
  return new Command('schema')
    .description('The JSON Schema of a kind of document, for editors; without a kind, which there are.')
    .addArgument(new Argument('[kind]').choices(documentKindNames))
    .option('--out <dir>', 'write all of them into this directory')
    .option('--json', 'print JSON')
    .action((kind: DocumentKindName | undefined, options: { readonly out?: string; readonly json?: boolean }) => {
      if (options.out !== undefined) return writeAll(options.out)
      if (kind !== undefined) return console.log(JSON.stringify(jsonSchemaOf(kind), null, 2))
      const kinds = documentKindNames.map((name) => {
        const { title, where } = documentKinds[name]
        return { kind: name, title, where }
      })
      if (options.json === true) return console.log(JSON.stringify(kinds))
      console.log(
        textTable(
          ['kind', 'title', 'stands'],
          kinds.map((each) => [each.kind, each.title, each.where]),
        ),
      )
    })
}

function writeAll(directory: string): void {
  mkdirSync(directory, { recursive: true })
  for (const kind of documentKindNames) writeFileSync(join(directory, `${kind}.schema.json`), schemaFile(kind))
  console.log(`${documentKindNames.length} schemas written to ${directory}.`)
}
