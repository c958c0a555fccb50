/** The look of the catchers' pages: one small stylesheet, light and dark. */

const stylesheet = `
:root { color-scheme: light dark; --ink: light-dark(#1d2b24, #e4ebe6); --faint: light-dark(#5c6f65, #97a89e);
  --paper: light-dark(#fbfcfa, #141a17); --card: light-dark(#ffffff, #1b2320); --line: light-dark(#dfe6e1, #2c3833);
  --leaf: light-dark(#1f7a4d, #63c795); --warn: light-dark(#9a3b1f, #f0906f) }
* { box-sizing: border-box }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif }
header { border-bottom: 1px solid var(--line); background: var(--card) }
header, main { padding: 14px max(20px, calc(50vw - 520px)) }
header h1 { margin: 0; font-size: 18px } header h1 a { color: inherit; text-decoration: none }
header p, .faint { margin: 0; color: var(--faint); font-size: 13px }
a { color: var(--leaf) }
table { width: 100%; border-collapse: collapse; background: var(--card); border: 1px solid var(--line); border-radius: 8px }
th, td { padding: 8px 12px; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); overflow-wrap: anywhere }
tr:last-child td { border-bottom: 0 } th { color: var(--faint); font-weight: 500; font-size: 13px }
time, .number { font-variant-numeric: tabular-nums; white-space: nowrap } time { color: var(--faint) }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 2px 16px; margin: 0 0 16px } dt { color: var(--faint) }
dd { margin: 0; overflow-wrap: anywhere }
iframe { width: 100%; height: 60vh; border: 1px solid var(--line); border-radius: 8px; background: #fff }
pre { padding: 12px; background: var(--card); border: 1px solid var(--line); border-radius: 8px; white-space: pre-wrap; overflow-wrap: anywhere }
form { display: flex; flex-wrap: wrap; gap: 8px; align-items: end; margin: 0 0 16px }
label { display: grid; color: var(--faint); font-size: 13px } input, button { font: inherit; padding: 6px 10px;
  color: inherit; background: var(--card); border: 1px solid var(--line); border-radius: 6px }
button { cursor: pointer; border-color: var(--leaf); color: var(--leaf) }
nav { display: flex; gap: 16px; margin: 12px 0 } .bad { color: var(--warn) }
summary { cursor: pointer; color: var(--faint); margin: 12px 0 }
`

export interface PageOptions {
  readonly title: string
  /** HTML: what it holds of others' text is already escaped. */
  readonly body: string
  /** Which catcher, as in "Mail"; none for an error. */
  readonly name?: string
  /** Reload every few seconds: for lists that are watched. */
  readonly watch?: boolean
}

const watchSeconds = 5

/** A whole HTML page. */
export function page({ title, body, name = 'Catcher', watch = false }: PageOptions): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">
${watch ? `<meta http-equiv="refresh" content="${watchSeconds}">` : ''}<title>${escapeHtml(title)}</title>
<style>${stylesheet}</style></head>
<body><header><h1><a href="/">${escapeHtml(name)} caught by Perennial</a></h1>
<p>Nothing here was sent to anyone. For this one machine only: it asks for no password.</p></header>
<main>${body}</main></body></html>`
}

/** Text made safe to stand in HTML, also inside a quoted attribute. */
export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;')
}

/** A moment as people on this machine read it, to the second. */
export function moment(iso: string): string {
  return `<time datetime="${escapeHtml(iso)}">${escapeHtml(iso.slice(0, 19).replace('T', ' '))}</time>`
}

/** Links to the newer and the older part of a list. */
export function pager(query: URLSearchParams, shown: { limit: number; offset: number; total: number }): string {
  const { limit, offset, total } = shown
  const link = (label: string, to: number): string => {
    const next = new URLSearchParams(query)
    next.set('offset', String(to))
    return `<a href="?${escapeHtml(next.toString())}">${label}</a>`
  }
  const newer = offset > 0 ? link('← newer', Math.max(0, offset - limit)) : ''
  const older = offset + limit < total ? link('older →', offset + limit) : ''
  const range = total === 0 ? 'none' : `${offset + 1}–${Math.min(total, offset + limit)} of ${total}`
  return `<nav>${newer}<span class="faint">${range}</span>${older}</nav>`
}
