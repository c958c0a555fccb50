/** Masks of personal values, and who sees them. */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  maskContactPoint,
  maskEmail,
  maskName,
  maskPersonalTraits,
  maskPhone,
  type ViewerRole,
} from '../../src/analytics/privacy/masking.ts'

describe('a mask', () => {
  test.each([
    ['jane.doe@example.com', 'j•••@example.com'],
    ['  j@example.com ', 'j•••@example.com'],
    ['"odd@local"@example.org', '"•••@example.org'],
    ['🦊fox@example.org', '🦊•••@example.org'],
    ['no address', '•••'],
    ['@example.org', '•••'],
    ['jane@', '•••'],
    ['', '•••'],
  ])('of the address %j is %j', (address, expected) => {
    expect(maskEmail(address)).toBe(expected)
  })

  test.each([
    ['+447700900123', '+44•••••123'],
    ['+44 7700 900123', '+44•••••123'],
    ['0044 7700 900-123', '+44•••••123'],
    ['+12025550123', '+1•••••123'],
    ['+353861234567', '+353•••••567'],
    ['+41 79 123 45 67', '+41•••••567'],
    ['+423 2345', '+423•••••'], // Four digits: the last three would be nearly all.
    ['020 7946 0123', '•••••123'],
    ['12345', '•••••'],
    ['call me', '•••••'],
    ['', '•••••'],
  ])('of the number %j is %j', (number, expected) => {
    expect(maskPhone(number)).toBe(expected)
  })

  test('never shows more than the first character and the domain, whatever the address', () => {
    fc.assert(
      fc.property(fc.emailAddress(), (address) => {
        const at = address.lastIndexOf('@')
        expect(maskEmail(address)).toBe(`${address[0]}•••${address.slice(at)}`)
      }),
    )
  })

  test('never shows more than half of the digits behind the country code', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^\+[1-9]\d{5,14}$/), (number) => {
        const shown = maskPhone(number).split('•••••')
        expect(shown).toHaveLength(2)
        const behind = number.length - shown[0]!.length
        expect(shown[1]!.length).toBeLessThan(behind / 2)
        expect(number.startsWith(shown[0]!) && number.endsWith(shown[1]!)).toBe(true)
      }),
    )
  })

  test('of a name is its first letter', () => {
    expect(maskName(' Ada ')).toBe('A•••')
    expect(maskName(' ')).toBe('•••')
  })
})

describe('personal traits', () => {
  const traits = {
    email: 'ada@inbox.example',
    firstName: 'Ada',
    phone: '+43 660 1234567',
    birthday: '1815-12-10',
    address: { street: 'Hauptplatz 1', postal_code: '8010' },
    emails: ['one@inbox.example', 'two@inbox.example'],
    note: 'other@inbox.example',
    zip: 8010,
    avatar: null,
  }

  test('are masked for a marketer, each by its kind, at any depth', () => {
    expect(maskPersonalTraits(traits, 'marketer')).toEqual({
      email: 'a•••@inbox.example',
      firstName: 'A•••',
      phone: '+43•••••567',
      birthday: '•••',
      address: { street: '•••', postal_code: '•••' },
      emails: ['o•••@inbox.example', 't•••@inbox.example'],
      note: 'o•••@inbox.example',
      zip: '•••',
      avatar: null,
    })
  })

  test('are whole for an admin and absent for an analyst', () => {
    expect(maskPersonalTraits(traits, 'admin')).toEqual(traits)
    expect(maskPersonalTraits(traits, 'analyst')).toEqual({})
    expect(maskContactPoint('email', 'ada@inbox.example', 'admin')).toBe('ada@inbox.example')
    expect(maskContactPoint('email', 'ada@inbox.example', 'marketer')).toBe('a•••@inbox.example')
    expect(maskContactPoint('sms', '+436601234567', 'marketer')).toBe('+43•••••567')
    expect(maskContactPoint('sms', '+436601234567', 'analyst')).toBe('•••')
  })

  test('are shown to nobody whose role is unknown', () => {
    const nobody = 'root' as ViewerRole
    expect(() => maskPersonalTraits(traits, nobody)).toThrow(RangeError)
    expect(() => maskPersonalTraits(traits, nobody)).toThrow('role: "root" must be one of admin, marketer, analyst')
    expect(() => maskContactPoint('email', 'ada@inbox.example', nobody)).toThrow('role: "root"')
  })
})
