/** The sending identities with what left under them today, how it arrived, and how far their plans of warming up are. */

import { readSender } from '../../channels/email/compose/sender-identity.ts'
import type { Clock } from '../../clock.ts'
import type { Config } from '../../config.ts'
import { judgeAll } from '../../domain/deliverability.ts'
import { type SenderPlan, senderPlanDay, usualSender } from '../../domain/mail-sender.ts'
import type { PlanReport, SenderReport } from '../../domain/sender-report.ts'
import type { MailSenderConfig } from '../../senders-file.ts'
import type { Database } from '../../store/database.ts'
import { countSendersToday, type SenderCounts, usedToday } from '../../store/sender-report.ts'
import { findPauses, findRates } from '../../store/sending-pauses.ts'

export interface SenderReportNeeds {
  readonly database: Database
  readonly clock: Clock
  readonly mail: Config['mail']
}

/** The usual one first. */
export async function reportSenders({ database: { pool }, clock, mail }: SenderReportNeeds): Promise<SenderReport[]> {
  const nowMs = clock.nowMs()
  const [counts, used, rates, pauses] = await Promise.all([
    countSendersToday(pool, nowMs),
    usedToday(pool, nowMs),
    findRates(pool, nowMs),
    findPauses(pool),
  ])
  const judged = judgeAll(rates)
  const identities: readonly MailSenderConfig[] = [usualOf(mail), ...(mail.senders ?? [])]
  const isAlone = !rates.some(({ scope }) => scope === 'sender')
  return identities.map((identity) => {
    const { key, topics, classes, from, replyTo, smtpUrl, dkim, bounceDomain, postalAddress, plan } = identity
    const lately = judged.find((one) =>
      one.scope === 'sender' ? one.key === key : isAlone && one.scope === 'all' && key === usualSender,
    )
    const pause = pauses.find((one) => one.scope === 'sender' && one.key === key)
    return {
      key,
      topics,
      classes,
      from,
      domain: domainOf(from),
      replyTo: replyTo ?? null,
      servers: smtpUrl === undefined ? null : smtpUrl.split(/\s+/).map((url) => new URL(url).host),
      signsWith: (dkim ?? mail.dkim).map((text) => text.slice(0, text.indexOf('='))),
      bounceDomain: bounceDomain ?? mail.bounceDomain ?? null,
      postalAddress: postalAddress ?? mail.postalAddress,
      today: todayOf(counts, key),
      lately:
        lately === undefined
          ? null
          : { sent: lately.sent, bounced: lately.bounced, complained: lately.complained, level: lately.level },
      pause: pause === undefined ? null : { id: pause.id, reason: pause.reason },
      plan: plan === undefined ? null : planOf(plan, used.get(key) ?? 0, nowMs),
    }
  })
}

/** Only the plans, which cost next to nothing to look up. */
export async function reportPlans({
  database: { pool },
  clock,
  mail,
}: SenderReportNeeds): Promise<({ readonly sender: string; readonly domain: string } & PlanReport)[]> {
  const nowMs = clock.nowMs()
  const planned = (mail.senders ?? []).filter(({ plan }) => plan !== undefined)
  if (planned.length === 0) return []
  const used = await usedToday(pool, nowMs)
  return planned.flatMap(({ key, from, plan }) =>
    plan === undefined ? [] : [{ sender: key, domain: domainOf(from), ...planOf(plan, used.get(key) ?? 0, nowMs) }],
  )
}

function domainOf(from: string): string {
  return readSender(from).domain.toLowerCase()
}

function usualOf({ from }: Config['mail']): MailSenderConfig {
  const nothing = { replyTo: undefined, smtpUrl: undefined, dkim: undefined, bounceDomain: undefined }
  const more = { postalAddress: undefined, mailgunDomain: undefined, plan: undefined }
  return { key: usualSender, topics: [], classes: [], from, ...nothing, ...more }
}

function todayOf(counts: readonly SenderCounts[], key: string): SenderReport['today'] {
  const own = counts.filter(({ sender }) => (sender ?? usualSender) === key)
  const sum = (of: (one: SenderCounts) => number): number => own.reduce((total, one) => total + of(one), 0)
  return {
    marketing: sum(({ messageClass, sent }) => (messageClass === 'marketing' ? sent : 0)),
    transactional: sum(({ messageClass, sent }) => (messageClass === 'transactional' ? sent : 0)),
    failed: sum(({ failed }) => failed),
    inDoubt: sum(({ inDoubt }) => inDoubt),
  }
}

function planOf(plan: SenderPlan, used: number, nowMs: number): PlanReport {
  const about = { from: new Date(plan.fromMs).toISOString().slice(0, 10), days: plan.days }
  const day = senderPlanDay(plan, nowMs)
  if (day === undefined) return { ...about, day: null, most: null, used: null, left: null }
  return { ...about, day: day.number, most: day.most, used, left: Math.max(0, day.most - used) }
}
