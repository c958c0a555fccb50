/** How topics are called on the pages of customers, and in the record of what they chose. */

import type { ContactPolicy, TopicWords } from '../../domain/definitions.ts'
import type { Channel } from '../../domain/snapshot.ts'
import type { CustomerWords } from './words/customer-words.ts'

/** In the language of the page where the policy has it, else as the policy calls it. */
export function topicIn({ topics }: ContactPolicy, topic: string, { lang }: CustomerWords): TopicWords {
  const known = Object.hasOwn(topics, topic) ? topics[topic] : undefined
  const translated = known?.translations
  if (translated !== undefined && Object.hasOwn(translated, lang)) return translated[lang] ?? { name: topic }
  return known ?? { name: topic }
}

/** What is confirmed, as it stands on the page and in the record. */
export function confirmedWords(
  policy: ContactPolicy,
  words: CustomerWords,
  channel: Channel,
  topic: string,
  brand: string,
): string {
  const what = topic === '*' ? words.everything : topicIn(policy, topic, words).name
  return words.from(words.channels[channel], brand, what)
}

/** The words beside a checkbox, as they are written down with the choice. */
export function choiceWords(policy: ContactPolicy, words: CustomerWords, channel: Channel, topic: string): string {
  const { name, description } = topicIn(policy, topic, words)
  return `${words.channels[channel]} · ${name}${description === undefined ? '' : ` · ${description}`}`
}
