/**
 * Messages per second of a broadcast, from its start to the last one that the mail server takes: personalised, tracked,
 * one row of the ledger each; against nodemailer's pool composing and sending the same letter in the same run.
 *
 *   npm run -s bench -- broadcast [--recipients 100000] [--reference 8000] [--dkim] [--json]
 *
 * `--dkim yes` signs with RSA-2048 on both sides.
 */

import { generateKeyPairSync } from 'node:crypto'
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
import { html, subject, text } from './broadcast/letter.ts'
import { addReaders } from './broadcast/people.ts'
import { runBench, say, wholeNumber } from './support/bench.ts'
import { processorSeconds, residentMegabytes } from './support/processor-time.ts'
import { runToEnd } from './support/run-to-end.ts'
import { type SinkProcess, startSinkProcess } from './support/sink-process.ts'

/** As many as the product has. */
const connections = 8
const pollMs = 250
const peerTimeoutMs = 300_000
const microsPerSecond = 1e6

interface Measured {
  readonly perSecond: number
  /** Of the worker, PostgreSQL and Temporal together. */
  readonly cpuMicros: number
  readonly postgresMicros: number
  readonly sinkMicros: number
  /** Of the worker: at a fifth of the way, and at its end. */
  readonly megabytes: readonly [number, number]
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
    processes: ['lifecycle'],
    prepare: ({ config }) => publishLetter(config, home),
  })
  const { config } = installation
  const database = openDatabase(installation.databaseUrl)
  const temporal = openTemporalClient({ ...config.temporal, address: installation.temporalAddress })
  const clock = createClock(config.clock)
  try {
    say(`adding ${recipients} recipients …`)
    await addReaders(
      database,
      new Vault(loadMasterKey(config.home, config.masterKey)),
      recipients,
      new Date(clock.nowMs()),
    )
    await database.pool.query('CHECKPOINT')
    const document = { name: 'Bench', topic: 'news', template: 'bench' }
    const created = await createBroadcast(database.pool, 'bench', document, clock.nowMs())
    if (created === 'taken' || 'problems' in created) throw new Error(JSON.stringify(created))
    const { id } = created.broadcast
    const worker = installation.process('lifecycle').current.mark.pid
    const postgres = installation.postgres?.current.mark.pid ?? 0
    const server = installation.temporal?.current.mark.pid ?? 0
    await sink.reset()
    const before = [worker, postgres, server].map(processorSeconds)
    const startedMs = Date.now()
    await moveBroadcast(database.pool, id, ['draft'], 'running', clock.nowMs())
    const handle = await temporal.client.workflow.start(broadcastType, {
      workflowId: broadcastWorkflowId(id),
      taskQueue: lifecycleQueue,
      args: [{ broadcastId: id, perSecond: null }],
    })
    let early = 0
    let counts = await sink.counts()
    for (; counts.accepted < recipients; counts = await sink.counts()) {
      if (early === 0 && counts.accepted > recipients / 5) early = residentMegabytes(worker)
      await sleep(pollMs)
    }
    await handle.result()
    const used = [worker, postgres, server].map((pid, i) => processorSeconds(pid) - (before[i] ?? 0))
    const perMessage = (seconds: number): number => (seconds * microsPerSecond) / recipients
    return {
      perSecond: (recipients * 1_000) / (counts.lastMs - startedMs),
      cpuMicros: perMessage(used.reduce((sum, each) => sum + each, 0)),
      postgresMicros: perMessage(used[1] ?? 0),
      sinkMicros: perMessage(counts.cpuSeconds),
      megabytes: [early, residentMegabytes(worker)],
    }
  } finally {
    await temporal.close()
    await database.close()
    await installation.stop()
    rmSync(home, { recursive: true, force: true })
  }
}

/** The demo shop's campaigns with one more template, and no quiet hours: whatever the hour, nobody waits. */
async function publishLetter(config: Config, home: string): Promise<void> {
  const directory = join(home, 'campaigns')
  cpSync(fileURLToPath(new URL('../campaigns', import.meta.url)), directory, { recursive: true })
  writeFileSync(join(directory, 'templates', 'bench.email.html'), `---\nsubject: "${subject}"\n---\n${html}`)
  writeFileSync(join(directory, 'templates', 'bench.email.txt'), text)
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

await runBench('broadcast', { recipients: '100000', reference: '8000', dkim: 'no' }, async (options) => {
  const recipients = wholeNumber('recipients', options.recipients, 100)
  const sample = wholeNumber('reference', options.reference, 100)
  const folder = mkdtempSync(join(tmpdir(), 'perennial-bench-key-'))
  const keyFile = options.dkim === 'yes' ? join(folder, 'dkim.pem') : undefined
  if (keyFile !== undefined) {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    writeFileSync(keyFile, privateKey.export({ type: 'pkcs8', format: 'pem' }))
  }
  const sink = await startSinkProcess()
  try {
    const before = await measurePeer(sink, 'nodemailer', sample, keyFile)
    say(`nodemailer: ${before.perSecond.toFixed(0)}/s, ${before.cpuMicros.toFixed(0)} µs`)
    const bare = await measurePeer(sink, 'bare', 4 * sample, keyFile)
    say(`bare sender: ${bare.perSecond.toFixed(0)}/s, ${bare.cpuMicros.toFixed(0)} µs`)
    const ours = await measureOurs(sink, recipients, keyFile)
    const after = await measurePeer(sink, 'nodemailer', sample, keyFile)
    // The mean of before and after: what else goes on on the machine changes.
    const reference = (before.perSecond + after.perSecond) / 2
    const [early, late] = ours.megabytes
    const words = [
      `${ours.perSecond.toFixed(0)} messages/s; nodemailer's pool composes and sends ${reference.toFixed(0)}/s: ${(ours.perSecond / reference).toFixed(2)} times as many (4.4 wanted).`,
      `Processor time a message: ${ours.cpuMicros.toFixed(0)} µs, of which PostgreSQL ${ours.postgresMicros.toFixed(0)} (the sink, beside: ${ours.sinkMicros.toFixed(0)}); nodemailer ${after.cpuMicros.toFixed(0)}.`,
      `Bare pipelining sender: ${bare.perSecond.toFixed(0)}/s at ${bare.cpuMicros.toFixed(0)} µs. Memory of the worker: ${early.toFixed(0)} MB at a fifth, ${late.toFixed(0)} MB at the end.`,
    ]
    const result = {
      ours: ours.perSecond,
      reference,
      unit: 'messages/s',
      target: 4.4,
      recipients,
      dkim: keyFile !== undefined,
      cpuMicros: ours.cpuMicros,
      postgresMicros: ours.postgresMicros,
      sinkMicros: ours.sinkMicros,
      referenceCpuMicros: after.cpuMicros,
      barePerSecond: bare.perSecond,
      bareCpuMicros: bare.cpuMicros,
      megabytesEarly: early,
      megabytesLate: late,
    }
    return { result, text: words.join('\n') }
  } finally {
    sink.stop()
    rmSync(folder, { recursive: true, force: true })
  }
})
