/** `perennial doctor mail`, against a name server of the test: what mailboxes ask of bulk senders (SPF, DKIM, DMARC, …). */

import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { Resolver } from 'node:dns/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { examineMailRecords, type MailSetup } from '../../src/cli/doctor/mail-records.ts'
import { type NameServer, startNameServer, type Zone } from './support/name-server.ts'

let server: NameServer
let dns: Resolver
beforeAll(async () => {
  server = await startNameServer()
  dns = new Resolver({ timeout: 5_000, tries: 2 })
  dns.setServers([server.address])
})
afterAll(() => server.close())

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
const ed = generateKeyPairSync('ed25519').privateKey
const der = (key: typeof rsa): Buffer => createPublicKey(key).export({ format: 'der', type: 'spki' })
const setup: MailSetup = {
  fromDomain: 'shop.example',
  envelopeDomain: 'bounces.shop.example',
  dkim: [
    { domain: 'shop.example', selector: 'r1', privateKey: rsa },
    { domain: 'shop.example', selector: 'e1', privateKey: ed },
  ],
  serverHost: 'mail.shop.example',
}
const good: Zone = {
  'TXT bounces.shop.example': ['something else', 'v=spf1 include:_spf.host.example ip4:198.51.100.7 -all'],
  'TXT _spf.host.example': ['v=spf1 ip4:203.0.113.0/24 -all'],
  'TXT r1._domainkey.shop.example': [`v=DKIM1; k=rsa; p=${der(rsa).toString('base64')}`],
  'TXT e1._domainkey.shop.example': [`v=DKIM1; k=ed25519; p=${der(ed).subarray(-32).toString('base64')}`],
  'TXT _dmarc.shop.example': ['v=DMARC1; p=reject; rua=mailto:dmarc@shop.example'],
  'MX shop.example': ['20 mx2.shop.example', '10 mx1.shop.example'],
  'MX bounces.shop.example': ['10 mail.shop.example'],
  'A mail.shop.example': ['198.51.100.7'],
  'AAAA mail.shop.example': ['2001:db8::7'],
  'PTR 7.100.51.198.in-addr.arpa': ['mail.shop.example'],
  [`PTR ${Array.from('20010db8000000000000000000000007').toReversed().join('.')}.ip6.arpa`]: ['mail.shop.example'],
}

async function examined(change: Zone = {}, more: Partial<MailSetup> = {}): Promise<string[]> {
  server.zone = { ...good, ...change }
  const findings = await examineMailRecords(dns, { ...setup, ...more })
  return findings.map(({ name, status, detail, remedy = '' }) => `${status} ${name}: ${detail} ${remedy}`)
}

test('a domain on which all is well', async () => {
  const found = await examined()
  expect(found.map((line) => line.split(':')[0])).toEqual([
    'ok SPF',
    'ok DKIM',
    'ok DKIM',
    'ok DMARC',
    'ok MX',
    'ok MX',
    'ok reverse DNS',
  ])
  expect(found.join('\n')).toContain('aligned by DKIM and SPF')
  expect(found.join('\n')).toContain('shop.example: mx1.shop.example')
})

const deep = Object.fromEntries(
  Array.from({ length: 12 }, (_, n) => [`TXT s${n}.example`, [`v=spf1 include:s${n + 1}.example -all`]]),
)

test.each<[string, Zone, Partial<MailSetup>, RegExp]>([
  ['no SPF', { 'TXT bounces.shop.example': [] }, {}, /failure SPF: .*has no SPF/],
  [
    'two SPF records',
    { 'TXT bounces.shop.example': ['v=spf1 -all', 'v=spf1 mx -all'] },
    {},
    /failure SPF: .*2 SPF records/,
  ],
  ['SPF that lets everybody send', { 'TXT bounces.shop.example': ['v=spf1 +all'] }, {}, /failure SPF: .*everybody/],
  ['SPF without an end', { 'TXT bounces.shop.example': ['v=spf1 mx'] }, {}, /warning SPF/],
  [
    'SPF of too many look-ups',
    { ...deep, 'TXT bounces.shop.example': ['v=spf1 include:s0.example -all'] },
    {},
    /failure SPF: .*look-ups; 10 may be/,
  ],
  [
    'SPF that includes itself',
    { 'TXT bounces.shop.example': ['v=spf1 include:bounces.shop.example -all'] },
    {},
    /ok SPF: .*1 look-ups/,
  ],
  ['nothing signed', {}, { dkim: [] }, /failure DKIM: nothing is signed/],
  ['no key', { 'TXT r1._domainkey.shop.example': [] }, {}, /failure DKIM: r1.*has no key .*p=MII/],
  [
    'another key',
    { 'TXT e1._domainkey.shop.example': ['v=DKIM1; k=ed25519; p=AAAA'] },
    {},
    /failure DKIM: e1.*another key/,
  ],
  ['a revoked key', { 'TXT e1._domainkey.shop.example': ['v=DKIM1; p='] }, {}, /failure DKIM: e1.*revoked/],
  [
    'a key on trial',
    { 'TXT e1._domainkey.shop.example': [`v=DKIM1; t=y; k=ed25519; p=${der(ed).subarray(-32).toString('base64')}`] },
    {},
    /warning DKIM: e1.*test/,
  ],
  ['no DMARC', { 'TXT _dmarc.shop.example': [] }, {}, /failure DMARC: .*no DMARC/],
  [
    'DMARC without a policy',
    { 'TXT _dmarc.shop.example': ['v=DMARC1; rua=mailto:x@shop.example'] },
    {},
    /failure DMARC: .*no policy/,
  ],
  [
    'DMARC that only looks',
    { 'TXT _dmarc.shop.example': ['v=DMARC1; p=none; rua=mailto:x@shop.example'] },
    {},
    /warning DMARC: .*p=none/,
  ],
  ['DMARC without reports', { 'TXT _dmarc.shop.example': ['v=DMARC1; p=reject'] }, {}, /warning DMARC: .*no reports/],
  [
    'nothing aligned',
    {},
    { envelopeDomain: 'host.example', dkim: [{ domain: 'host.example', selector: 'r1', privateKey: rsa }] },
    /failure DMARC: neither/,
  ],
  [
    'strict alignment',
    { 'TXT _dmarc.shop.example': ['v=DMARC1; p=reject; aspf=s; rua=mailto:x@y.example'] },
    {},
    /aligned by DKIM /,
  ],
  ['no MX', { 'MX bounces.shop.example': [] }, {}, /failure MX: bounces\.shop\.example takes no mail/],
  ['no PTR', { 'PTR 7.100.51.198.in-addr.arpa': [] }, {}, /failure reverse DNS: 198\.51\.100\.7 .*has no name/],
  [
    'a PTR that leads elsewhere',
    { 'PTR 7.100.51.198.in-addr.arpa': ['host7.isp.example'] },
    {},
    /failure reverse DNS: .*host7\.isp\.example/,
  ],
  [
    'a host without address',
    {},
    { serverHost: 'nowhere.example' },
    /failure reverse DNS: nowhere\.example has no address/,
  ],
  [
    'a name server that is broken',
    { 'TXT _dmarc.shop.example': 'SERVFAIL' },
    {},
    /failure DMARC: DNS gives no answer \(ESERVFAIL\)/,
  ],
])('%s', async (_name, change, more, expected) => {
  const found = await examined(change, more)
  expect(found.join('\n')).toMatch(expected)
})
