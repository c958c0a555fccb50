/** The frame of every page that people see: one quiet style, light and dark, no script, nothing from elsewhere. */

import { randomBytes } from 'node:crypto'
import type { FastifyReply } from 'fastify'
import { Html, html } from './html.ts'

const style = `
  :root {
    color-scheme: light dark; --ink: #1d2a24; --soft: #5d6b64; --line: #dfe6e1; --paper: #fbfcfb; --card: #fff;
    --leaf: #2f7d55; --warn: #a4501f;
  }
  @media (prefers-color-scheme: dark) {
    :root { --ink: #e5ece8; --soft: #9aa8a1; --line: #2c3833; --paper: #121815; --card: #19211d; --leaf: #6cc298;
      --warn: #e59a68; }
  }
  * { box-sizing: border-box }
  body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif }
  main, header.top { max-width: 68rem; margin: 0 auto; padding: 0 1.25rem }
  header.top { display: flex; gap: 1.25rem; align-items: baseline; padding-top: 1.1rem; flex-wrap: wrap }
  header.top strong { font-size: 1.1rem; letter-spacing: .01em } header.top strong a { color: var(--leaf) }
  header.top { row-gap: .2rem } header.top button { padding: .25rem .8rem }
  header.top .beside { margin-left: auto; display: flex; gap: .3rem 1rem; align-items: baseline; font-size: .92em }
  header.top nav { flex-basis: 100%; display: flex; gap: .2rem .92rem; flex-wrap: wrap; border-bottom: 1px solid var(--line) }
  header.top nav a { padding: .45rem 0; border-bottom: 2px solid transparent; margin-bottom: -1px; color: var(--ink) }
  header.top nav a[aria-current] { border-color: var(--leaf); color: var(--leaf); font-weight: 600 }
  a.skip { position: absolute; left: -99rem } a.skip:focus { left: .5rem; top: .5rem; background: var(--card); padding: .5rem }
  section pre { margin: 0; white-space: pre-wrap; font-size: .88em } summary { cursor: pointer; color: var(--leaf) }
  details h2 { margin-top: 1rem } section.chosen { border-color: var(--leaf) }
  h1 { font-size: 1.5rem; margin: 1.4rem 0 .3rem } h2 { font-size: 1.05rem; margin: 0 0 .7rem }
  a { color: var(--leaf); text-decoration: none } a:hover { text-decoration: underline }
  p.lead, .soft { color: var(--soft) } .warn { color: var(--warn) }
  .grid { display: grid; grid-template-columns: repeat(auto-fit, minmax(19rem, 1fr)); gap: 1rem; margin: 1rem 0 }
  .grid.two { grid-template-columns: repeat(auto-fit, minmax(24rem, 1fr)) }
  .grid.stages { grid-template-columns: repeat(auto-fit, minmax(11.5rem, 1fr)) }
  section { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 1rem 1.1rem;
    margin: 1rem 0; overflow-x: auto } .grid section { margin: 0 }
  table { border-collapse: collapse; width: 100% } td, th { text-align: left; padding: .32rem .9rem .32rem 0;
    border-bottom: 1px solid var(--line); vertical-align: top } tr:last-child td { border-bottom: 0 }
  th { color: var(--soft); font-weight: 500; font-size: .86rem } td.number, th.number { text-align: right }
  td.time, .time { white-space: nowrap; color: var(--soft); font-variant-numeric: tabular-nums }
  svg.bar { width: 100%; height: .7rem; display: block; margin-top: .4rem } svg.bar rect { fill: var(--leaf) }
  svg.bar rect.rest { fill: var(--line) }
  dl { display: grid; grid-template-columns: fit-content(9.5rem) minmax(0, 1fr); gap: .25rem 1rem; margin: 0 }
  dt { color: var(--soft) } dt, dd { margin: 0; overflow-wrap: break-word } dl.side dd { text-align: right }
  dl + table, dl + form { margin-top: .7rem } dl + h2 { margin-top: 1rem } code { font-size: .9em }
  .tag { border: 1px solid var(--line); border-radius: 99px; padding: .05rem .6rem; font-size: .85rem;
    white-space: nowrap }
  form.row { display: flex; gap: .5rem; margin: 0 0 .8rem } input { font: inherit; padding: .4rem .6rem; flex: 1;
    border: 1px solid var(--line); border-radius: 7px; background: var(--paper); color: inherit; min-width: 8rem }
  button { font: inherit; padding: .45rem 1rem; border: 0; border-radius: 7px; background: var(--leaf); color: #fff;
    cursor: pointer } @media (prefers-color-scheme: dark) { button { color: #0e1511 } }
  select { font: inherit; padding: .4rem .6rem; border: 1px solid var(--line); border-radius: 7px; background: var(--paper);
    color: inherit; min-width: 0 } @media (max-width: 34rem) { form.row { flex-wrap: wrap } header.top nav { flex-wrap: nowrap;
    overflow-x: auto; white-space: nowrap } main { overflow-wrap: break-word } .grid.two, .grid { grid-template-columns: minmax(0, 1fr) }
    .grid.stages { grid-template-columns: 1fr 1fr } }
  button.quiet { background: none; color: var(--leaf); border: 1px solid var(--line) }
  ul.condition, ul.condition ul { margin: 0; padding-left: 1.1rem } svg.spark { color: var(--leaf) }
  svg.plot text { font-size: 12px; fill: var(--soft) } svg.plot .rule { stroke: var(--line) }
  svg.plot polyline { fill: none; stroke: var(--leaf); stroke-width: 2; stroke-linejoin: round }
  svg.plot polygon { fill: var(--leaf); opacity: .1 } svg.plot circle { fill: var(--leaf) }
  textarea { font: .92em/1.5 ui-monospace, monospace; width: 100%; padding: .7rem; border: 1px solid var(--line);
    border-radius: 7px; background: var(--paper); color: inherit; resize: vertical; display: block; margin-bottom: .7rem }
  .narrow { max-width: 30rem; margin: 12vh auto; padding: 0 1.25rem } .narrow form { margin-top: 1rem }
  .narrow button, .narrow input { display: block; width: 100%; margin-top: .7rem }
  form.scale { display: flex; gap: .35rem } .narrow form.scale button { width: auto; flex: 1; padding: .6rem 0;
    margin-top: 0 } p.scale-ends { display: flex; justify-content: space-between; font-size: .86rem }
  .buttons { display: flex; gap: .8rem; align-items: center; flex-wrap: wrap } label.field { display: flex; gap: .7rem;
    align-items: baseline; flex-wrap: wrap; margin-bottom: .7rem } label.field input { flex: 0 1 20rem } label.field input.wide { flex: 1 }
  textarea[hidden] { display: none } input:read-only { color: var(--soft) } :focus-visible { outline: 2px solid var(--leaf); outline-offset: 2px }
  h2 .soft { display: block; font-weight: 400; font-size: .88rem } .big { font-size: 1.5rem }
`

/** A leaf, without a request of its own. */
const icon =
  "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'>" +
  "<path fill='%232f7d55' d='M14 2C6 2 2 6 2 12l3-3c3-3 5-3 7-4-2 2-5 4-8 8 6 1 10-3 10-11z'/></svg>"

export interface PageExtras {
  readonly script?: string | undefined
  readonly style?: string | undefined
  /** The page has frames with other pages of ours. */
  readonly hasFrames?: boolean
  /** Default: English. */
  readonly lang?: string
}

/**
 * Sends a page. It is framed by nobody, kept by no cache, and runs no script but the one given here.
 *
 * Script and style are ours: nothing in them comes from outside.
 */
export function sendPage(
  reply: FastifyReply,
  status: number,
  title: string,
  body: Html,
  { script, style: moreStyle = '', hasFrames = false, lang = 'en' }: PageExtras = {},
): FastifyReply {
  const nonce = randomBytes(16).toString('base64')
  const policy = [
    "default-src 'none'",
    `style-src 'nonce-${nonce}'`,
    ...(script === undefined ? [] : [`script-src 'nonce-${nonce}'`]),
    ...(hasFrames ? ["frame-src 'self'"] : []),
    "img-src 'self' data:",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ]
  const page = html`<!doctype html>
<html lang="${lang}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex"><link rel="icon" href="${icon}"><title>${title}</title><style nonce="${nonce}">${new Html(style + moreStyle)}</style></head>
<body>${body}${script !== undefined && html`<script nonce="${nonce}">${new Html(script)}</script>`}</body></html>
`
  return reply
    .code(status)
    .headers({
      'content-security-policy': policy.join('; '),
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
    })
    .type('text/html; charset=utf-8')
    .send(page.text)
}
