/** Who is who: the planner by tables, and on random streams cut into pages anyhow. */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { IdentitySign } from '../../src/domain/definitions.ts'
import { usualIdentity } from '../../src/domain/identity-schema.ts'
import { type IdentityClaim, planIdentities } from '../../src/intake/identity-plan.ts'
import { pairKey } from '../../src/intake/person.ts'
import { type Identity, identityKey } from '../../src/store/identities.ts'
import { runs } from '../support/property-runs.ts'

/** What one event says: `u1`, `e1` (an address), `p1` (a number), `b1` (a browser), `=u2` or `=b2` (alias of it). */
type Words = string

function claimOf(words: Words): IdentityClaim {
  const ids = words.split(' ')
  const value = (letter: string): string | undefined => ids.find((id) => id.startsWith(letter))
  const [user, anonymous, alias] = [value('u'), value('b'), value('=')?.slice(1)]
  return {
    ...(user === undefined ? {} : { user: { kind: 'user', value: user } as const }),
    ...(anonymous === undefined ? {} : { anonymous: { kind: 'anonymous', value: anonymous } as const }),
    addresses: ids.flatMap((id): Identity[] =>
      id.startsWith('e') ? [{ kind: 'email', value: id }] : id.startsWith('p') ? [{ kind: 'phone', value: id }] : [],
    ),
    previous:
      alias === undefined
        ? []
        : [
            { kind: 'user', value: alias },
            { kind: 'anonymous', value: alias },
          ],
  }
}

/** The tables as the planner sees them, and what intake does to them. */
class Book {
  readonly identities = new Map<string, { customerId: string; shared: boolean }>()
  readonly externalIds = new Map<string, string | null>()
  readonly mergedInto = new Map<string, string>()
  readonly refused: number[] = []
  readonly #signs: readonly IdentitySign[]
  readonly apart = new Set<string>()
  #made = 0
  #claims = 0

  constructor(signs: readonly IdentitySign[] = usualIdentity.identifyBy) {
    this.#signs = signs
  }

  /** @returns the customer of each event, as of then. */
  read(page: readonly Words[]): string[] {
    const known = new Map(
      [...this.identities].map(([key, { customerId, shared }]) => [
        key,
        {
          id: customerId,
          externalId: this.externalIds.get(customerId) ?? null,
          epoch: 0,
          shared,
          signs: [...this.identities]
            .filter(([, other]) => other.customerId === customerId && !other.shared)
            .map(([other]) => other.split(':')[0] as IdentitySign),
        },
      ]),
    )
    const newId = (): string => `c${String(++this.#made).padStart(4, '0')}`
    const rules = { policy: { identifyBy: this.#signs }, apart: this.apart }
    const plan = planIdentities(page.map(claimOf), known, newId, rules)
    for (const [id, externalId] of [...plan.created, ...plan.named]) this.externalIds.set(id, externalId)
    for (const { kind, value, customerId, shared } of plan.newIdentities) {
      if (this.identities.has(identityKey({ kind, value }))) throw new Error(`${value} is known already`)
      this.identities.set(identityKey({ kind, value }), { customerId, shared })
    }
    for (const { kind, value, ownerId, newOwnerId } of plan.shared) {
      const owner = this.identities.get(identityKey({ kind, value }))?.customerId
      if (owner !== ownerId) throw new Error(`${value} is not ${ownerId}'s`)
      this.identities.set(identityKey({ kind, value }), { customerId: newOwnerId, shared: true })
    }
    for (const [from, into] of plan.merges) {
      if (this.mergedInto.has(into)) throw new Error(`${into} has left already`)
      this.mergedInto.set(from, into)
      for (const identity of this.identities.values()) if (identity.customerId === from) identity.customerId = into
    }
    this.refused.push(...[...plan.refused].map((index) => this.#claims + index))
    this.#claims += page.length
    return [...plan.customerIds]
  }

  today(id: string): string {
    return this.mergedInto.has(id) ? this.today(this.mergedInto.get(id) ?? '') : id
  }
}

/** Who did which events, as text: `a a b`. Cut into pages of that size. */
function whoDid(events: readonly Words[], pageSize = events.length, signs?: readonly IdentitySign[]): string {
  const book = new Book(signs)
  const pages = Array.from({ length: Math.ceil(events.length / pageSize) }, (_, page) =>
    events.slice(page * pageSize, (page + 1) * pageSize),
  )
  const customers = pages.flatMap((page) => book.read(page)).map((id) => book.today(id))
  const names = [...new Set(customers)]
  return customers.map((id) => 'abcdefgh'[names.indexOf(id)] ?? '?').join(' ')
}

describe('who is who, in one page and event by event', () => {
  test.each<[what: string, events: Words[], who: string]>([
    ['a visitor who signs up keeps what they did before', ['b1', 'b1 u1', 'b1'], 'a a a'],
    ['two devices of one user', ['b1', 'b2', 'b1 u1', 'b2 u1'], 'a a a a'],
    ['a guest known by an address signs in', ['b1 e1', 'u1 e1'], 'a a'],
    ['a newsletter on one device, an account on another', ['b1 e1', 'b2 u1', 'u1 e1', 'b1', 'b2'], 'a a a a a'],
    ['two users on one browser', ['b1 u1', 'b1 u2', 'b1 u1'], 'a b a'],
    [
      'what is done without a name on a shared browser is nobody known',
      ['b1 u1', 'b1', 'b1 u2', 'b1', 'b1'],
      'a a b c c',
    ],
    ['nobody takes over what was done on a shared browser', ['b1 u1', 'b1 u2', 'b1', 'b1 u3', 'b1 u1'], 'a b c d a'],
    ['two users with one address', ['u1 e1', 'u2 e1', 'e1 b9'], 'a b a'],
    ['two users with one number', ['u1 p1', 'u2 p1'], 'a b'],
    ['a family orders as guests from one browser', ['b1 e1', 'b1 e2', 'b1 e1', 'b1 e2'], 'a b a b'],
    ['a guest, then somebody else signs in there with another address', ['b1 e1', 'b1 u2 e2', 'u2'], 'a b b'],
    ['a guest, then a known user with another address', ['u2 e2', 'b1 e1', 'b1 u2', 'e1 b7'], 'a b a b'],
    ['one number, two addresses: two people', ['e1 p1 b1', 'e2 p1 b2'], 'a b'],
    ['one address, two numbers: one person', ['e1 p1 b1', 'e1 p2 b2'], 'a a'],
    ['an address is a stronger sign than a browser', ['u1 b1', 'u2 e2', 'b1 e2'], 'a b b'],
    ['alias joins a browser', ['b1', 'u1 =b1', 'b1'], 'a a a'],
    ['alias gives a known user another id', ['u1', 'u2 =u1', 'u2', 'u1'], 'a a a a'],
    ['alias of two known users joins nobody', ['u1', 'u2', 'u2 =u1', 'u2'], 'a b b b'],
    ["alias of somebody else's browser joins nobody", ['u1 b1', 'u2', 'u2 =b1', 'u2'], 'a b b b'],
    ['alias in a browser where somebody sits without a name', ['b1', 'u1', 'b1 u2 =u1', 'b1'], 'a a a a'],
    ['alias joins across addresses', ['b1 e1', 'b2 e2', 'b1 =b2'], 'a a a'],
  ])('%s', (_what, events, who) => {
    expect(whoDid(events)).toBe(who)
    expect(whoDid(events, 1)).toBe(who)
    expect(whoDid(events, 2)).toBe(who)
  })

  test.each<[what: string, signs: IdentitySign[], events: Words[], who: string]>([
    ['numbers that do not identify', ['user', 'email', 'anonymous'], ['b1 p1', 'b2 p1', 'u1 p1'], 'a b c'],
    ['numbers before addresses', ['user', 'phone', 'email', 'anonymous'], ['b1 e1 p1', 'b2 e1 p2'], 'a b'],
    ['nothing but the user', ['user'], ['b1 u1', 'b1', 'b1 e1', 'u2 e1', 'b1 u1', 'b1'], 'a b b c a b'],
    [
      'browsers that do not identify',
      ['user', 'email', 'phone'],
      ['b1', 'b1 u1', 'b1', 'b1 u2', 'b1 e1 '],
      'a b a c d',
    ],
  ])('%s', (_what, signs, events, who) => {
    expect(whoDid(events, events.length, signs)).toBe(who)
    expect(whoDid(events, 1, signs)).toBe(who)
  })

  test('a refused alias is told', () => {
    const book = new Book()
    book.read(['u1', 'u2', 'u2 =u1', 'u3 =b1', 'u3 =u9'])
    expect(book.refused).toEqual([2])
  })

  test('who is better known stays, and of two alike the older one', () => {
    const book = new Book()
    const [visitor, guest] = book.read(['b1', 'b2 e1'])
    book.read(['b1 e1'])
    expect(book.mergedInto).toEqual(new Map([[visitor, guest]]))
    const [, older, younger] = [0, ...book.read(['b3', 'b4'])]
    book.read(['b3 u1', 'b4 u1'])
    expect(book.today(String(younger))).toBe(older)
  })

  test('who was taken apart is not joined again, whatever says so', () => {
    const book = new Book()
    const [one = '', other = ''] = book.read(['u1', 'b2 e2'])
    book.apart.add(pairKey(one, other))
    expect(book.read(['u1 b2', 'u1 e2', 'u1 =b2', 'b2', 'e2 b3'])).toEqual([one, one, one, expect.any(String), other])
    expect(book.mergedInto.size).toBe(0)
  })
})

describe('on random streams', () => {
  const pages = fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 8 })
  const any = fc
    .array(fc.constantFrom('u1', 'u2', 'u3', 'e1', 'e2', 'p1', 'p2', 'b1', 'b2', '=u1', '=b1', '=u3'), {
      minLength: 1,
      maxLength: 4,
    })
    .map((ids) =>
      [...new Set(ids)].filter((id, at, all) => all.findIndex((other) => other[0] === id[0]) === at).join(' '),
    )
    .filter((words) => /[ub]/.test(words.replaceAll(/=\w+/g, '')))

  /** Every claim of a user's own, at the end, answers who that is. */
  function cut(events: readonly Words[], sizes: readonly number[]): Words[][] {
    const result: Words[][] = []
    for (let from = 0, page = 0; from < events.length; page++) {
      const size = sizes[page % sizes.length] ?? 1
      result.push(events.slice(from, from + size))
      from += size
    }
    return result
  }

  function partition(events: readonly Words[], sizes: readonly number[]): number[] {
    const book = new Book()
    const customers = cut(events, sizes)
      .flatMap((page) => book.read(page))
      .map((id) => book.today(id))
    const names = [...new Set(customers)]
    return customers.map((id) => names.indexOf(id))
  }

  test('where pages end changes nothing', () => {
    fc.assert(
      fc.property(fc.array(any, { maxLength: 25 }), pages, (events, sizes) => {
        expect(partition(events, sizes)).toEqual(partition(events, [Math.max(1, events.length)]))
      }),
      { numRuns: runs(1_500) },
    )
  })

  test('two users who were once two are never joined', () => {
    fc.assert(
      fc.property(fc.array(any, { maxLength: 25 }), pages, (events, sizes) => {
        const book = new Book()
        book.read(['u1', 'u2', 'u3'])
        for (const page of cut(events, sizes)) book.read(page)
        const owners = ['u1', 'u2', 'u3'].map((user) => book.identities.get(`user:${user}`)?.customerId)
        expect(new Set(owners).size).toBe(3)
        expect([...book.mergedInto.keys()].filter((id) => book.externalIds.get(id) !== null)).toEqual([])
      }),
      { numRuns: runs(1_500) },
    )
  })

  /** People each with a user id, an address, a number and browsers of their own: nothing in it contradicts itself. */
  const life = fc
    .array(
      fc.tuple(
        fc.constantFrom(1, 2, 3),
        fc.subarray(['u', 'e', 'p', 'b', 'c'], { minLength: 1 }).filter((ids) => /[ubc]/.test(ids.join(''))),
      ),
      { maxLength: 20 },
    )
    .map((steps) =>
      steps.map(([person, ids]) =>
        ids
          .filter((id) => id !== 'c' || !ids.includes('b'))
          .map((id) => (id === 'c' ? `b${person}9` : `${id}${person}`))
          .join(' '),
      ),
    )

  test('where people share nothing, the order of arrival changes nothing', () => {
    fc.assert(
      fc.property(
        life.chain((events) =>
          fc.tuple(
            fc.constant(events),
            fc.shuffledSubarray(
              events.map((_, index) => index),
              { minLength: events.length },
            ),
            pages,
          ),
        ),
        ([events, order, sizes]) => {
          const inOrder = partition(events, sizes)
          const shuffled = partition(
            order.map((index) => events[index] ?? ''),
            sizes,
          )
          const pairs = events.flatMap((_, a) => events.map((_, b) => [a, b] as const))
          for (const [a, b] of pairs) {
            const together = shuffled[order.indexOf(a)] === shuffled[order.indexOf(b)]
            expect(together).toBe(inOrder[a] === inOrder[b])
          }
        },
      ),
      { numRuns: runs(500) },
    )
  })
})
