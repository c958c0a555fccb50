/**
 * Several servers, each for some messages or for all: the first one that is meant for a message and is well gets it.
 * The next one is tried only if the one before has certainly not taken it, so failing over never sends twice.
 */

import type { DeliveryResult } from '../../../domain/delivery.ts'
import type { MessageClass } from '../../../domain/snapshot.ts'
import type { SmtpMail } from './conversation.ts'
import { createSmtpSender, type Lane, type SmtpSender } from './sender.ts'
import { type Route, readServerUrl } from './server-url.ts'

export interface Providers {
  send(mail: SmtpMail, messageClass: MessageClass, lane: Lane): Promise<DeliveryResult>
  close(): void
}

interface Provider {
  readonly route: Route
  readonly sender: SmtpSender
  /** Failures in a row that were the server's. */
  failures: number
  restsUntil: number
}

/** Real milliseconds that a server which fails is left alone, while another one may do. */
const firstRestMs = 1_000
const longestRestMs = 60_000

/**
 * @param urls one or more, separated by white space, in the order in which they are preferred.
 * @throws RangeError naming the part that is wrong.
 */
export function openProviders(urls: string): Providers {
  const providers = urls
    .trim()
    .split(/\s+/)
    .map((url): Provider => {
      const { route, ...server } = readServerUrl(url)
      return { route, sender: createSmtpSender(server), failures: 0, restsUntil: 0 }
    })
  return {
    async send(mail, messageClass, lane) {
      const candidates = inOrder(providers.filter(({ route }) => isFor(route, mail, messageClass)))
      let result: DeliveryResult = { status: 'retry', reason: 'no SMTP server is meant for this message' }
      for (const provider of candidates) {
        const outcome = await provider.sender.send(mail, lane)
        note(provider, outcome.about === 'message')
        result = outcome.result
        // Anything else than "certainly not taken, and not because of this message" is an answer.
        if (result.status !== 'retry' || outcome.about === 'message') break
      }
      return result
    },
    close() {
      for (const { sender } of providers) sender.close()
    },
  }
}

function isFor({ only, domains }: Route, { to }: SmtpMail, messageClass: MessageClass): boolean {
  if (only !== undefined && only !== messageClass) return false
  return domains === undefined || domains.has(to.slice(to.lastIndexOf('@') + 1).toLowerCase())
}

/** Those that are well, as preferred; then those that rest, for something must be tried. */
function inOrder(providers: readonly Provider[]): readonly Provider[] {
  const now = performance.now()
  const isWell = ({ restsUntil }: Provider): boolean => restsUntil <= now
  return providers.every(isWell)
    ? providers
    : [...providers.filter(isWell), ...providers.filter((provider) => !isWell(provider))]
}

function note(provider: Provider, isWell: boolean): void {
  if (isWell) {
    provider.failures = 0
    provider.restsUntil = 0
    return
  }
  const restMs = Math.min(longestRestMs, firstRestMs * 2 ** provider.failures++)
  provider.restsUntil = performance.now() + restMs
}
