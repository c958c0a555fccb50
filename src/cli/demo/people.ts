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
const zones = ['America/New_York', 'America/Chicago', 'America/Denver', 'America/Los_Angeles']
const areaCodes = ['212', '312', '303', '415']
const genres = ['Jazz', 'Rock', 'Classical', 'Soul', 'Folk', 'Electronic']

/** The person behind a customer number. */
export function demoPerson(customerNumber: string): DemoPerson {
  const share = (what: string): number => shareOf(`${what}:${customerNumber}`)
  const pick = <T>(what: string, from: readonly T[]): T => from[Math.floor(share(what) * from.length)] as T
  const firstName = pick('first name', firstNames)
  const lastName = pick('last name', lastNames)
  const zone = Math.floor(share('zone') * zones.length)
  const hasPhone = share('phone') < 0.4
  const line = String(Math.floor(share('line') * 100)).padStart(2, '0')
  return {
    userId: `cdnow-${customerNumber}`,
    firstName,
    lastName,
    email: `${firstName}.${lastName}.${customerNumber}@listener.example`.toLowerCase(),
    phone: hasPhone ? `+1${areaCodes[zone]}55501${line}` : undefined,
    timeZone: zones[zone] as string,
    favouriteGenre: pick('genre', genres),
    emailConsent: share('email consent') < 0.92,
    smsConsent: hasPhone && share('sms consent') < 0.8,
  }
}
