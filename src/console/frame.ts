/** What stands around every page for whoever is signed in: where they are, where else they can go, and the way out. */

import type { Config } from '../config.ts'
import { type Html, html } from './html.ts'

const places = [
  { path: '/', words: 'Customers', also: '/customers' },
  { path: '/segments', words: 'Segments' },
  { path: '/journeys', words: 'Journeys' },
  { path: '/broadcasts', words: 'Broadcasts' },
  { path: '/templates', words: 'Templates' },
  { path: '/messages', words: 'Messages' },
  { path: '/results', words: 'Results' },
  { path: '/lifecycle', words: 'Lifecycle' },
  { path: '/models', words: 'Models' },
  { path: '/tasks', words: 'Tasks' },
  { path: '/events', words: 'Events' },
  { path: '/sending', words: 'Sending' },
  { path: '/senders', words: 'Senders' },
] as const

/** @param url that was asked for. */
export function frame(pages: Config['pages'], url: string, main: Html): Html {
  const [path = '/'] = url.split('?')
  const isAt = (place: string): boolean => path === place || path.startsWith(`${place}/`)
  const links = places.map((place) => {
    const isHere = place.path === '/' ? path === '/' || isAt(place.also) : isAt(place.path)
    return html`<a href="${place.path}"${isHere && html` aria-current="page"`}>${place.words}</a>`
  })
  return html`<a class="skip" href="#page">To the page</a><header class="top"><strong><a href="/">Perennial</a></strong>
    <div class="beside">${neighbour('Mail', pages.mail)} ${neighbour('SMS', pages.sms)} ${neighbour('Temporal', pages.temporal)}
    <form method="post" action="/logout"><button class="quiet">Sign out</button></form></div>
    <nav aria-label="Console">${links}</nav></header><div id="page">${main}</div>`
}

/** Another program's page: it has no way back here, so it opens beside. */
function neighbour(words: string, url: string | undefined): Html | false {
  return url !== undefined && html`<a href="${url}" target="_blank" rel="noopener">${words}&nbsp;↗</a>`
}
