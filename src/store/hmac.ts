/**
 * HMAC-SHA-256 with one key for many short texts, such as the links of a message: the key is worked in once, and the few
 * blocks of a text are cheaper reckoned here than handed to OpenSSL, which takes several times as long to be asked.
 *
 * @see RFC 2104; FIPS 180-4, sections 5.3.3 and 6.2.2.
 */

const blockBytes = 64
const lengthBytes = 8
const hashBytes = 32

/** The first 32 bits of the fractional parts of the roots of the first primes: square roots of 8, cube roots of 64. */
const primes = Array.from({ length: 312 }, (_, n) => n).filter((n) => n > 1 && !hasDivisor(n))
const initialState = Int32Array.from(primes.slice(0, 8), (prime) => fractionOf(Math.sqrt(prime)))
const roundConstants = Int32Array.from(primes, (prime) => fractionOf(Math.cbrt(prime)))

const schedule = new Int32Array(64)

/** @returns 32 bytes, good until the next call. @throws RangeError if the key is longer than a block. */
export function hmacSha256With(key: Uint8Array): (text: string) => Buffer {
  if (key.length > blockBytes) throw new RangeError(`key: ${key.length} bytes given, must be at most ${blockBytes}`)
  const inner = stateAfter(key, 0x36)
  const outer = stateAfter(key, 0x5c)
  const state = new Int32Array(8)
  const answer = Buffer.alloc(hashBytes)
  // The outer text is always a hash: its padding stays.
  const outerBlock = Buffer.alloc(blockBytes)
  pad(outerBlock, hashBytes)
  let blocks = Buffer.alloc(4 * blockBytes)
  return (text) => {
    const most = text.length * 3 + lengthBytes + blockBytes
    if (blocks.length < most) blocks = Buffer.alloc(2 * most)
    state.set(inner)
    compress(state, blocks, pad(blocks, write(text, blocks)))
    writeState(state, outerBlock)
    state.set(outer)
    compress(state, outerBlock, blockBytes)
    writeState(state, answer)
    return answer
  }
}

function stateAfter(key: Uint8Array, mask: number): Int32Array {
  const block = Buffer.alloc(blockBytes)
  block.set(key)
  const state = initialState.slice()
  compress(
    state,
    block.map((byte) => byte ^ mask),
    blockBytes,
  )
  return state
}

/** In UTF-8. @returns how many bytes. */
function write(text: string, to: Buffer): number {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code > 127) return to.write(text, 'utf8')
    to[i] = code
  }
  return text.length
}

/** Ends a text that one block went before. @returns how many bytes its whole blocks have. */
function pad(buffer: Uint8Array, length: number): number {
  const end = Math.ceil((length + 1 + lengthBytes) / blockBytes) * blockBytes
  buffer[length] = 0x80
  for (let i = length + 1; i < end - 4; i++) buffer[i] = 0
  writeWord(buffer, end - 4, (blockBytes + length) * 8)
  return end
}

function writeWord(to: Uint8Array, at: number, word: number): void {
  to[at] = word >>> 24
  to[at + 1] = word >>> 16
  to[at + 2] = word >>> 8
  to[at + 3] = word
}

function writeState(state: Int32Array, to: Uint8Array): void {
  for (let i = 0; i < 8; i++) writeWord(to, 4 * i, state[i] as number)
}

/** Works whole blocks into a state. */
function compress(state: Int32Array, blocks: Uint8Array, end: number): void {
  const w = schedule
  for (let at = 0; at < end; at += blockBytes) {
    for (let i = 0; i < 16; i++) {
      const from = at + 4 * i
      w[i] =
        ((blocks[from] as number) << 24) |
        ((blocks[from + 1] as number) << 16) |
        ((blocks[from + 2] as number) << 8) |
        (blocks[from + 3] as number)
    }
    for (let i = 16; i < 64; i++) {
      const early = w[i - 15] as number
      const late = w[i - 2] as number
      const s0 = ((early >>> 7) | (early << 25)) ^ ((early >>> 18) | (early << 14)) ^ (early >>> 3)
      const s1 = ((late >>> 17) | (late << 15)) ^ ((late >>> 19) | (late << 13)) ^ (late >>> 10)
      w[i] = (w[i - 16] as number) + s0 + (w[i - 7] as number) + s1
    }
    rounds(state, w)
  }
}

function rounds(state: Int32Array, w: Int32Array): void {
  let a = state[0] as number
  let b = state[1] as number
  let c = state[2] as number
  let d = state[3] as number
  let e = state[4] as number
  let f = state[5] as number
  let g = state[6] as number
  let h = state[7] as number
  for (let i = 0; i < 64; i++) {
    const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7))
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + (roundConstants[i] as number) + (w[i] as number)) | 0
    const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10))
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0
    h = g
    g = f
    f = e
    e = (d + t1) | 0
    d = c
    c = b
    b = a
    a = (t1 + t2) | 0
  }
  state[0] = (state[0] as number) + a
  state[1] = (state[1] as number) + b
  state[2] = (state[2] as number) + c
  state[3] = (state[3] as number) + d
  state[4] = (state[4] as number) + e
  state[5] = (state[5] as number) + f
  state[6] = (state[6] as number) + g
  state[7] = (state[7] as number) + h
}

function hasDivisor(n: number): boolean {
  for (let i = 2; i * i <= n; i++) if (n % i === 0) return true
  return false
}

function fractionOf(root: number): number {
  return Math.floor((root - Math.floor(root)) * 2 ** 32)
}
