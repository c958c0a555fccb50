/** Countries by their English names, as ISO 3166-1 codes. */

const byName = new Map<string, string>([
  ['USA', 'US'],
  ['UK', 'GB'],
  ['EIRE', 'IE'],
  ['RSA', 'ZA'],
])

const letters = Array.from({ length: 26 }, (_, i) => String.fromCharCode(65 + i))
const names = new Intl.DisplayNames('en', { type: 'region', fallback: 'none' })
for (const code of letters.flatMap((one) => letters.map((two) => one + two))) {
  const name = names.of(code)
  if (name !== undefined && code !== 'UK') byName.set(name, code)
}

/** The code where the name is known, else the name itself; undefined if there is none. */
export function countryNamed(name: string | undefined): string | undefined {
  return name === undefined || name === '' ? undefined : (byName.get(name) ?? name.slice(0, 100))
}
