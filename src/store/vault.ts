/**
 * Personal data at rest: sealed under a key per customer, which the master key wraps; found again by keyed hash.
 * Deleting a customer's wrapped key erases everything that was sealed with it.
 *
 * Everything here derives from one master key of 32 bytes (HKDF, RFC 5869), one derived key per purpose.
 */

import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hash,
  hkdfSync,
  type KeyObject,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto'
import { chmodSync, existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const formatVersion = 1
const ivBytes = 12
const tagBytes = 16

/** Who a sealed value belongs to and what it is; a value moved elsewhere does not open. */
export type SealContext = string

/**
 * A customer's own key, open: keep it in memory only. As a `KeyObject` it is prepared once; raw bytes would be prepared
 * anew for every value, which takes several times as long as sealing it.
 */
export type CustomerKey = KeyObject

export class Vault {
  readonly #wrapping: KeyObject
  readonly #lookup: KeyObject
  readonly #intake: KeyObject
  readonly #signing: (text: string) => Buffer

  /** @throws RangeError unless the master key has 32 bytes. */
  constructor(masterKey: Buffer) {
    if (masterKey.length !== 32) throw new RangeError(`masterKey: ${masterKey.length} bytes given, must be 32`)
    const derive = (purpose: string): KeyObject =>
      createSecretKey(Buffer.from(hkdfSync('sha256', masterKey, '', `perennial/${purpose}`, 32)))
    this.#wrapping = derive('wrapping')
    this.#lookup = derive('lookup')
    this.#intake = derive('intake')
    this.#signing = hmacWith(derive('signing').export())
  }

  /** A new key for a customer, open and as it may be stored. */
  createCustomerKey(customerId: string): { key: CustomerKey; wrapped: Buffer } {
    const key = randomBytes(32)
    return { key: createSecretKey(key), wrapped: seal(this.#wrapping, key, `key:${customerId}`) }
  }

  /** @throws Error if the stored key is not this customer's or the master key is another one. */
  openCustomerKey(customerId: string, wrapped: Uint8Array): CustomerKey {
    return createSecretKey(open(this.#wrapping, wrapped, `key:${customerId}`))
  }

  /** Seals a text under a customer's key. */
  seal(key: CustomerKey, text: string, context: SealContext): Buffer {
    return seal(key, Buffer.from(text, 'utf8'), context)
  }

  /** @throws Error if the value was changed, or sealed with another key or for another context. */
  open(key: CustomerKey, sealed: Uint8Array, context: SealContext): string {
    return open(key, sealed, context).toString('utf8')
  }

  /** Seals what must wait for intake before its customer is known. */
  sealForIntake(text: string, messageId: string): Buffer {
    return seal(this.#intake, Buffer.from(text, 'utf8'), `intake:${messageId}`)
  }

  openFromIntake(sealed: Uint8Array, messageId: string): string {
    return open(this.#intake, sealed, `intake:${messageId}`).toString('utf8')
  }

  /**
   * The keyed hash (32 bytes) by which an address is found. Give it the normalised form: a lower-case e-mail address,
   * a phone number in E.164.
   */
  lookupHash(kind: 'email' | 'phone', normalised: string): Buffer {
    return createHmac('sha256', this.#lookup).update(`${kind}:${normalised}`).digest()
  }

  /** The keyed hash (32 bytes) under which something is remembered of a customer who may be gone. */
  subjectHash(customerId: string): Buffer {
    return createHmac('sha256', this.#lookup).update(`customer:${customerId}`).digest()
  }

  /** A short signature (22 characters, base64url) for links: `purpose` keeps one kind of link from passing as another. */
  sign(purpose: string, text: string): string {
    return this.#signing(`${purpose}:${text}`).subarray(0, 16).toString('base64url')
  }

  /**
   * Whether `signature` is the one that `sign` gives; compared in constant time.
   *
   * @param length of signatures that were cut.
   */
  verify(purpose: string, text: string, signature: string, length?: number): boolean {
    const expected = Buffer.from(this.sign(purpose, text).slice(0, length))
    const given = Buffer.from(signature)
    return expected.length === given.length && timingSafeEqual(expected, given)
  }
}

const blockBytes = 64

/**
 * HMAC-SHA-256 (RFC 2104) with one key, over and over: its two hashes at once, where `createHmac` prepares the key for
 * each text anew. A message of a broadcast has seven signatures.
 */
function hmacWith(key: Buffer): (text: string) => Buffer {
  const padded = Buffer.alloc(blockBytes)
  key.copy(padded)
  const inner = Buffer.from(padded.map((byte) => byte ^ 0x36))
  const outer = Buffer.concat([padded.map((byte) => byte ^ 0x5c), Buffer.alloc(32)])
  return (text) => {
    hash('sha256', Buffer.concat([inner, Buffer.from(text, 'utf8')]), 'buffer').copy(outer, blockBytes)
    return hash('sha256', outer, 'buffer')
  }
}

/** AES-256-GCM: version (1 byte), IV (12), tag (16), ciphertext. */
function seal(key: KeyObject, plain: Buffer, context: SealContext): Buffer {
  const iv = randomBytes(ivBytes)
  const cipher = createCipheriv('aes-256-gcm', key, iv)
  cipher.setAAD(Buffer.from(context, 'utf8'))
  const body = Buffer.concat([cipher.update(plain), cipher.final()])
  return Buffer.concat([Buffer.of(formatVersion), iv, cipher.getAuthTag(), body])
}

function open(key: KeyObject, sealed: Uint8Array, context: SealContext): Buffer {
  const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength)
  if (bytes[0] !== formatVersion) throw new Error(`Sealed value of unknown format ${bytes[0]}.`)
  const tagStart = 1 + ivBytes
  const bodyStart = tagStart + tagBytes
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(1, tagStart))
  decipher.setAAD(Buffer.from(context, 'utf8'))
  decipher.setAuthTag(bytes.subarray(tagStart, bodyStart))
  return Buffer.concat([decipher.update(bytes.subarray(bodyStart)), decipher.final()])
}

/** The master key of an installation: the one configured, else the file in its home, made at the first start. */
export function loadMasterKey(home: string, configured: Buffer | undefined): Buffer {
  if (configured) return configured
  const path = join(home, 'master.key')
  if (!existsSync(path)) createKeyFile(home, path)
  const key = Buffer.from(readFileSync(path, 'utf8').trim(), 'hex')
  if (key.length !== 32) throw new RangeError(`${path}: must hold 64 hexadecimal digits`)
  return key
}

/** Two processes may start at once: the file appears whole or not at all, and the first one wins. */
function createKeyFile(home: string, path: string): void {
  mkdirSync(home, { recursive: true })
  const draft = `${path}.${process.pid}`
  writeFileSync(draft, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600, flush: true })
  chmodSync(draft, 0o600)
  try {
    linkSync(draft, path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    rmSync(draft)
  }
}
