/**
 * Messages per second of a broadcast, from its start to the last one that the mail server takes: personalised, tracked,
 * one row of the ledger each; against nodemailer's pool composing and sending the same letter in the same run.
 *
 *   npm run -s bench -- broadcast [--recipients 100000] [--signed 20000] [--reference 8000] [--json]
 *
 * Then the same for `--signed` recipients with RSA-2048 signatures on both sides (0: not). Before and during the broadcast
 * receipts are asked for over the API, one after the other: how much longer one waits is printed too.
 */

import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { createClock } from '../src/clock.ts'
import type { Config } from '../src/config.ts'
import { startInstallation } from '../src/embedded/supervisor.ts'
import { createBroadcast, moveBroadcast } from '../src/store/broadcasts/broadcasts.ts'
import { openDatabase } from '../src/store/database.ts'
import { publishCampaigns } from '../src/store/publishing/publish-campaigns.ts'
import { loadMasterKey, Vault } from '../src/store/vault.ts'
import { openTemporalClient } from '../src/temporal.ts'
import { broadcastType, broadcastWorkflowId, lifecycleQueue } from '../workflows/ids.ts'
import { html, readerNumber, subject, text } from './broadcast/letter.ts'
import { addReaders } from './broadcast/people.ts'
import { runBench, say, wholeNumber } from './support/bench.ts'
import { processorSeconds, residentMegabytes } from './support/processor-time.ts'
import { runToEnd } from './support/run-to-end.ts'
import { type SinkProcess, startSinkProcess } from './support/sink-process.ts'
import { watchedPrefix } from './support/smtp-sink.ts'

/** As many as the product has. */
const connections = 8
const pollMs = 250
/** Asked for before, and as many during the broadcast. */
const receipts = 10
const receiptPollMs = 25
const longestWaitMs = 60_000
const peerTimeoutMs = 300_000
const microsPerSecond = 1e6

interface Measured {
  readonly perSecond: number
  /** Of the worker, PostgreSQL and Temporal together. */
  readonly cpuMicros: number
  readonly postgresMicros: number
  readonly sinkMicros: number
  /** Of the worker: before it begins, in the middle, and at its end. */
  readonly megabytes: readonly [number, number, number]
  /** Milliseconds from the request of a receipt to the mail server: the median before the broadcast, all during it. */
  readonly waits: { readonly before: number; readonly during: readonly number[] }
}

async function measureOurs(sink: SinkProcess, recipients: number, keyFile: string | undefined): Promise<Measured> {
  const home = mkdtempSync(join(tmpdir(), 'perennial-bench-'))
  say('starting an installation …')
  const installation = await startInstallation({
    home,
    port: 0,
    env: {
      SMTP_URL: sink.url,
      MAIL_FROM: 'Shop <shop@shop.example>',
      ...(keyFile === undefined ? {} : { MAIL_DKIM: `bench@shop.example=${keyFile}` }),
    },
    prepare: ({ config }) => publishLetter(config, home),
  })
  const { config } = installation
  const database = openDatabase(installation.databaseUrl)
  const temporal = openTemporalClient({ ...config.temporal, address: installation.temporalAddress })
  const clock = createClock(config.clock)
  try {
    say(`adding ${recipients} recipients …`)
    const vault = new Vault(loadMasterKey(config.home, config.masterKey))
    await addReaders(database, vault, { count: recipients }, new Date(clock.nowMs()))
    await addReaders(database, vault, { count: receipts, watchedPrefix }, new Date(clock.nowMs()))
    await database.pool.query('CHECKPOINT')
    const document = { name: 'Bench', topic: 'news', template: 'bench' }
    const created = await createBroadcast(database.pool, 'bench', document, clock.nowMs())
    if (created === 'taken' || 'problems' in created) throw new Error(JSON.stringify(created))
    const { id } = created.broadcast
    const worker = installation.process('lifecycle').current.mark.pid
    const postgres = installation.postgres?.current.mark.pid ?? 0
    const server = installation.temporal?.current.mark.pid ?? 0
    await sink.reset()
    const desk = { url: installation.url, token: installation.firstKeys?.adminToken ?? '', sink }
    const calm = await waitsOf(desk, receipts, () => false)
    await sink.reset()
    const atStart = residentMegabytes(worker)
    const before = [worker, postgres, server].map(processorSeconds)
    const startedMs = Date.now()
    await moveBroadcast(database.pool, id, ['draft'], 'running', clock.nowMs())
    const handle = await temporal.client.workflow.start(broadcastType, {
      workflowId: broadcastWorkflowId(id),
      taskQueue: lifecycleQueue,
      args: [{ broadcastId: id, perSecond: null }],
    })
    let middle = 0
    let isOver = false
    const during = waitsOf(desk, receipts, () => isOver)
    let counts = await sink.counts()
    for (; counts.accepted - counts.watched.length < recipients; counts = await sink.counts()) {
      if (middle === 0 && counts.accepted > recipients / 2) middle = residentMegabytes(worker)
      await sleep(pollMs)
    }
    isOver = true
    await handle.result()
    const used = [worker, postgres, server].map((pid, i) => processorSeconds(pid) - (before[i] ?? 0))
    const perMessage = (seconds: number): number => (seconds * microsPerSecond) / recipients
    return {
      perSecond: (recipients * 1_000) / (counts.lastMs - startedMs),
      cpuMicros: perMessage(used.reduce((sum, each) => sum + each, 0)),
      postgresMicros: perMessage(used[1] ?? 0),
      sinkMicros: perMessage(counts.cpuSeconds),
      megabytes: [atStart, middle, residentMegabytes(worker)],
      waits: { before: calm.toSorted((a, b) => a - b)[calm.length >> 1] ?? 0, during: await during },
    }
  } finally {
    await temporal.close()
    await database.close()
    await installation.stop()
    rmSync(home, { recursive: true, force: true })
  }
}

interface Desk {
  readonly url: string
  readonly token: string
  readonly sink: SinkProcess
}

/** Asks for receipts, each when the one before has arrived. @returns milliseconds that each took. */
async function waitsOf({ url, token, sink }: Desk, count: number, isOver: () => boolean): Promise<number[]> {
  const waits: number[] = []
  for (let i = 0; i < count && !isOver(); i++) {
    const seen = (await sink.counts()).watched.length
    const askedMs = Date.now()
    const response = await fetch(`${url}/v1/messages`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${token}`,
        'idempotency-key': randomUUID(),
      },
      body: JSON.stringify({ to: { email: `${watchedPrefix}${readerNumber(i).email}` }, template: 'bench-receipt' }),
    })
    if (response.status !== 202)
      throw new Error(`a receipt was answered with ${response.status}: ${await response.text()}`)
    let watched = (await sink.counts()).watched
    for (; watched.length === seen; watched = (await sink.counts()).watched) {
      if (Date.now() - askedMs > longestWaitMs) throw new Error('a receipt did not arrive')
      await sleep(receiptPollMs)
    }
    waits.push((watched[seen] ?? 0) - askedMs)
  }
  return waits
}

/** The demo shop's campaigns with one more template, and no quiet hours: whatever the hour, nobody waits. */
async function publishLetter(config: Config, home: string): Promise<void> {
  const directory = join(home, 'campaigns')
  cpSync(fileURLToPath(new URL('../campaigns', import.meta.url)), directory, { recursive: true })
  writeFileSync(join(directory, 'templates', 'bench.email.html'), `---\nsubject: "${subject}"\n---\n${html}`)
  writeFileSync(join(directory, 'templates', 'bench.email.txt'), text)
  writeFileSync(
    join(directory, 'templates', 'bench-receipt.email.txt'),
    '---\nsubject: Your receipt\n---\nThank you.\n',
  )
  const policy = join(directory, 'contact-policy.yaml')
  writeFileSync(policy, readFileSync(policy, 'utf8').replaceAll(/^ *(quiet_hours|when_quiet|hold_out):.*\n/gm, ''))
  const database = openDatabase(config.databaseUrl ?? '')
  await publishCampaigns(database, directory, Date.now())
  await database.close()
}

interface Peer {
  readonly perSecond: number
  readonly cpuMicros: number
}

async function measurePeer(sink: SinkProcess, mode: string, count: number, keyFile: string | undefined): Promise<Peer> {
  await sink.reset()
  const script = fileURLToPath(new URL('broadcast/peer.ts', import.meta.url))
  const args = ['--disable-warning=ExperimentalWarning', script, mode, sink.url, String(count), String(connections)]
  const ended = await runToEnd(process.execPath, keyFile === undefined ? args : [...args, keyFile], peerTimeoutMs)
  if (ended.status !== 0) throw new Error(`${mode}: ${ended.lastLine}`)
  return JSON.parse(ended.lastLine) as Peer
}

interface Side {
  readonly ours: Measured
  readonly reference: number
  readonly referenceCpuMicros: number
  readonly bare: Peer
}

async function measureSide(
  sink: SinkProcess,
  recipients: number,
  sample: number,
  keyFile: string | undefined,
): Promise<Side> {
  const before = await measurePeer(sink, 'nodemailer', sample, keyFile)
  say(`nodemailer: ${before.perSecond.toFixed(0)}/s, ${before.cpuMicros.toFixed(0)} µs`)
  const bare = await measurePeer(sink, 'bare', 4 * sample, keyFile)
  say(`bare sender: ${bare.perSecond.toFixed(0)}/s, ${bare.cpuMicros.toFixed(0)} µs`)
  const ours = await measureOurs(sink, recipients, keyFile)
  say(`ours: ${ours.perSecond.toFixed(0)}/s, ${ours.cpuMicros.toFixed(0)} µs`)
  const after = await measurePeer(sink, 'nodemailer', sample, keyFile)
  // The mean of before and after: what else goes on on the machine changes.
  const reference = (before.perSecond + after.perSecond) / 2
  return { ours, reference, referenceCpuMicros: (before.cpuMicros + after.cpuMicros) / 2, bare }
}

function inWords(title: string, { ours, reference, referenceCpuMicros, bare }: Side): string {
  const [start, middle, end] = ours.megabytes.map((each) => each.toFixed(0))
  const ratio = (ours.perSecond / reference).toFixed(2)
  const [, half, last] = ours.megabytes
  const growth = ((100 * (last - half)) / half).toFixed(1)
  const most = Math.max(0, ...ours.waits.during).toFixed(0)
  return [
    `${title}: ${ours.perSecond.toFixed(0)} messages/s; nodemailer's pool composes and sends ${reference.toFixed(0)}/s: ${ratio} times as many (4.4 wanted).`,
    `Processor time a message: ${ours.cpuMicros.toFixed(0)} µs, of which PostgreSQL ${ours.postgresMicros.toFixed(0)} (the sink, beside: ${ours.sinkMicros.toFixed(0)}); nodemailer ${referenceCpuMicros.toFixed(0)}.`,
    `Bare pipelining sender: ${bare.perSecond.toFixed(0)}/s at ${bare.cpuMicros.toFixed(0)} µs. Memory of the worker: ${start} MB before, ${middle} when half had left, ${end} at the end: ${growth} % more in the second half (3 allowed).`,
    `A receipt took ${ours.waits.before.toFixed(0)} ms before the broadcast, and at most ${most} of ${ours.waits.during.length} during it (2,000 more allowed).`,
  ].join('\n')
}

await runBench('broadcast', { recipients: '100000', signed: '20000', reference: '8000' }, async (options) => {
  const recipients = wholeNumber('recipients', options.recipients, 100)
  const signedRecipients = wholeNumber('signed', options.signed, 0)
  const sample = wholeNumber('reference', options.reference, 100)
  const folder = mkdtempSync(join(tmpdir(), 'perennial-bench-key-'))
  const keyFile = join(folder, 'dkim.pem')
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  writeFileSync(keyFile, privateKey.export({ type: 'pkcs8', format: 'pem' }))
  const sink = await startSinkProcess()
  try {
    const plain = await measureSide(sink, recipients, sample, undefined)
    const signed =
      signedRecipients > 0 ? await measureSide(sink, signedRecipients, Math.ceil(sample / 4), keyFile) : undefined
    const result = {
      ours: plain.ours.perSecond,
      reference: plain.reference,
      unit: 'messages/s',
      target: 4.4,
      recipients,
      plain,
      ...(signed ? { signedRatio: signed.ours.perSecond / signed.reference, signedRecipients, signed } : {}),
    }
    const texts = [inWords('Unsigned', plain), ...(signed ? [inWords('With DKIM', signed)] : [])]
    return { result, text: texts.join('\n\n') }
  } finally {
    sink.stop()
    rmSync(folder, { recursive: true, force: true })
  }
})
