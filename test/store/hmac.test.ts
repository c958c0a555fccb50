import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hmacSha256With } from '../../src/store/hmac.ts'

const official = (key: Uint8Array, text: string): string => createHmac('sha256', key).update(text, 'utf8').digest('hex')

describe('our own HMAC', () => {
  test('is the one of OpenSSL, for every key up to a block and every text', () => {
    const keys = fc.uint8Array({ maxLength: 64 })
    const texts = fc.array(fc.string({ unit: 'binary', maxLength: 150 }), { minLength: 1, maxLength: 3 })
    fc.assert(
      fc.property(keys, texts, (key, several) => {
        const sign = hmacSha256With(key)
        expect(several.map((text) => sign(text).toString('hex'))).toEqual(several.map((text) => official(key, text)))
      }),
    )
  })

  test('is so where a text just fills its blocks', () => {
    const key = Buffer.alloc(32, 7)
    const sign = hmacSha256With(key)
    for (let length = 0; length < 200; length++) {
      const text = 'ä'.repeat(length % 3) + 'x'.repeat(length)
      expect(sign(text).toString('hex')).toBe(official(key, text))
    }
  })

  test('a key longer than a block is refused', () => {
    expect(() => hmacSha256With(new Uint8Array(65))).toThrow('key: 65 bytes given, must be at most 64')
  })
})
