/** What the preference page shows: each channel with its topics, what is chosen, and where it goes, masked. */

import { maskContactPoint } from '../../analytics/privacy/masking.ts'
import { type Html, html } from '../../console/html.ts'
import { ruleFor } from '../../domain/consent-rule.ts'
import type { ContactPolicy } from '../../domain/definitions.ts'
import type { Channel } from '../../domain/snapshot.ts'
import type { ChannelWords, Preferences } from '../../store/preferences.ts'
import { topicIn } from './topic-words.ts'
import type { CustomerWords } from './words/customer-words.ts'
import { languageField } from './words/languages.ts'

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

/** The name of the checkbox of one topic on one channel. */
export function fieldName(channel: Channel, topic: string): string {
  return `${channel}:${topic}`
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

export function preferenceCard(words: CustomerWords, { policy, channels, isMeasured, said }: PreferenceView): Html {
  const { choices } = words
  const open = channels.filter(({ suppressed }) => suppressed === null)
  return html`${said !== undefined && html`<p class="said" role="status">${said}</p>`}
    <h1>${choices.heading}</h1>
    <p class="soft">${choices.hint}</p>
    <form method="post"><input type="hidden" name="${languageField}" value="${words.lang}">
    ${channels.map((one) => channelFields(policy, words, one))}
    ${open.length > 0 && measuringFields(words, isMeasured)}
    ${channels.length === 0 && html`<p>${choices.noAddress}</p>`}
    <div class="buttons">${open.length > 0 && html`<button name="do" value="save">${choices.save}</button>`}
    <button name="do" value="none" class="quiet">${choices.endAll}</button></div></form>
    <p class="foot">${choices.foot}</p>`
}

function measuringFields({ choices }: CustomerWords, isMeasured: boolean): Html {
  return html`<fieldset><legend>${choices.measuring}</legend><input type="hidden" name="${measuredShownField}" value="yes">
    <label class="choice"><input type="checkbox" name="${measuredField}" value="on"${isMeasured && html` checked`}>
    <span><span class="name">${choices.measured}</span></span></label></fieldset>`
}

function channelFields(
  policy: ContactPolicy,
  words: CustomerWords,
  { channel, address, words: said, unconfirmed, suppressed }: ChannelView,
): Html {
  const { choices } = words
  const boxes = Object.keys(policy.topics).map((topic) => {
    const { name, description } = topicIn(policy, topic, words)
    const isChosen = suppressed === null && isOn(policy, channel, topic, said)
    const waits = !isChosen && (unconfirmed.includes(topic) || unconfirmed.includes('*'))
    return html`<label class="choice"><input type="checkbox" name="${fieldName(channel, topic)}" value="on"${
      isChosen && html` checked`
    }${suppressed !== null && html` disabled`}><span><span class="name">${name}</span>
      ${description !== undefined && html`<span class="soft">${description}</span>`}
      ${waits && html`<span class="soft">${choices.waits}</span>`}</span></label>`
  })
  return html`<fieldset><legend>${words.channels[channel]}</legend>
    <p class="to">${choices.to(maskContactPoint(channel, address, 'marketer'))}</p>
    ${suppressed !== null && html`<p class="said warn">${reasonFor(choices.suppressed, suppressed)}</p>`}
    ${boxes}</fieldset>`
}

function reasonFor(reasons: CustomerWords['choices']['suppressed'], suppressed: string): string {
  return Object.hasOwn(reasons, suppressed) ? reasons[suppressed as keyof typeof reasons] : reasons.other
}
