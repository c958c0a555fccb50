/** Who is signed in to the console: a signed cookie that names the admin key, and ends with it. */

import type { Vault } from '../store/vault.ts'

const cookieName = 'perennial_session'
const purpose = 'console-session'
const validMs = 12 * 3_600_000
const signatureLength = 22

/** Signed in by a link of the start command instead of by a key. */
export const localSession = 'local'

/** The header that signs somebody in. @param who the id of an admin key, or `localSession`. */
export function sessionCookie(vault: Vault, who: string, isSecure: boolean): string {
  const text = `${who}.${Date.now() + validMs}`
  return cookie(`${text}.${vault.sign(purpose, text)}`, validMs / 1000, isSecure)
}

/** The header that signs somebody out. */
export function endedCookie(isSecure: boolean): string {
  return cookie('', 0, isSecure)
}

/** Who signed in with the cookie of this request; undefined if nobody, or too long ago. */
export function readSession(vault: Vault, cookieHeader: string | undefined): string | undefined {
  const value = cookieHeader
    ?.split(';')
    .map((part) => part.trim())
    .find((part) => part.startsWith(`${cookieName}=`))
    ?.slice(cookieName.length + 1)
  if (value === undefined) return undefined
  const text = value.slice(0, -signatureLength - 1)
  const [who, until] = text.split('.')
  const isOurs = vault.verify(purpose, text, value.slice(-signatureLength)) && value.at(-signatureLength - 1) === '.'
  return isOurs && who !== undefined && Number(until) > Date.now() ? who : undefined
}

function cookie(value: string, maxAgeSeconds: number, isSecure: boolean): string {
  const secure = isSecure ? '; Secure' : ''
  return `${cookieName}=${value}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${maxAgeSeconds}${secure}`
}
