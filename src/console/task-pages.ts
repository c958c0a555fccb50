/** What journeys ask people to do: the most urgent first, each finished by pressing what came of it. */

import type { TaskRow, TaskStatus } from '../store/tasks.ts'
import { formatTime } from './format.ts'
import { type Html, html } from './html.ts'

export interface TaskPage {
  readonly tasks: readonly TaskRow[]
  readonly status: TaskStatus
  /** Of the next page; undefined on the last one. */
  readonly next: string | undefined
  readonly nowMs: number
  readonly mayFinish: boolean
}

/** With a word about each: which there are, and what an empty list means. */
const tabs: Readonly<Record<TaskStatus, { readonly name: string; readonly none: string }>> = {
  open: { name: 'Open', none: 'Nothing to do. A journey asks with a step of the type task.' },
  done: { name: 'Done', none: 'None was done yet.' },
  expired: { name: 'Too late', none: 'None was left lying.' },
  cancelled: { name: 'Called off', none: 'None was called off.' },
}

export function taskListPage({ tasks, status, next, nowMs, mayFinish }: TaskPage): Html {
  const links = Object.entries(tabs).map(([key, { name }]) =>
    key === status ? html`<strong>${name}</strong>` : html`<a href="/tasks?status=${key}">${name}</a>`,
  )
  const rows = tasks.map((task) => taskRow(task, nowMs, mayFinish && status === 'open'))
  return html`<main><h1>Tasks</h1><p class="lead buttons">${links}</p><section>${
    rows.length === 0
      ? html`<p class="soft">${tabs[status].none}</p>`
      : html`<table><thead><tr><th>What</th><th>Customer</th><th>${status === 'open' ? 'Due (UTC)' : 'Closed (UTC)'}</th>
        <th>${status === 'open' ? 'What came of it' : 'Outcome'}</th></tr></thead><tbody>${rows}</tbody></table>`
  }${next !== undefined && html`<p><a href="/tasks?status=${status}&amp;after=${next}">Further ones</a></p>`}</section></main>`
}

function taskRow(task: TaskRow, nowMs: number, mayFinish: boolean): Html {
  const { id, title, journey, step, customerId, externalId, status, dueAt, closedAt, outcome, note } = task
  const isLate = status === 'open' && dueAt.getTime() < nowMs
  return html`<tr><td>${title}<br><span class="soft"><a href="/journeys/${journey}">${journey}</a> › ${step}</span></td>
    <td><a href="/customers/${customerId}">${externalId ?? customerId.slice(-12)}</a></td>
    <td class="time">${formatTime(status === 'open' ? dueAt : closedAt)}${isLate && html` <span class="tag warn">late</span>`}</td>
    <td>${mayFinish ? finishForm(id, task.outcomes) : html`${outcome ?? '–'}${note !== null && html`<br><span class="soft">${note}</span>`}`}</td></tr>`
}

function finishForm(id: string, outcomes: readonly string[]): Html {
  return html`<form method="post" action="/tasks/${id}" class="buttons"><input name="note" maxlength="2000" autocomplete="off"
    placeholder="Note" aria-label="Note">${outcomes.map(
      (outcome) => html`<button class="quiet" name="outcome" value="${outcome}">${outcome}</button>`,
    )}</form>`
}
