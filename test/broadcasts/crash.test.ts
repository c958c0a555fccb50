/** A broadcast whose worker is killed in the middle, and whose mail server refuses many for the time being. */

import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Sink, type SinkEntry, startSink } from '../support/smtp/sink.ts'
import { addCrowd } from '../workflows/support/crowds.ts'
import { until } from '../workflows/support/customers.ts'
import { startWorkerProcess } from '../workflows/support/worker-process.ts'
import { createWorld, type World } from '../workflows/support/world.ts'
import { messageIds, startBroadcast, tallyOf } from './support/broadcasts.ts'

const recipients = Number(process.env['PERENNIAL_BROADCAST_RECIPIENTS'] ?? 3_000)
const patienceMs = 60_000 + recipients * 20

let world: World
let sink: Sink
/** The sink's own log is the witness. */
const log: SinkEntry[] = []

beforeAll(async () => {
  // A minute a second: what is refused for the time being comes again soon, and nothing becomes stale.
  world = await createWorld({ speed: 60 })
  sink = await startSink({ onEntry: (entry) => log.push(entry) })
  await addCrowd(world, recipients)
}, 120_000)
afterAll(async () => {
  await sink.close()
  await world.close()
})

test(
  'killed in the middle it finishes by itself: nobody is left out, and nobody has two but who is listed as in doubt',
  async () => {
    log.length = 0
    const first = await startWorkerProcess(world, { SMTP_URL: sink.url })
    const { workflow } = await startBroadcast(world, 'killed', { template: 'hello' })
    await until('a third has been taken', () => log.length > recipients / 3, patienceMs)
    await first.kill()
    const atTheKill = log.length
    const second = await startWorkerProcess(world, { SMTP_URL: sink.url })
    await workflow.result()
    expect(await second.stop()).toBe(0)

    expect(atTheKill).toBeLessThan(recipients)
    const { total, byStatus } = await tallyOf(world, 'killed')
    expect(total).toBe(recipients)
    const doubted = await messageIds(world, 'killed', 'in_doubt')
    const sent = await messageIds(world, 'killed', 'sent')
    expect(doubted.size + sent.size).toBe(recipients)
    const times = Map.groupBy(log, ({ messageId }) => messageId)
    // Sent is sent once; in doubt is sent once or never: the class that is never sent twice.
    expect([...sent].filter((id) => times.get(id)?.length !== 1)).toEqual([])
    expect([...doubted].filter((id) => (times.get(id)?.length ?? 0) > 1)).toEqual([])
    expect(new Set(log.map(({ recipient }) => recipient)).size).toBe(log.length)
    // No more than were on the wire or being made ready.
    expect(byStatus['in_doubt'] ?? 0).toBeLessThanOrEqual(1_000)
  },
  2 * patienceMs,
)

test(
  'one in twenty is refused for the time being: each comes again, none is lost, and the rest does not wait',
  async () => {
    log.length = 0
    const refused = new Set<string>()
    let chance = 0
    sink.behave((stage, recipient = '') => {
      if (stage !== 'rcpt' || refused.has(recipient) || chance++ % 20 !== 0) return undefined
      refused.add(recipient)
      return 'temporary'
    })
    const worker = await startWorkerProcess(world, { SMTP_URL: sink.url })
    const { workflow } = await startBroadcast(world, 'refused', { template: 'hello' })
    await workflow.result()
    expect(await worker.stop()).toBe(0)
    sink.behave(() => undefined)

    expect(refused.size).toBeGreaterThanOrEqual(Math.floor(recipients / 20))
    expect(await tallyOf(world, 'refused')).toEqual({ total: recipients, byStatus: { sent: recipients } })
    const accepted = log.filter(({ outcome }) => outcome === 'accepted').map(({ recipient }) => recipient)
    expect(new Set(accepted).size).toBe(recipients)
    expect(accepted).toHaveLength(recipients)
  },
  2 * patienceMs,
)
