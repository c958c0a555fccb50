/** The pure core and the real thing say the same: every scenario of the shop's playbook, lived through by both. */

import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { readScenarioFiles } from '../../src/cli/scenario-files.ts'
import type { Definitions } from '../../src/domain/definitions.ts'
import { zoneOr } from '../../src/domain/local-time.ts'
import { hourMs } from '../../src/domain/time.ts'
import { resolveMoment } from '../../src/scenarios/moment.ts'
import { ScenarioLife } from '../../src/scenarios/scenario-life.ts'
import type { Scenario } from '../../src/scenarios/scenario-schema.ts'
import type { GivenScores, TimedHappening } from '../../src/simulation/happenings.ts'
import { scoreCustomers } from '../../src/simulation/scoring.ts'
import { simulate } from '../../src/simulation/simulate.ts'
import { SimulatedCustomer } from '../../src/simulation/simulated-customer.ts'
import type { Observer } from '../../src/simulation/simulation.ts'
import { readCampaignFiles } from '../../src/store/campaign-files.ts'
import { addPerson, keepScores, letHappen, publishFirstRules } from './support/scenario-people.ts'
import { createSteppedWorld, type SteppedWorld } from './support/stepped-world.ts'

const campaigns = fileURLToPath(new URL('../../campaigns', import.meta.url))

/** Time goes in steps of this, here and there: many are looked at together. */
const stretchMs = 3 * hourMs
const stepAfter = (atMs: number): number => Math.ceil(atMs / stretchMs) * stretchMs

/** Of each file, so that the test does not take too long; `PERENNIAL_TEST_SCENARIOS=99` takes all. */
const ofEach = Number(process.env['PERENNIAL_TEST_SCENARIOS'] ?? 4)

let world: SteppedWorld | undefined
afterAll(() => world?.close())

/** A message, by who got it and what it was, in the order in which they left. */
interface Left {
  readonly atMs: number
  readonly customerId: string
  readonly what: string
}

const inOrder = (messages: Left[]): string[] =>
  messages
    .sort((a, b) => a.atMs - b.atMs || (a.customerId < b.customerId ? -1 : a.customerId > b.customerId ? 1 : 0))
    .map(({ customerId, what }) => `${customerId} ${what}`)

interface Lived {
  readonly messages: readonly string[]
  readonly stages: Readonly<Record<string, string>>
  readonly journeys: ReadonlySet<string>
}

function lifeOf(scenario: Scenario, { policy }: Definitions): ScenarioLife {
  const zone = zoneOr(scenario.given.time_zone ?? null, policy.defaultTimeZone)
  return new ScenarioLife(scenario, resolveMoment(scenario.start, 0, zone), zone)
}

function inThePureCore(definitions: Definitions, lives: readonly ScenarioLife[], toMs: number): Lived {
  const messages: Left[] = []
  const journeys = new Set<string>()
  const byId = new Map(lives.map((life) => [life.person.id, life]))
  const observer: Observer = {
    decided(customer, decision) {
      byId.get(customer.id)?.decided(customer, decision)
      for (const { journey } of decision.runs) journeys.add(journey)
    },
    sent({ id }, message, atMs) {
      messages.push({ atMs, customerId: id, what: keyOf(message) })
    },
  }
  const fromMs = Math.min(...lives.map(({ arrivesAtMs }) => arrivesAtMs))
  const pace = { deliveryMs: 0, rescoreEveryMs: null, stretchMs }
  const lived = simulate({ definitions, lives, fromMs, toMs, observers: [observer], pace })
  return {
    messages: inOrder(messages),
    stages: Object.fromEntries(lived.map(({ id, stage }) => [id, stage])),
    journeys,
  }
}

interface Key {
  readonly channel: string
  readonly journey: string
  readonly step: string
  readonly entryNumber: number
  readonly visit: number
  readonly template: string
}

function keyOf({ channel, journey, step, entryNumber, visit, template }: Key): string {
  return `${channel} ${journey}/${step} ${entryNumber}.${visit} ${template}`
}

async function throughTemporal(definitions: Definitions, lives: readonly ScenarioLife[], toMs: number): Promise<Lived> {
  const firstMs = Math.min(...lives.map(({ arrivesAtMs }) => arrivesAtMs))
  const given = new Map<string, GivenScores>(lives.map(({ person, past }) => [person.id, past.scores]))
  world = await createSteppedWorld(firstMs, {
    campaigns,
    afterScoring: (id) => keepScores(running, id, given.get(id) ?? {}, false),
  })
  const running = world
  await publishFirstRules(running)
  for (const [i, life] of lives.entries()) {
    const metMs = stepAfter(life.arrivesAtMs)
    const customer = new SimulatedCustomer(life.person, metMs, true)
    customer.remember(life.past)
    scoreCustomers([customer], metMs)
    customer.stand(definitions.lifecycle, metMs)
    await addPerson(running, customer.snapshot(metMs), life.past, i)
  }
  const agendas = lives.map((life) => new Agenda(running, life, definitions, given))
  await running.withWorkers(
    async () => {
      for (;;) {
        await running.rest()
        const dueMs = await running.nextDueMs()
        const nextMs = Math.min(dueMs ?? Infinity, ...agendas.map(({ nextMs }) => nextMs))
        const atMs = stepAfter(nextMs)
        if (atMs > toMs) return
        await running.jump(atMs, async () => {
          for (const agenda of agendas) await agenda.live(atMs)
        })
      }
    },
    { maxCachedWorkflows: 200, sms: { send: async () => ({ status: 'sent', providerId: null, segments: 1 }) } },
  )
  return whatCameOfIt(running)
}

/** What somebody does in the real world, when its moment has come. */
class Agenda {
  readonly #world: SteppedWorld
  readonly #life: ScenarioLife
  readonly #definitions: Definitions
  readonly #given: Map<string, GivenScores>
  #next: TimedHappening | undefined

  constructor(world: SteppedWorld, life: ScenarioLife, definitions: Definitions, given: Map<string, GivenScores>) {
    this.#world = world
    this.#life = life
    this.#definitions = definitions
    this.#given = given
    this.#next = life.next()
  }

  get nextMs(): number {
    return this.#next?.atMs ?? Infinity
  }

  async live(atMs: number): Promise<void> {
    const { id } = this.#life.person
    while (this.nextMs <= atMs) {
      await this.#recall(id)
      const what = this.#next?.happening ?? []
      const happenings = typeof what === 'function' ? what() : [what].flat()
      for (const { type, ...happening } of happenings)
        if (type === 'score' && 'scores' in happening)
          this.#given.set(id, { ...this.#given.get(id), ...happening.scores })
      await letHappen(this.#world, this.#definitions, id, happenings)
      this.#next = this.#life.next()
    }
  }

  /** The question, the task and the codes that came last: what the next deed may be about. */
  async #recall(id: string): Promise<void> {
    const { rows } = await this.#world.database.pool.query(
      `SELECT (SELECT json_build_object('data', data) FROM messages WHERE customer_id = $1 AND status = 'sent' AND data ? 'survey'
                ORDER BY planned_at DESC LIMIT 1) AS question,
              (SELECT json_build_object('id', id, 'journey', journey, 'step', step, 'outcomes', outcomes)
                 FROM tasks WHERE customer_id = $1 ORDER BY created_at DESC LIMIT 1) AS task,
              (SELECT coalesce(json_agg(json_build_object('offer', offer, 'code', code) ORDER BY issued_at), '[]')
                 FROM coupons WHERE customer_id = $1) AS coupons`,
      [id],
    )
    const { question, task, coupons } = rows[0]
    if (question !== null) this.#life.answer(question)
    this.#life.decided(undefined as never, { tasks: task === null ? [] : [task], coupons } as never)
  }
}

async function whatCameOfIt({ database, mail }: SteppedWorld): Promise<Lived> {
  const { rows: messages } = await database.pool.query<Key & { at: Date; customerId: string }>(
    `SELECT settled_at AS at, customer_id AS "customerId", channel, journey, step, entry_number AS "entryNumber", visit,
            template FROM messages WHERE status = 'sent'`,
  )
  expect(mail.inbox).toHaveLength(messages.filter(({ channel }) => channel === 'email').length)
  const { rows: customers } = await database.pool.query<{ id: string; stage: string }>(
    'SELECT id, stage FROM customers',
  )
  const { rows: runs } = await database.pool.query<{ journey: string }>('SELECT DISTINCT journey FROM journey_runs')
  return {
    messages: inOrder(
      messages.map((message) => ({
        atMs: message.at.getTime(),
        customerId: message.customerId,
        what: keyOf(message),
      })),
    ),
    stages: Object.fromEntries(customers.map(({ id, stage }) => [id, stage])),
    journeys: new Set(runs.map(({ journey }) => journey)),
  }
}

test('the playbook plans and sends the same messages in the same order, by itself and through Temporal', {
  timeout: 600_000,
}, async () => {
  const { definitions } = await readCampaignFiles(campaigns)
  const scenarios = (await readScenarioFiles(campaigns, definitions)).flatMap(({ file, document }) =>
    // The name tells customers apart.
    document.scenarios.slice(0, ofEach).map((scenario) => ({ ...scenario, name: `${file}: ${scenario.name}` })),
  )
  const lives = () => scenarios.map((scenario) => lifeOf(scenario, definitions))
  const toMs = Math.max(...lives().map(({ arrivesAtMs }) => arrivesAtMs)) + 120 * 24 * hourMs
  const pure = inThePureCore(definitions, lives(), toMs)
  // Enough to compare.
  expect(scenarios.length).toBeGreaterThanOrEqual(50)
  expect(pure.messages.length).toBeGreaterThan(120)
  expect([...pure.journeys].sort()).toEqual(definitions.live.map(({ key }) => key).sort())

  const real = await throughTemporal(definitions, lives(), toMs)
  expect(real.messages).toEqual(pure.messages)
  expect(real.stages).toEqual(pure.stages)
  expect(real.journeys).toEqual(pure.journeys)
})
