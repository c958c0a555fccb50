/** Whether messages leave: what is stopped and why, how many wait, and the two deeds, each after a question. */

import type { HoldExtent, SendingHold, WaitingMessages } from '../store/sending-hold.ts'
import { maxReasonCharacters } from '../store/sending-hold.ts'
import type { SendingPause } from '../store/sending-pauses.ts'
import { formatCount, formatTime } from './format.ts'
import { type Html, html } from './html.ts'

export interface SendingPage {
  readonly held: SendingHold | undefined
  readonly waiting: WaitingMessages
  readonly pauses: readonly SendingPause[]
  readonly mayChange: boolean
}

const extents: Readonly<Record<HoldExtent, { readonly name: string; readonly state: string }>> = {
  marketing: { name: 'Marketing only', state: 'No marketing is sent' },
  everything: { name: 'Everything, receipts and webhook calls too', state: 'Nothing is sent' },
}

export function sendingPage({ held, waiting, pauses, mayChange }: SendingPage): Html {
  // What people have stopped is told above.
  const others = pauses.filter(({ scope, key }) => !(scope === 'all' && key !== '*'))
  return html`<main><h1>Sending</h1>
    <section>${held === undefined ? html`<p>Messages leave as planned.</p>` : heldWords(held)}
      <p class="soft">${waitingWords(waiting)} have not left yet.</p>${mayChange && deeds(held)}</section>
    <section><h2>Paused by itself</h2>${
      others.length === 0
        ? html`<p class="soft">Nothing. Too many bounces or complaints pause a domain, a journey, a sender or all marketing mail.</p>`
        : html`<table><thead><tr><th>What</th><th>Since (UTC)</th><th>Why</th></tr></thead><tbody>${others.map(pauseRow)}</tbody></table>
          <p class="soft">One of them goes on by <code>perennial deliverability resume ID</code>.</p>`
    }</section></main>`
}

/** The question before the deed. */
export function sendingQuestion(
  deed: 'pause' | 'resume',
  wish: { readonly extent: HoldExtent; readonly reason: string },
  waiting: WaitingMessages,
): Html {
  const { extent, reason } = wish
  return deed === 'pause'
    ? html`<main><h1>Stop sending?</h1><section><p>${extents[extent].name}, for this reason: ${reason}</p>
      <p class="soft">Events are taken and decisions made as ever; what is planned waits, and what expires meanwhile is not sent.</p>
      <form method="post" action="/sending/pause" class="buttons"><input type="hidden" name="extent" value="${extent}">
      <input type="hidden" name="reason" value="${reason}"><button name="sure" value="yes">Stop</button><a href="/sending">No</a></form></section></main>`
    : html`<main><h1>Let sending go on?</h1><section><p>${waitingWords(waiting)} wait. They leave within a quarter of an hour, if they still may.</p>
      <form method="post" action="/sending/resume" class="buttons"><button name="sure" value="yes">Go on</button><a href="/sending">No</a></form></section></main>`
}

function heldWords({ extent, reason, since }: SendingHold): Html {
  return html`<p class="warn"><strong>${extents[extent].state}</strong> since ${formatTime(since)} UTC: ${reason}</p>`
}

function waitingWords({ marketing, transactional }: WaitingMessages): string {
  return `${formatCount(marketing)} marketing and ${formatCount(transactional)} transactional messages`
}

function deeds(held: SendingHold | undefined): Html {
  const resume = html`<form method="post" action="/sending/resume"><button class="quiet">Let sending go on …</button></form>`
  if (held?.extent === 'everything') return resume
  const offered = Object.entries(extents).filter(([extent]) => extent !== held?.extent)
  return html`${held !== undefined && resume}
    <form method="post" action="/sending/pause"><label class="field">Why <input name="reason" required maxlength="${maxReasonCharacters}"
      autocomplete="off"></label><div class="buttons">${offered.map(
        ([extent, { name }]) => html`<button class="quiet" name="extent" value="${extent}">Stop: ${name} …</button>`,
      )}</div></form>`
}

function pauseRow({ scope, key, since, reason }: SendingPause): Html {
  return html`<tr><td>${scope === 'all' ? 'all marketing mail' : `${scope} ${key}`}</td><td class="time">${formatTime(since)}</td><td>${reason}</td></tr>`
}
