/** Liquid, with limits: what a template may do when it is rendered with a customer's data. */

import { Context, filters, Liquid, type Template } from 'liquidjs'

/** A template that cannot be used; the message says why and holds no data of the customer. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError'
}

/** Which characters mean something where the output goes. */
export type Escaping = 'html' | 'none'

const longestTemplate = 200_000
const longestRenderMs = 100
const mostMemory = 2_000_000

const engines: Readonly<Record<Escaping, Liquid>> = { html: createEngine('html'), none: createEngine('none') }

/** A parsed template, ready to be rendered often. */
export interface ParsedTemplate {
  readonly escaping: Escaping
  readonly nodes: Template[]
}

/** @throws TemplateError with the place and the reason if it is no valid Liquid, or uses what is not allowed. */
export function parseLiquid(source: string, escaping: Escaping): ParsedTemplate {
  try {
    return { escaping, nodes: engines[escaping].parse(source) }
  } catch (error) {
    throw new TemplateError(firstLine(error))
  }
}

/** @throws TemplateError if it takes too much time or memory, or a filter cannot do its work. */
export function renderLiquid({ escaping, nodes }: ParsedTemplate, data: object): string {
  const liquid = engines[escaping]
  // Liquid asks it by these names; the class of its own is not to be had.
  const renderLimit = new OwnTime(longestRenderMs) as never
  try {
    return String(liquid.renderSync(nodes, new Context(data, liquid.options, { sync: true }, { liquid, renderLimit })))
  } catch (error) {
    // A filter may quote what it was given, so only the kind of error is told.
    throw new TemplateError(error instanceof Error ? `rendering failed: ${error.name}` : 'rendering failed')
  }
}

/** Where expressions of a template are worked out one by one. */
export function contextFor({ escaping }: ParsedTemplate, data: object): Context {
  const liquid = engines[escaping]
  return new Context(data, liquid.options, { sync: true }, { liquid })
}

/** Processor time of this thread: where the machine is busy, a good template is kept waiting for long. */
class OwnTime {
  readonly #longestMs: number
  readonly #beganMs = performance.now()
  readonly #beganOwnMs = ownMs()

  constructor(longestMs: number) {
    this.#longestMs = longestMs
  }

  check(nowMs: number): void {
    if (nowMs - this.#beganMs <= this.#longestMs) return
    if (ownMs() - this.#beganOwnMs > this.#longestMs) throw new Error('template render limit exceeded')
  }
}

function ownMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1_000
}

function createEngine(escaping: Escaping): Liquid {
  const engine = new Liquid({
    parseLimit: longestTemplate,
    memoryLimit: mostMemory,
    ownPropertyOnly: true,
    strictFilters: true,
    // Nothing to include or to lay out: templates see no file.
    templates: {},
    // The same text everywhere: instants in UTC, unless the template names a zone.
    timezoneOffset: 0,
    locale: 'en',
    ...(escaping === 'html' ? { outputEscape: 'escape' as const } : {}),
  })
  // What would let a value through unescaped.
  engine.unregisterFilter('raw')
  delete engine.tags['raw']
  // What a template escapes itself is not escaped once more: nobody is called "O&#39;Neill".
  if (escaping === 'html') {
    for (const name of ['escape', 'xml_escape', 'escape_once']) {
      const handler = filters[name]
      if (typeof handler === 'function') engine.registerFilter(name, { raw: true, handler })
    }
  }
  return engine
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? 'unknown error'
}
