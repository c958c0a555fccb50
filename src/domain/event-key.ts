/** Under which name events are counted: of what somebody did its own name, of a page or screen the name of that. */

/**
 * The key of an event's counters: `Product Viewed`, `page:Pricing`, `screen:Basket`; `page:` and `screen:` where the
 * page or screen has no name. Events that only tell who somebody is are not counted.
 */
export function eventKey(type: string, name: string | null): string | undefined {
  if (type === 'track') return name ?? undefined
  return type === 'page' || type === 'screen' ? `${type}:${name ?? ''}` : undefined
}
