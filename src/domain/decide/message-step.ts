/** Planning a message, or saying why not, or why not yet. */

import { type ContactVerdict, mayContact } from '../contact-policy.ts'
import type { MessageStep } from '../steps.ts'
import type { Outcome } from './outcome.ts'
import { isStale, staleRule } from './pause.ts'
import { type DefinedRun, note, type Workspace } from './workspace.ts'

type Refusal = Extract<ContactVerdict, { allowed: false }>

/** One message per run, step and visit; the run goes on whether it was planned or refused, and stays if postponed. */
export function sendMessage(work: Workspace, run: DefinedRun, step: MessageStep): Outcome {
  if (isStale(work, run, step)) {
    note(work, run, 'message', 'skipped', staleRule, { channel: step.channel })
    return { goTo: step.ifRefused }
  }
  const couponId = step.offer === null ? null : heldCoupon(work, run, step.offer)
  if (couponId === undefined) {
    note(work, run, 'message', 'skipped', 'no-coupon', { channel: step.channel, offer: step.offer })
    return { goTo: step.ifRefused }
  }
  const verdict = askPolicy(work, run, step)
  if (!verdict.allowed) return heedRefusal(work, run, step, verdict)
  plan(work, run, step, couponId)
  return { goTo: step.next }
}

/** The coupon that this run has for an offer, if it can still be redeemed. */
function heldCoupon(work: Workspace, run: DefinedRun, offer: string): string | undefined {
  const id = run.memory.coupons?.[offer]
  return work.heldCoupons.find((coupon) => coupon.id === id)?.id
}

function askPolicy(work: Workspace, run: DefinedRun, step: MessageStep): ContactVerdict {
  const { customer } = work.snapshot
  return mayContact(
    {
      channel: step.channel,
      messageClass: step.messageClass,
      topic: step.topic,
      journey: run.journey,
      journeyCaps: run.definition.caps[step.channel],
    },
    {
      customerId: customer.id,
      timeZone: customer.timeZone,
      contact: work.view.contact[step.channel],
      lastOrderMs: work.view.orders.lastOrderMs,
      recentMessages: work.recentMessages,
    },
    work.definitions.policy,
    work.nowMs,
  )
}

function heedRefusal(work: Workspace, run: DefinedRun, step: MessageStep, refusal: Refusal): Outcome {
  const { rule, notBeforeMs } = refusal
  const detail = { channel: step.channel, ...refusal.detail }
  if (notBeforeMs === null) {
    note(work, run, 'message', 'refused', rule, detail)
    return { goTo: step.ifRefused }
  }
  if (isSkipped(work, run, step, refusal, notBeforeMs)) {
    note(work, run, 'message', 'skipped', rule, detail)
    return { goTo: step.ifRefused }
  }
  // Said once: the run is asked again at every look, and would say the same.
  if (run.memory.postponedBy !== rule) {
    note(work, run, 'message', 'postponed', rule, { ...detail, until_ms: notBeforeMs })
    run.memory = { ...run.memory, postponedBy: rule }
  }
  return { waitUntilMs: notBeforeMs }
}

function isSkipped(
  work: Workspace,
  run: DefinedRun,
  step: MessageStep,
  { rule }: Refusal,
  notBeforeMs: number,
): boolean {
  const { policy } = work.definitions
  const channel = policy.channels[step.channel]
  const wish = rule === 'quiet-hours' ? (step.whenQuiet ?? channel.whenQuiet) : (step.whenCapped ?? channel.whenCapped)
  if (wish === 'skip') return true
  return step.messageClass === 'marketing' && notBeforeMs > run.stepSinceMs + policy.patienceMs
}

function plan(work: Workspace, run: DefinedRun, step: MessageStep, couponId: string | null): void {
  const { nowMs, definitions, identifiers } = work
  const visit = (run.memory.visits?.[step.id] ?? 1) - 1
  work.messages.push({
    id: identifiers.id(`message:${run.id}:${step.id}:${visit}`),
    journey: run.journey,
    version: run.version,
    step: step.id,
    entryNumber: run.entryNumber,
    visit,
    channel: step.channel,
    messageClass: step.messageClass,
    topic: step.topic,
    template: step.template,
    couponId,
    data: { ...run.memory.trigger, ...step.data },
    expiresAtMs: nowMs + (step.validForMs ?? definitions.policy.channels[step.channel].validForMs),
  })
  const { channel, messageClass } = step
  work.recentMessages = [...work.recentMessages, { channel, journey: run.journey, messageClass, atMs: nowMs }]
  note(work, run, 'message', 'done', 'planned', { channel: step.channel, template: step.template })
}
