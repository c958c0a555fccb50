/**
 * Personal data at rest: sealed under a key per customer, which the master key wraps; found again by keyed hash.
 * Deleting a customer's wrapped key erases everything that was sealed with it.
 *
 * Everything here derives from one master key of 32 bytes (HKDF, RFC 5869), one derived key per purpose; once it was replaced,
 * also from those before it.
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
import { chmodSync, existsSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
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
  /** The first is the one in force, which everything new is sealed with. */
  readonly #wrapping: readonly KeyObject[]
  readonly #intake: readonly KeyObject[]
  readonly #former: KeyObject
  readonly #lookup: KeyObject
  readonly #signing: (text: string) => Buffer
  readonly #ownSigning: (text: string) => Buffer
  readonly #keys: readonly Buffer[]

  /**
   * @param former master keys before this one, the first first. What they sealed opens, and hashes and signatures stay those of
   * the first: links in inboxes live on, and addresses on the suppression list, which nobody can hash anew, are found.
   * @throws RangeError unless each has 32 bytes.
   */
  constructor(masterKey: Buffer, former: readonly Buffer[] = []) {
    const keys = [masterKey, ...former.toReversed()]
    const wrong = keys.find(({ length }) => length !== 32)
    if (wrong !== undefined) throw new RangeError(`masterKey: ${wrong.length} bytes given, must be 32`)
    this.#keys = keys
    this.#wrapping = keys.map((key) => derive(key, 'wrapping'))
    this.#intake = keys.map((key) => derive(key, 'intake'))
    this.#former = derive(masterKey, 'former-keys')
    const first = former[0] ?? masterKey
    this.#lookup = derive(first, 'lookup')
    this.#signing = hmacWith(derive(first, 'signing').export())
    this.#ownSigning = first === masterKey ? this.#signing : hmacWith(derive(masterKey, 'signing').export())
  }

  /** For a thread of this process, which makes a vault of its own from it. */
  handOver(): readonly Uint8Array[] {
    return this.#keys
  }

  static takeOver([masterKey, ...former]: readonly Uint8Array[]): Vault {
    if (masterKey === undefined) throw new RangeError('masterKey: must be given')
    return new Vault(
      Buffer.from(masterKey),
      former.toReversed().map((key) => Buffer.from(key)),
    )
  }

  /** Tells this master key from any other, also from those before it. */
  mark(): string {
    return this.#ownSigning('master-key:the master key of this database').subarray(0, 16).toString('base64url')
  }

  /** The keys before this one and, behind them, `more`: as they may be stored. */
  sealFormer(former: readonly Buffer[]): Buffer {
    return seal(this.#former, Buffer.concat(former), 'former-keys')
  }

  /** @throws Error if they were sealed by another master key. */
  openFormer(sealed: Uint8Array): Buffer[] {
    const bytes = open([this.#former], sealed, 'former-keys')
    return Array.from({ length: bytes.length / 32 }, (_, i) => bytes.subarray(i * 32, i * 32 + 32))
  }

  /** A customer's stored key wrapped by the key in force; undefined if it is that already. */
  rewrapCustomerKey(customerId: string, wrapped: Uint8Array): Buffer | undefined {
    const context = `key:${customerId}`
    const [current, ...others] = this.#wrapping
    if (current === undefined || opens(current, wrapped, context)) return undefined
    return seal(current, open(others, wrapped, context), context)
  }

  /** A new key for a customer, open and as it may be stored. */
  createCustomerKey(customerId: string): { key: CustomerKey; wrapped: Buffer } {
    const key = randomBytes(32)
    return { key: createSecretKey(key), wrapped: seal(inForce(this.#wrapping), key, `key:${customerId}`) }
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
    return open([key], sealed, context).toString('utf8')
  }

  /** Seals what must wait for intake before its customer is known. */
  sealForIntake(text: string, messageId: string): Buffer {
    return seal(inForce(this.#intake), Buffer.from(text, 'utf8'), `intake:${messageId}`)
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

/** One derived key per purpose (HKDF, RFC 5869). */
function derive(masterKey: Buffer, purpose: string): KeyObject {
  return createSecretKey(Buffer.from(hkdfSync('sha256', masterKey, '', `perennial/${purpose}`, 32)))
}

function inForce([key]: readonly KeyObject[]): KeyObject {
  if (key === undefined) throw new RangeError('masterKey: must be given')
  return key
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

/** With the first of these keys that it opens with. */
function open(keys: readonly KeyObject[], sealed: Uint8Array, context: SealContext): Buffer {
  for (const key of keys.slice(0, -1)) {
    try {
      return openWith(key, sealed, context)
    } catch {
      // Sealed with a key before this one.
    }
  }
  const last = keys.at(-1)
  if (last === undefined) throw new Error('There is no key to open with.')
  return openWith(last, sealed, context)
}

function opens(key: KeyObject, sealed: Uint8Array, context: SealContext): boolean {
  try {
    openWith(key, sealed, context)
    return true
  } catch {
    return false
  }
}

function openWith(key: KeyObject, sealed: Uint8Array, context: SealContext): Buffer {
  const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength)
  if (bytes[0] !== formatVersion) throw new Error(`Sealed value of unknown format ${bytes[0]}.`)
  const tagStart = 1 + ivBytes
  const bodyStart = tagStart + tagBytes
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(1, tagStart))
  decipher.setAAD(Buffer.from(context, 'utf8'))
  decipher.setAuthTag(bytes.subarray(tagStart, bodyStart))
  return Buffer.concat([decipher.update(bytes.subarray(bodyStart)), decipher.final()])
}

export interface MasterKeys {
  readonly current: Buffer
  /** The one before, while it is being replaced. */
  readonly former: Buffer | undefined
}

/** Where the key before is kept in the home, once `perennial keys rotate-master` has made a new one. */
export const formerKeyFile = 'master.key.former'

/** The master key, and the one before if it is being replaced: as configured, else of the files in the home. */
export function loadMasterKeys({
  home,
  masterKey,
  formerMasterKey,
}: {
  readonly home: string
  readonly masterKey: Buffer | undefined
  readonly formerMasterKey?: Buffer | undefined
}): MasterKeys {
  const path = join(home, formerKeyFile)
  const former = formerMasterKey ?? (existsSync(path) ? readKeyFile(path) : undefined)
  return { current: loadMasterKey(home, masterKey), former }
}

/** The master key of an installation: the one configured, else the file in its home, made at the first start. */
export function loadMasterKey(home: string, configured: Buffer | undefined): Buffer {
  if (configured) return configured
  const path = join(home, 'master.key')
  if (!existsSync(path)) createKeyFile(home, path)
  return readKeyFile(path)
}

function readKeyFile(path: string): Buffer {
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

/**
 * Makes a new key file in the home and keeps the one before beside it. A crash in between leaves a home that starts.
 *
 * @returns the path of the one before.
 * @throws RangeError if there is no key yet, or the one before that is still there: a copy may need it.
 */
export function replaceKeyFile(home: string): string {
  const [path, former] = [join(home, 'master.key'), join(home, formerKeyFile)]
  if (!existsSync(path)) throw new RangeError(`${path}: is not there`)
  if (existsSync(former))
    throw new RangeError(
      `${former}: is still there; once all keys are wrapped anew ("perennial doctor"), move it to your copies`,
    )
  linkSync(path, former)
  const draft = `${path}.${process.pid}`
  writeFileSync(draft, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600, flush: true })
  renameSync(draft, path)
  return former
}
