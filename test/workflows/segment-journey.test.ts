/**
 * From an event to a message by way of segments, with everything real: the event is taken in, its customer enters a segment,
 * a journey hears of it and writes; later time alone takes the customer out of another segment, and a journey writes again.
 */

import { randomUUID } from 'node:crypto'
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readCall } from '../../src/api/tracking/read-call.ts'
import { interestingEvents, interestingSegments, interestingTraits } from '../../src/domain/interests.ts'
import { startIntake } from '../../src/intake/intake.ts'
import { startNudger } from '../../src/intake/nudger.ts'
import { startSegmentBuilder, startSegments } from '../../src/intake/segments.ts'
import { createDefinitionsCache } from '../../src/store/campaigns.ts'
import { insertEvents } from '../../src/store/insert-events.ts'
import { publishCampaigns } from '../../src/store/publishing/publish-campaigns.ts'
import { customerWorkflowId } from '../../workflows/ids.ts'
import { standingQuery } from '../../workflows/messages.ts'
import { ledgerOf, until } from './support/customers.ts'
import { createWorld, type World } from './support/world.ts'

const documents = {
  'segments/buyers.yaml': 'name: Buyers\nif: { orders.count: { at_least: 1 } }\n',
  'segments/recent.yaml': 'name: Recent\nif: { orders.last: { within: 2 days } }\n',
  'journeys/thanks.yaml': `
name: Thanks
topic: offers
entry: [{ type: segment, segment: buyers }]
steps:
  - { id: thanks, type: email, class: transactional, template: receipt }
  - { id: pause, type: delay, for: 10 days }
`,
  'journeys/come-back.yaml': `
name: Come back
topic: offers
entry: [{ type: segment, segment: recent, change: exited }]
steps:
  - { id: ask, type: email, class: transactional, template: nudge }
`,
}

/** On a computed trait, by way of a segment and in the journey itself, and on events. */
const byRule = {
  'traits/orders-made.yaml': 'name: Orders made\ncompute: count\nevent: Order Completed\nwithin: 365 days\n',
  'segments/twice.yaml': 'name: Twice\nif: { computed.orders-made: { at_least: 2 } }\n',
  'segments/lookers.yaml':
    'name: Lookers\nif: { event: { name: Product Viewed, within: 365 days, where: { category: Jazz } } }\n',
  'journeys/second.yaml': `
name: Second
topic: offers
entry: [{ type: segment, segment: twice }]
steps:
  - id: has-looked
    type: split
    if: { all: [{ segment: lookers }, { event: Product Viewed }, { computed.orders-made: { less_than: 3 } }] }
    if_true: more
    if_false: nothing
  - { id: nothing, type: exit }
  - id: more
    type: wait-until
    if: { computed.orders-made: { at_least: 3 } }
    timeout: 900 days
    on_timeout: nothing
  - { id: write, type: email, class: transactional, template: nudge }
`,
}

let world: World
let directory: string
beforeAll(async () => {
  world = await createWorld()
  directory = await mkdtemp(join(tmpdir(), 'perennial-test-'))
  await cp(fileURLToPath(new URL('campaigns/', import.meta.url)), directory, { recursive: true })
  for (const folder of ['segments', 'traits']) await mkdir(join(directory, folder), { recursive: true })
  for (const [file, text] of Object.entries({ ...documents, ...byRule })) await writeFile(join(directory, file), text)
  await publishCampaigns(world.database, directory, world.clock.nowMs())
})
afterAll(async () => {
  await world.close()
  await rm(directory, { recursive: true })
})

/** What the intake process runs. */
function startProcess(): { stop(): Promise<void> } {
  const { database, vault, clock, client } = world
  const log = pino({ level: 'silent' })
  const definitions = createDefinitionsCache(database)
  const nudger = startNudger({ database, temporal: client.workflow, clock, log })
  const shared = {
    database,
    log,
    nowMs: () => clock.nowMs(),
    interests: async () => {
      const known = await definitions.get()
      return {
        events: interestingEvents(known),
        traits: interestingTraits(known),
        segments: interestingSegments(known),
      }
    },
    identity: async () => (await definitions.get()).identity,
    onNews: () => nudger.wake(),
  }
  const loops = [startSegments(shared), startSegmentBuilder(shared), startIntake({ ...shared, vault }), nudger]
  return { stop: async () => void (await Promise.all(loops.map((loop) => loop.stop()))) }
}

async function send(call: Readonly<Record<string, unknown>>): Promise<void> {
  const nowMs = world.clock.nowMs()
  const read = readCall({ ...call, timestamp: new Date(nowMs).toISOString() }, { receivedAtMs: nowMs }, world.vault)
  if (!('event' in read)) throw new Error(JSON.stringify(read.faults))
  await insertEvents(world.database.pool, [read.event])
}

test('an event brings its customer into a segment, a journey hears of it and writes; time takes them out of another', {
  timeout: 120_000,
}, async () => {
  const intake = startProcess()
  await world.withWorkers(async () => {
    await until('all segments are live', async () => {
      const { rowCount } = await world.database.pool.query(`SELECT FROM segments WHERE status = 'live'`)
      return rowCount === 5
    })
    await send({ type: 'identify', userId: 'ada', traits: { email: 'ada@listener.example', firstName: 'Ada' } })
    await send({
      type: 'track',
      userId: 'ada',
      event: 'Order Completed',
      properties: { order_id: randomUUID(), revenue: 20, currency: 'EUR' },
    })
    const id = await until('the customer is there', async () => {
      const { rows } = await world.database.pool.query<{ id: string }>(
        `SELECT id FROM customers WHERE external_id = 'ada'`,
      )
      return rows[0]?.id
    })
    const sent = async (journey: string): Promise<boolean> =>
      (await ledgerOf(world, id)).some((row) => row.journey === journey && row.status === 'sent')
    await until('the journey of the segment has written', () => sent('thanks'))
    const standing = await world.client.workflow.getHandle(customerWorkflowId(id)).query(standingQuery)
    expect(standing?.segments).toContain('buyers')
    await until('leaving the other segment has started the other journey', () => sent('come-back'))
    const { rows } = await world.database.pool.query<{ line: string }>(
      `SELECT concat_ws(' ', detail ->> 'change', detail ->> 'segment') AS line FROM news
        WHERE customer_id = $1 AND kind = 'segment' AND consumed_at IS NOT NULL ORDER BY id`,
      [id],
    )
    const changes = rows.map(({ line }) => line)
    expect(changes.slice(0, 2).toSorted()).toEqual(['entered buyers', 'entered recent'])
    expect(changes.slice(2)).toEqual(['exited recent'])
    const mails = world.mail.inbox.filter(({ to }) => JSON.stringify(to).includes('ada@listener.example'))
    expect(mails.map(({ subject }) => subject)).toContain('Your receipt')
    await world.client.workflow.getHandle(customerWorkflowId(id)).terminate()
  })
  await intake.stop()
})

test('a journey follows a computed trait: it enters by a segment on it, splits on it and on events, and waits for it', {
  timeout: 120_000,
}, async () => {
  const intake = startProcess()
  const order = (): Promise<void> =>
    send({
      type: 'track',
      userId: 'bea',
      event: 'Order Completed',
      properties: { order_id: randomUUID(), revenue: 20, currency: 'EUR' },
    })
  await world.withWorkers(async () => {
    await send({ type: 'identify', userId: 'bea', traits: { email: 'bea@listener.example', firstName: 'Bea' } })
    await send({ type: 'track', userId: 'bea', event: 'Product Viewed', properties: { category: 'Jazz' } })
    await order()
    await order()
    const [id, step] = await until('she waits in the journey', async () => {
      const { rows } = await world.database.pool.query<{ id: string; step: string }>(
        `SELECT c.id, r.step FROM customers c JOIN journey_runs r ON r.customer_id = c.id
         WHERE c.external_id = 'bea' AND r.journey = 'second' AND r.step IS NOT NULL`,
      )
      return rows[0] && ([rows[0].id, rows[0].step] as const)
    })
    expect(step).toBe('more')
    const written = async (): Promise<boolean> =>
      (await ledgerOf(world, id)).some((row) => row.journey === 'second' && row.status === 'sent')
    expect(await written()).toBe(false)
    await order()
    await until('the third order lets her go on', written)
    await world.client.workflow
      .getHandle(customerWorkflowId(id))
      .terminate()
      .catch(() => undefined)
  })
  await intake.stop()
})
