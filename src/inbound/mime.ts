/**
 * Just enough of MIME (RFC 2045, 2046) to read reports: parts by their boundaries, headers by name. What comes in may be
 * anything, so nothing here throws, and nothing takes longer than its length allows.
 */

export interface MimePart {
  /** By lower-case name; of several the first. */
  readonly headers: ReadonlyMap<string, string>
  /** `text/plain`. */
  readonly type: string
  /** Of the content type, by lower-case name. */
  readonly parameters: ReadonlyMap<string, string>
  /** Decoded, one character a byte. */
  readonly body: string
  readonly parts: readonly MimePart[]
}

const deepest = 6
const mostParts = 100

export function readMime(raw: Buffer): MimePart {
  return readPart(raw.toString('latin1').replaceAll('\r\n', '\n'), 0, { left: mostParts })
}

/** The part itself and all below it. */
export function allParts(part: MimePart): MimePart[] {
  return [part, ...part.parts.flatMap(allParts)]
}

function readPart(text: string, depth: number, budget: { left: number }): MimePart {
  budget.left--
  const end = text.startsWith('\n') ? 0 : text.indexOf('\n\n')
  const headers = readHeaders(end === -1 ? text : text.slice(0, end))
  const rest = end === -1 ? '' : text.slice(end === 0 ? 1 : end + 2)
  const { value, parameters } = readParameters(headers.get('content-type') ?? 'text/plain')
  const type = value.toLowerCase()
  const boundary = parameters.get('boundary') ?? ''
  const isNested = depth < deepest && budget.left > 0
  if (type.startsWith('multipart/') && boundary !== '' && isNested) {
    const parts = split(rest, boundary, budget.left).map((part) => readPart(part, depth + 1, budget))
    return { headers, type, parameters, body: '', parts }
  }
  const body = decode(rest, headers.get('content-transfer-encoding'))
  const parts = type === 'message/rfc822' && isNested ? [readPart(body, depth + 1, budget)] : []
  return { headers, type, parameters, body, parts }
}

/** Fields as in a header or in the groups of a report: `Name: value`, folded over lines that begin with a space. */
export function readHeaders(text: string): Map<string, string> {
  const headers = new Map<string, string>()
  let name = ''
  let value: string[] = []
  const keep = (): void => {
    if (name !== '' && !headers.has(name)) headers.set(name, value.join(' ').trim())
  }
  for (const line of text.split('\n')) {
    if (/^[ \t]/.test(line)) {
      value.push(line.trim())
      continue
    }
    keep()
    const colon = line.indexOf(':')
    name = colon === -1 ? '' : line.slice(0, colon).trim().toLowerCase()
    value = colon === -1 ? [] : [line.slice(colon + 1).trim()]
  }
  keep()
  return headers
}

function readParameters(header: string): { value: string; parameters: Map<string, string> } {
  const [value = '', ...rest] = header.slice(0, 2_000).split(';')
  const parameters = new Map<string, string>()
  for (const part of rest) {
    const at = part.indexOf('=')
    if (at === -1) continue
    const name = part.slice(0, at).trim().toLowerCase()
    const given = part.slice(at + 1).trim()
    if (!parameters.has(name)) parameters.set(name, given.replace(/^"(.*)"$/, '$1'))
  }
  return { value: value.trim(), parameters }
}

function split(text: string, boundary: string, most: number): string[] {
  const parts: string[] = []
  let current: string[] | undefined
  for (const line of text.split('\n')) {
    const isDelimiter = line.startsWith('--') && line.startsWith(boundary, 2)
    if (!isDelimiter) {
      current?.push(line)
      continue
    }
    if (current) parts.push(current.join('\n'))
    if (parts.length >= most || line.startsWith('--', boundary.length + 2)) return parts
    current = []
  }
  // Cut off on the way: what there is of the last part counts.
  if (current) parts.push(current.join('\n'))
  return parts
}

function decode(text: string, encoding = ''): string {
  switch (encoding.trim().toLowerCase()) {
    case 'base64':
      return Buffer.from(text, 'base64').toString('latin1').replaceAll('\r\n', '\n')
    case 'quoted-printable':
      return text
        .replaceAll(/=[ \t]*\n/g, '')
        .replaceAll(/=([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    default:
      return text
  }
}
