/** `perennial keys`: the keys of the HTTP API. */

import { randomBytes } from 'node:crypto'
import { Command, Option } from 'commander'
import { readConfig } from '../config.ts'
import { runningInstallation } from '../embedded/home.ts'
import type { ApiKeyKind } from '../store/api-keys.ts'
import { createApiKey, listApiKeys, revokeApiKey } from '../store/api-keys.ts'
import { openDatabase, type Records } from '../store/database.ts'
import { replaceKeyFile } from '../store/vault.ts'
import { textTable, writeResult } from './analyze/output.ts'
import { databaseOf } from './installation.ts'
import { homeOf, homeOption } from './options.ts'
import { UsageError } from './usage-error.ts'

interface KeysOptions {
  readonly home?: string
  readonly json?: boolean
}

const maxNameCharacters = 100

export function keysCommand(): Command {
  const keys = new Command('keys').description('Keys of the HTTP API: make, list, revoke.')
  const kind = new Option(
    '--kind <kind>',
    'write: may send events; admin: may read and change everything; marketer: sees masks; analyst: sees nobody',
  )
  keys
    .command('create')
    .description('Make a key. It is shown this once.')
    .addOption(kind.choices(['write', 'admin', 'marketer', 'analyst']).makeOptionMandatory())
    .requiredOption('--name <name>', 'what or who it is for')
    .addOption(homeOption())
    .option('--json', 'print JSON')
    .action((options: KeysOptions & { kind: ApiKeyKind; name: string }) => create(options))
  keys
    .command('list')
    .description('Show the keys there are, never the keys themselves.')
    .addOption(homeOption())
    .option('--json', 'print JSON')
    .action((options: KeysOptions) => list(options))
  keys
    .command('revoke')
    .description('Make a key useless, within seconds.')
    .argument('<id>', 'as "list" shows it')
    .addOption(homeOption())
    .option('--json', 'print JSON')
    .action((id: string, options: KeysOptions) => revoke(id, options))
  keys
    .command('rotate-master')
    .description('Make a new master key, to be put in force by the next start. The product must be stopped.')
    .addOption(homeOption())
    .action((options: KeysOptions) => rotateMaster(options))
  return keys
}

/** Where the key is a file in the home, the files are changed; where it is configured, the new one is only shown. */
function rotateMaster(options: KeysOptions): void {
  const home = homeOf(options)
  const { masterKey } = readConfig()
  if (masterKey !== undefined) {
    const lines = [
      `PERENNIAL_MASTER_KEY=${randomBytes(32).toString('hex')}`,
      '',
      'Stop the product on all machines; set this, and the key before as PERENNIAL_FORMER_MASTER_KEY; then start them.',
    ]
    return writeResult(false, {}, () => lines.join('\n'))
  }
  if (runningInstallation(home) !== undefined)
    throw new UsageError(`The product runs in ${home}: stop it first, here and on other machines`)
  const former = replaceKeyFile(home)
  writeResult(
    false,
    {},
    () =>
      `There is a new master.key, and the one before is ${former}. Start the product: it puts the new one in force.`,
  )
}

async function create(options: KeysOptions & { kind: ApiKeyKind; name: string }): Promise<void> {
  const { kind } = options
  const name = options.name.trim()
  if (name === '' || name.length > maxNameCharacters) {
    throw new UsageError(`--name: "${name}" must have 1 to ${maxNameCharacters} characters`)
  }
  const { id, key } = await withRecords(options, (db) => createApiKey(db, { kind, name }))
  writeResult(
    options.json,
    { id, kind, name, key },
    () => `${key}\n\nThis is the only time it is shown. Its id is ${id}.`,
  )
}

async function list(options: KeysOptions): Promise<void> {
  const keys = await withRecords(options, listApiKeys)
  const day = (date: Date | null): string => date?.toISOString().slice(0, 10) ?? ''
  writeResult(options.json, { keys }, () =>
    textTable(
      ['id', 'kind', 'name', 'made', 'revoked'],
      keys.map((key) => [key.id, key.kind, key.name, day(key.createdAt), day(key.revokedAt)]),
    ),
  )
}

async function revoke(id: string, options: KeysOptions): Promise<void> {
  const isId = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id)
  const done = isId && (await withRecords(options, (db) => revokeApiKey(db, id)))
  if (!done) throw new UsageError(`There is no key ${id} that could be revoked: "perennial keys list" shows the keys`)
  writeResult(options.json, { id, revoked: true }, () => `Revoked ${id}.`)
}

async function withRecords<T>(options: KeysOptions, work: (db: Records) => Promise<T>): Promise<T> {
  const db = openDatabase(databaseOf(options), { maxConnections: 1 })
  try {
    return await work(db)
  } finally {
    await db.close()
  }
}
