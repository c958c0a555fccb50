/** Writing a broadcast in the console, and the pages that ask once more before it starts, rests, goes on or ends. */

import type { BroadcastPreview } from '../domain/broadcast-preview.ts'
import type { Broadcast } from '../store/broadcasts/broadcasts.ts'
import { costWords, reachWords } from './broadcast-preview-words.ts'
import type { DocumentFormFrame } from './document-form.ts'
import { formatCount } from './format.ts'
import { type Html, html } from './html.ts'

export const broadcastVerbs = ['start', 'pause', 'resume', 'cancel'] as const
export type BroadcastVerb = (typeof broadcastVerbs)[number]

export const broadcastFormFrame: DocumentFormFrame = {
  noun: 'broadcast',
  lead: 'It becomes a draft. Nothing is sent before you have seen how many it is for, and said so.',
  action: '/broadcasts/new',
  button: 'Keep as a draft',
  back: '/broadcasts',
  exampleKey: 'spring-sale',
}

interface Question {
  readonly title: (name: string) => string
  readonly words: () => Html
  readonly yes: string
  readonly no: string
}

/** What each of them does, said before it is done. */
const questions: Readonly<Record<Exclude<BroadcastVerb, 'start'>, Question>> = {
  pause: {
    title: (name) => `Pause “${name}”?`,
    words: () =>
      html`<p>Nothing more leaves after the page that is under way. It can go on later, as long as it is fresh.</p>`,
    yes: 'Pause it',
    no: 'Leave it running',
  },
  resume: {
    title: (name) => `Let “${name}” go on?`,
    words: () => html`<p>Whoever was not reached yet gets it now, unless it has become stale.</p>`,
    yes: 'Let it go on',
    no: 'Leave it paused',
  },
  cancel: {
    title: (name) => `End “${name}”?`,
    words: () => html`<p class="warn">Whoever was not reached gets nothing, and it cannot be begun again.</p>`,
    yes: 'End it for good',
    no: 'Leave it as it is',
  },
}

function zoneWords(zone: string): string {
  return zone === 'recipient' ? 'on the clock of each recipient' : zone
}

/** Whether to send it, once it is said whom it reaches and what it costs. */
export function startPage(broadcast: Broadcast, preview: BroadcastPreview): Html {
  const { channel, topic, segment, sendAt, variants } = broadcast.definition
  const { audience } = preview
  const words = html`<p><strong class="big">${formatCount(audience)}</strong></p>
      <p>${audience === 1 ? 'customer has' : 'customers have'} ${channel === 'sms' ? 'a phone' : 'an address'}${segment !== null && html` and ${audience === 1 ? 'is' : 'are'} in ${segment}`}. Each is asked about
      consent to ${topic}, suppression, caps and quiet hours once more right before sending, so that fewer may get
      it; ${sendAt === null ? 'it begins at once' : `it leaves at ${sendAt.local.replace('T', ' ')}, ${zoneWords(sendAt.timeZone)}`}.</p>
      ${reachWords(preview)}${costWords(preview)}
      <p class="soft">It can be paused and cancelled; what has left cannot be called back.
      <a href="/templates/${variants[0]?.template}#test">Send yourself a test first</a></p>`
  return questionPage(broadcast, { title: `Send “${broadcast.name}”?`, words, yes: 'Send it', no: 'Not now' })
}

export function askPage(broadcast: Broadcast, verb: keyof typeof questions): Html {
  const { title, words, yes, no } = questions[verb]
  return questionPage(broadcast, { title: title(broadcast.name), words: words(), yes, no })
}

function questionPage(
  { key, version }: Broadcast,
  {
    title,
    words,
    yes,
    no,
  }: { readonly title: string; readonly words: Html; readonly yes: string; readonly no: string },
): Html {
  return html`<main><h1>${title}</h1><section>${words}
    <form method="post" class="buttons"><input type="hidden" name="version" value="${version}"><button>${yes}</button> <a href="/broadcasts/${key}">${no}</a></form></section></main>`
}

const nextVerbs: Readonly<Record<Broadcast['status'], readonly BroadcastVerb[]>> = {
  draft: ['start', 'cancel'],
  running: ['pause', 'cancel'],
  paused: ['resume', 'cancel'],
  done: [],
  cancelled: [],
}
const verbWords: Readonly<Record<BroadcastVerb, string>> = {
  start: 'Send …',
  pause: 'Pause …',
  resume: 'Go on …',
  cancel: 'End …',
}

/** What may be done with it as it stands, for whoever may. */
export function broadcastLinks({ key, status }: Broadcast): Html {
  const verbs = nextVerbs[status].map((verb) => html`<a href="/broadcasts/${key}/${verb}">${verbWords[verb]}</a>`)
  return html`<p class="buttons">${status === 'draft' && html`<a href="/broadcasts/new?from=${key}">Change</a>`}
    ${verbs} ${status !== 'draft' && html`<a href="/broadcasts/new?like=${key}">Make one like it</a>`}</p>`
}
