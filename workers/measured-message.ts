/** Makes it measurable what people do with a message: its links lead through the product, a picture tells of its opening. */

import { measurableTargets, shortenedText } from '../src/channels/templates/measurable-links.ts'
import type { RenderedMessage } from '../src/channels/templates/render-message.ts'
import { redirectLinks, redirectTextLinks, withPixel, withTrap } from '../src/channels/templates/tracked-links.ts'
import type { Channel } from '../src/domain/snapshot.ts'
import type { Measuring } from '../src/domain/tracking.ts'
import type { Queryable } from '../src/store/database.ts'
import { clickUrl, linkIdOf, pixelUrl, saveTargets, shortUrls, trapLink } from '../src/store/tracked-links.ts'
import type { Vault } from '../src/store/vault.ts'

export interface MeasuringNeeds {
  readonly database: Queryable
  readonly vault: Vault
  /** The address, of the shop's own domain, under which links reach the product. */
  readonly linksUrl: string
  readonly publicUrl: string
  readonly nowMs: () => number
}

export type MeasureMessage = (
  message: { readonly id: string; readonly channel: Channel },
  content: RenderedMessage,
  measuring: Measuring,
) => Promise<RenderedMessage>

/** So many targets are remembered as saved; campaigns have a few hundred. */
const mostRemembered = 10_000

export function createMeasureMessage(needs: MeasuringNeeds): MeasureMessage {
  const saved = new Set<string>()
  const save = async (targets: readonly string[]): Promise<void> => {
    const fresh = targets.filter((target) => !saved.has(target))
    await saveTargets(needs.database, fresh, needs.nowMs())
    if (saved.size > mostRemembered) saved.clear()
    for (const target of fresh) saved.add(target)
  }
  return async ({ id, channel }, content, { opens, clicks }) => {
    const targets = clicks ? measurableTargets(content.impersonalLinks ?? [], needs) : []
    await save(targets)
    if (channel === 'sms') {
      const short = await shortUrls(needs.database, needs.vault, needs.linksUrl, [{ messageId: id, targets }])
      return { ...content, text: shortenedText(content.text, short.get(id)) }
    }
    return measuredMail(id, content, targets, opens, needs)
  }
}

type Places = Pick<MeasuringNeeds, 'vault' | 'linksUrl' | 'publicUrl'>

/** Both parts: who reads the plain text is counted, too. */
export function measuredMail(
  id: string,
  content: RenderedMessage,
  targets: readonly string[],
  opens: boolean,
  places: Pick<Places, 'vault' | 'linksUrl'>,
): RenderedMessage {
  const html = content.html === null ? null : measuredHtml(id, content.html, targets, opens, places)
  return { ...content, html, text: measuredText(id, content.text, targets, places) }
}

function measuredText(
  id: string,
  text: string,
  targets: readonly string[],
  { vault, linksUrl }: Pick<Places, 'vault' | 'linksUrl'>,
): string {
  return measuredTextBy(text, targets, (linkId) => clickUrl(vault, linksUrl, id, linkId))
}

export function measuredTextBy(text: string, targets: readonly string[], click: (linkId: string) => string): string {
  const known = new Set(targets)
  return redirectTextLinks(text, (target) => (known.has(target) ? click(linkIdOf(target)) : undefined))
}

export function measuredHtml(
  id: string,
  html: string,
  targets: readonly string[],
  opens: boolean,
  { vault, linksUrl }: Pick<Places, 'vault' | 'linksUrl'>,
): string {
  return measuredBy(html, targets, opens, {
    click: (linkId) => clickUrl(vault, linksUrl, id, linkId),
    pixel: () => pixelUrl(vault, linksUrl, id),
  })
}

/** @param urls of the links and the picture of one message. */
export function measuredBy(
  html: string,
  targets: readonly string[],
  opens: boolean,
  urls: { readonly click: (linkId: string) => string; readonly pixel: () => string },
): string {
  const known = new Set(targets)
  const redirected = redirectLinks(html, (target) => (known.has(target) ? urls.click(linkIdOf(target)) : undefined))
  const trapped = targets.length === 0 ? redirected : withTrap(redirected, urls.click(trapLink))
  return opens ? withPixel(trapped, urls.pixel()) : trapped
}
