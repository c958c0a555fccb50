/** The identities that mail is sent under: who is for what, what left today, how it arrived, how far a warm-up is. */

import type { SenderReport } from '../domain/sender-report.ts'
import { planInWords, routeInWords } from '../domain/sender-report.ts'
import { formatCount } from './format.ts'
import { type Html, html } from './html.ts'

export function senderListPage(senders: readonly SenderReport[]): Html {
  return html`<main><h1>Senders</h1><p class="lead">The identities that mail is sent under. Numbers of today are by the clock of UTC;
    what came back and was complained of is of marketing in the last three days.</p>
    <section><table><thead><tr><th>Identity</th><th>Is for</th><th>Left today</th><th>No such address</th><th>Complaints</th>
      <th>Signs with</th></tr></thead><tbody>${senders.map(senderRow)}</tbody></table></section></main>`
}

function senderRow(sender: SenderReport): Html {
  const { key, from, signsWith, bounceDomain, servers, pause, plan, lately } = sender
  return html`<tr><td>${key}${pause !== null && html` <span class="tag warn">paused</span>`}<br><span class="soft">${from}</span>${
    pause !== null && html`<br><span class="soft">${pause.reason}</span>`
  }</td>
    <td>${routeInWords(sender)}${plan !== null && html`<br><span class="soft">${planInWords(plan)}</span>`}</td>
    <td>${todayInWords(sender)}</td><td>${lately === null ? '–' : shareOf(lately.bounced, lately.sent)}</td>
    <td>${lately === null ? '–' : shareOf(lately.complained, lately.sent)}${
      lately !== null && lately.level !== 'ok' && html` <span class="tag warn">${lately.level}</span>`
    }</td>
    <td>${signsWith.length === 0 ? html`<span class="tag warn">unsigned</span>` : signsWith.join(', ')}<br><span class="soft">bounces ${
      bounceDomain === null ? 'to the sender' : `at ${bounceDomain}`
    }; ${servers === null ? 'the shared servers' : servers.join(', ')}</span></td></tr>`
}

function todayInWords({ today: { marketing, transactional, failed, inDoubt } }: SenderReport): string {
  const parts = [
    [marketing, 'marketing'],
    [transactional, 'transactional'],
    [failed, 'failed'],
    [inDoubt, 'in doubt'],
  ] as const
  const said = parts.filter(([count]) => count > 0).map(([count, what]) => `${formatCount(count)} ${what}`)
  return said.length === 0 ? 'nothing yet' : said.join(', ')
}

function shareOf(part: number, whole: number): string {
  return `${((part / Math.max(1, whole)) * 100).toFixed(2)} %`
}
