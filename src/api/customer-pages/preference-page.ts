/** What the preference page shows: each channel with its topics, what is chosen, and where it goes, masked. */

import { maskContactPoint } from '../../analytics/privacy/masking.ts'
import { type Html, html } from '../../console/html.ts'
import { ruleFor } from '../../domain/consent-rule.ts'
import type { ContactPolicy } from '../../domain/definitions.ts'
import type { Channel } from '../../domain/snapshot.ts'
import type { ChannelWords, Preferences } from '../../store/preferences.ts'

export interface ChannelView extends Pick<Preferences, 'channel' | 'words' | 'unconfirmed' | 'suppressed'> {
  /** In plain text; the page masks it. */
  readonly address: string
}

export interface PreferenceView {
  readonly policy: ContactPolicy
  readonly channels: readonly ChannelView[]
  /** It may be measured what they do with messages. */
  readonly isMeasured: boolean
  /** What was just done, in words. */
  readonly said: string | undefined
}

export const channelNames: Readonly<Record<Channel, string>> = { email: 'E-mail', sms: 'Text messages' }

/** The name of the checkbox of one topic on one channel. */
export function fieldName(channel: Channel, topic: string): string {
  return `${channel}:${topic}`
}

/** The words beside a checkbox, as they are written down with the choice. */
export function wordsOf({ topics }: ContactPolicy, channel: Channel, topic: string): string {
  const { name = topic, description } = topics[topic] ?? {}
  return `${channelNames[channel]} · ${name}${description === undefined ? '' : ` · ${description}`}`
}

/** Whether a topic is on: chosen, or never spoken of where the shop may write until told otherwise. */
export function isOn(policy: ContactPolicy, channel: Channel, topic: string, words: ChannelWords): boolean {
  if (words['*'] === 'withdrawn' || words[topic] === 'withdrawn') return false
  const rule = ruleFor(policy, channel, topic)
  if (words[topic] === 'granted') return true
  if (words['*'] === 'granted') return rule !== 'double' || policy.channels[channel].consent === 'double'
  return rule === 'implied'
}

/** The name of the checkbox, and of the field that says it was shown. */
export const measuredField = 'measured'
export const measuredShownField = 'measured-shown'
export const measuredWords = 'You may measure whether I open messages and which links in them I follow'

export function preferenceCard({ policy, channels, isMeasured, said }: PreferenceView): Html {
  const open = channels.filter(({ suppressed }) => suppressed === null)
  return html`${said !== undefined && html`<p class="said" role="status">${said}</p>`}
    <h1>What would you like to hear about?</h1>
    <p class="soft">Tick what you want, leave out what you do not. It holds from the moment you save it.</p>
    <form method="post">${channels.map((one) => channelFields(policy, one))}
    ${open.length > 0 && measuringFields(isMeasured)}
    ${channels.length === 0 && html`<p>We have no address of yours to write to.</p>`}
    <div class="buttons">${open.length > 0 && html`<button name="do" value="save">Save my choices</button>`}
    <button name="do" value="none" class="quiet">Unsubscribe from everything</button></div></form>
    <p class="foot">Messages about orders that you place, such as receipts, may still reach you.</p>`
}

function measuringFields(isMeasured: boolean): Html {
  return html`<fieldset><legend>Measuring</legend><input type="hidden" name="${measuredShownField}" value="yes">
    <label class="choice"><input type="checkbox" name="${measuredField}" value="on"${isMeasured && html` checked`}>
    <span><span class="name">${measuredWords}</span></span></label></fieldset>`
}

const reasons: Readonly<Record<string, string>> = {
  stop: 'You answered STOP, so nothing is sent to this number. Answer START to the same number to begin again.',
  complaint: 'A message to this address was reported as unwanted, so nothing is sent there any more.',
  bounce: 'Messages to this address came back, so nothing is sent there any more.',
  invalid: 'This address cannot be reached, so nothing is sent there any more.',
}

function channelFields(policy: ContactPolicy, { channel, address, words, unconfirmed, suppressed }: ChannelView): Html {
  const boxes = Object.entries(policy.topics).map(([topic, { name, description }]) => {
    const isChosen = suppressed === null && isOn(policy, channel, topic, words)
    const waits = !isChosen && (unconfirmed.includes(topic) || unconfirmed.includes('*'))
    return html`<label class="choice"><input type="checkbox" name="${fieldName(channel, topic)}" value="on"${
      isChosen && html` checked`
    }${suppressed !== null && html` disabled`}><span><span class="name">${name}</span>
      ${description !== undefined && html`<span class="soft">${description}</span>`}
      ${waits && html`<span class="soft">Waits for you to confirm it: we have sent you a message.</span>`}</span></label>`
  })
  return html`<fieldset><legend>${channelNames[channel]}</legend>
    <p class="to">to ${maskContactPoint(channel, address, 'marketer')}</p>
    ${suppressed !== null && html`<p class="said warn">${reasons[suppressed] ?? 'Nothing is sent to this address. Please ask us if you want that changed.'}</p>`}
    ${boxes}</fieldset>`
}
