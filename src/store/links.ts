/** Links that we hand out. Each carries an id and a signature: nobody can make one up, and none leads elsewhere. */

import type { Vault } from './vault.ts'

const unsubscribePurpose = 'unsubscribe'
const surveyPurpose = 'survey'
const preferencesPurpose = 'preferences'
const confirmPurpose = 'confirm'
const loginPurpose = 'console-login'
const signatureLength = 22

const roots = new Map<string, string>()

/** Under which our own pages are: read once, for every message has many links. */
export function rootOf(url: string): string {
  const known = roots.get(url) ?? new URL(url).origin
  roots.set(url, known)
  return known
}

/** Where the recipient of a message can end such messages: shown in the message and named in List-Unsubscribe. */
export function unsubscribeUrl(vault: Vault, publicUrl: string, messageId: string): string {
  return `${rootOf(publicUrl)}/u/${messageId}.${vault.sign(unsubscribePurpose, messageId)}`
}

/** The message that the last part of an unsubscribe link speaks of; undefined if we did not make that link. */
export function readUnsubscribeToken(vault: Vault, token: string): string | undefined {
  return readSigned(vault, unsubscribePurpose, token)
}

/** Where the recipient of a survey answers it, without a login. With a score: that answer is only to be confirmed. */
export function surveyUrl(vault: Vault, publicUrl: string, messageId: string, score?: number): string {
  const url = new URL(`/s/${messageId}.${vault.sign(surveyPurpose, messageId)}`, publicUrl)
  if (score !== undefined) url.searchParams.set('score', String(score))
  return url.href
}

/** The message that the last part of a survey link speaks of; undefined if we did not make that link. */
export function readSurveyToken(vault: Vault, token: string): string | undefined {
  return readSigned(vault, surveyPurpose, token)
}

/** Where the recipient of a message chooses what to hear about. */
export function preferencesUrl(vault: Vault, publicUrl: string, messageId: string): string {
  return rootOf(publicUrl) + preferencesPath(vault, messageId)
}

export function preferencesPath(vault: Vault, messageId: string): string {
  return `/p/${messageId}.${vault.sign(preferencesPurpose, messageId)}`
}

/** The message that the last part of a preferences link speaks of; undefined if we did not make that link. */
export function readPreferencesToken(vault: Vault, token: string): string | undefined {
  return readSigned(vault, preferencesPurpose, token)
}

/** Where somebody confirms a yes. @param consentIds the rows that wait for it. */
export function confirmUrl(vault: Vault, publicUrl: string, consentIds: readonly string[]): string {
  const text = consentIds.join('-')
  return new URL(`/c/${text}.${vault.sign(confirmPurpose, text)}`, publicUrl).href
}

/** The rows that a confirmation link speaks of; undefined if we did not make that link. */
export function readConfirmToken(vault: Vault, token: string): readonly number[] | undefined {
  const text = readSigned(vault, confirmPurpose, token)
  return text === undefined || !/^\d{1,15}(?:-\d{1,15})*$/.test(text) ? undefined : text.split('-').map(Number)
}

/** With which receivers of our calls check that they come from us. */
export function webhookSecret(vault: Vault): string {
  return `whsec_${vault.sign('webhook', 'secret')}`
}

/** Where Twilio shall report what became of a message. */
export function twilioStatusUrl(publicUrl: string, messageId: string): string {
  return new URL(`/hooks/twilio/status?message=${messageId}`, publicUrl).href
}

/** A link that opens the console without a token, for `validMs` of real time from now. */
export function consoleLoginUrl(vault: Vault, publicUrl: string, validMs: number): string {
  const until = String(Date.now() + validMs)
  return new URL(`/login?ticket=${until}.${vault.sign(loginPurpose, until)}`, publicUrl).href
}

/** Whether this is a ticket of ours that has not expired. */
export function isLoginTicket(vault: Vault, ticket: string): boolean {
  const until = readSigned(vault, loginPurpose, ticket)
  return until !== undefined && Number(until) > Date.now()
}

/** What we signed for that purpose, from `TEXT.SIGNATURE`; undefined if we did not. */
export function readSigned(vault: Vault, purpose: string, token: string): string | undefined {
  const text = token.slice(0, -signatureLength - 1)
  const isWhole = text.length > 0 && token.at(-signatureLength - 1) === '.'
  return isWhole && vault.verify(purpose, text, token.slice(-signatureLength)) ? text : undefined
}
