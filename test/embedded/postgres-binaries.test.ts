import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { postgresBinaries } from '../../src/embedded/postgres-binaries.ts'
import { canRun, serviceAccount } from '../../src/embedded/service-account.ts'
import { ServiceError } from '../../src/embedded/service-error.ts'

const isRoot = process.getuid?.() === 0

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'perennial-binaries-'))
  chmodSync(folder, 0o755)
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

test.runIf(isRoot)(
  'programs in a checkout that only root may enter are copied, once, to where their user can run them',
  () => {
    const account = serviceAccount()
    const checkout = join(folder, 'private')
    const place = join(folder, 'shared')
    mkdirSync(checkout, { mode: 0o700 })
    mkdirSync(place)
    const original = dirname(dirname(dirname(postgresBinaries(undefined).postgres)))
    cpSync(original, join(checkout, 'package'), { recursive: true, verbatimSymlinks: true })
    const native = join(checkout, 'package', 'native')
    expect(canRun(account, join(native, 'bin', 'postgres'), ['--version'])).toBe(false)

    const first = postgresBinaries(account, native, () => place)
    expect(first.postgres.startsWith(place)).toBe(true)
    for (const program of [first.initdb, first.postgres]) expect(canRun(account, program, ['--version'])).toBe(true)
    rmSync(checkout, { recursive: true })
    expect(existsSync(first.postgres)).toBe(true)
  },
)

test('programs that do not run here are said in one sentence', () => {
  mkdirSync(join(folder, 'native', 'bin'), { recursive: true })
  expect(() => postgresBinaries(undefined, join(folder, 'native'))).toThrow(ServiceError)
  expect(() => postgresBinaries(undefined, join(folder, 'native'))).toThrow(/do not run here: run "npm rebuild/)
})
