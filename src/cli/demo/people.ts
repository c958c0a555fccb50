/** The invented half of the demo: people for the numbers in the purchase log, the same at every run. */

import { shareOf } from './cdnow.ts'

export interface DemoPerson {
  readonly userId: string
  readonly firstName: string
  readonly lastName: string
  readonly email: string
  /** E.164, from the range that is reserved for fiction; most people have none. */
  readonly phone: string | undefined
  readonly timeZone: string
  readonly favouriteGenre: string
  readonly emailConsent: boolean
  readonly smsConsent: boolean
}

const firstNames =
  'Ada Ben Clara Dev Elena Finn Grace Hugo Ines Jonas Kira Leo Maya Noah Olga Paul Quinn Rosa Sam Tara Uma Victor Wanda Xenia Yusuf Zoe'.split(
    ' ',
  )
const lastNames =
  'Abbott Brandt Castillo Dubois Eriksen Fischer Gupta Haas Ibrahim Jensen Kowalski Larsen Moreau Novak Okafor Petrov Quist Rossi Santos Tanaka Ueda Varga Weber Young Zimmer'.split(
    ' ',
  )
const areaCodesByZone: Readonly<Record<string, string>> = {
  'America/New_York':
    '201 202 203 207 212 215 216 239 301 302 304 305 315 401 404 407 410 412 413 419 434 440 502 508 513 516 518 561 585 603 607 609',
  'America/Chicago':
    '205 210 214 217 218 225 251 256 281 309 312 314 316 319 320 334 402 405 409 414 417 430 432 479 501 504 507 512',
  'America/Denver': '303 307 385 406 435 480 505 520 575 602 623 719',
  'America/Los_Angeles':
    '206 209 213 253 310 323 360 408 415 425 503 509 510 530 541 559 562 619 626 650 661 702 707 714',
}
const areas = Object.entries(areaCodesByZone).flatMap(([timeZone, codes]) =>
  codes.split(' ').map((code) => ({ code, timeZone })),
)
const genres = ['Jazz', 'Rock', 'Classical', 'Soul', 'Folk', 'Electronic']

/** The person behind a customer number. */
export function demoPerson(customerNumber: string): DemoPerson {
  const share = (what: string): number => shareOf(`${what}:${customerNumber}`)
  const pick = <T>(what: string, from: readonly T[]): T => from[Math.floor(share(what) * from.length)] as T
  const firstName = pick('first name', firstNames)
  const lastName = pick('last name', lastNames)
  const phone = phoneOf(Number(customerNumber))
  return {
    userId: `cdnow-${customerNumber}`,
    firstName,
    lastName,
    email: `${firstName}.${lastName}.${customerNumber}@listener.example`.toLowerCase(),
    phone: phone?.number,
    timeZone: phone?.timeZone ?? pick('zone', Object.keys(areaCodesByZone)),
    favouriteGenre: pick('genre', genres),
    emailConsent: share('email consent') < 0.92,
    smsConsent: phone !== undefined && share('sms consent') < 0.8,
  }
}

/** Two people in five have a phone. An area has a hundred numbers for fiction (555-0100 to 0199), so each is used once. */
function phoneOf(n: number): { number: string; timeZone: string } | undefined {
  if (n % 5 > 1) return undefined
  const index = Math.floor(n / 5) * 2 + (n % 5)
  const area = areas[Math.floor(index / 100)]
  if (!area) return undefined
  return { number: `+1${area.code}55501${String(index % 100).padStart(2, '0')}`, timeZone: area.timeZone }
}
