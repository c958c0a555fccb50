/** The letter that is sent: 4 kB of HTML with four values, three links, a link to unsubscribe. */

export interface Reader {
  readonly firstName: string
  readonly city: string
  readonly tier: string
  readonly points: number
}

export function readerNumber(i: number): Reader & { readonly email: string } {
  const firstName = ['Ada', 'Zoë', 'Lindiwe', 'Søren', 'Mei'][i % 5] ?? 'Ada'
  const city = ['Vienna', 'Lisbon', 'Cape Town', 'Århus', 'Osaka'][i % 5] ?? 'Vienna'
  return {
    firstName,
    city,
    tier: i % 3 === 0 ? 'gold' : 'standard',
    points: i % 1_000,
    email: `reader.${i}@box${i % 20}.example`,
  }
}

const paragraph = (i: number): string =>
  `<tr><td style="padding:12px 24px;font:15px/22px Arial,sans-serif;color:#333">Paragraph ${i}: the new season is in the shop, with lighter cloth, brighter colours and the same care in every seam. Members see all of it first, and whatever is ordered before Sunday night travels to you free of charge.</td></tr>`

export const subject = '{{ customer.firstName }}, your week at the shop'

export const html = `<!doctype html>
<html><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Weekly</title>
<style>body{margin:0;background:#f4f4f4}.b{background:#0a66c2;color:#fff;padding:12px 20px;text-decoration:none}</style></head>
<body><table role="presentation" width="100%" cellpadding="0" cellspacing="0"><tr><td align="center"><table width="600" style="background:#fff">
<tr><td style="padding:24px;font:bold 22px Arial">Hello {{ customer.firstName }}, news from {{ customer.city }}</td></tr>
<tr><td style="padding:0 24px;font:15px Arial">You are a {% if customer.tier == "gold" %}gold{% else %}standard{% endif %} member with {{ customer.points }} points.</td></tr>
${[1, 2, 3, 4, 5, 6].map(paragraph).join('\n')}
<tr><td style="padding:24px"><a class="b" href="https://shop.example.com/spring">See the season</a></td></tr>
<tr><td style="padding:24px"><a href="https://shop.example.com/offers">Your offers</a> | <a href="https://shop.example.com/stores">Stores near you</a></td></tr>
<tr><td style="padding:24px;font:12px Arial;color:#888">{{ postal_address }} <a href="{{ unsubscribe_url }}">Unsubscribe</a> <a href="{{ preferences_url }}">Choose</a></td></tr>
</table></td></tr></table></body></html>
`

export const text = `Hello {{ customer.firstName }}, news from {{ customer.city }}.

The new season is in the shop: https://shop.example.com/spring

{{ postal_address }}
Unsubscribe: {{ unsubscribe_url }}
Choose what you hear about: {{ preferences_url }}
`
