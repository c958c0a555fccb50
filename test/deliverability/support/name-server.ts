/** A name server on the loopback: answers over UDP, as RFC 1035 wants it, from a table. */

import { createSocket, type RemoteInfo } from 'node:dgram'
import { isIP } from 'node:net'

/** By `TYPE name`: texts, addresses, names; of MX `10 mail.example.org`. `SERVFAIL` instead of a list: it is broken. */
export type Zone = Readonly<Record<string, readonly string[] | 'SERVFAIL'>>

export interface NameServer {
  /** `127.0.0.1:5300` */
  readonly address: string
  zone: Zone
  close(): Promise<void>
}

const types: Readonly<Record<number, string>> = { 1: 'A', 12: 'PTR', 15: 'MX', 16: 'TXT', 28: 'AAAA' }

export async function startNameServer(): Promise<NameServer> {
  const socket = createSocket('udp4')
  const server: NameServer = {
    address: '',
    zone: {},
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  }
  socket.on('message', (query: Buffer, { port, address }: RemoteInfo) => {
    socket.send(answerTo(query, server.zone), port, address)
  })
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
  return Object.assign(server, { address: `127.0.0.1:${socket.address().port}` })
}

function answerTo(query: Buffer, zone: Zone): Buffer {
  const labels: string[] = []
  let at = 12
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length))
    at += length + 1
  }
  const type = query.readUInt16BE(at + 1)
  const question = query.subarray(12, at + 5)
  const name = labels.join('.').toLowerCase()
  const found = zone[`${types[type]} ${name}`]
  const isKnown = Object.keys(zone).some((key) => key.endsWith(` ${name}`))
  const code = found === 'SERVFAIL' ? 2 : found === undefined && !isKnown ? 3 : 0
  const answers = (found === 'SERVFAIL' || found === undefined ? [] : found).map((value) => record(type, value))
  const head = Buffer.alloc(12)
  query.copy(head, 0, 0, 2)
  head.writeUInt16BE(0x81_80 | code, 2)
  head.writeUInt16BE(1, 4)
  head.writeUInt16BE(answers.length, 6)
  return Buffer.concat([head, question, ...answers])
}

function record(type: number, value: string): Buffer {
  const data = dataOf(type, value)
  const head = Buffer.alloc(12)
  head.writeUInt16BE(0xc0_0c, 0) // The name of the question.
  head.writeUInt16BE(type, 2)
  head.writeUInt16BE(1, 4)
  head.writeUInt32BE(60, 6)
  head.writeUInt16BE(data.length, 10)
  return Buffer.concat([head, data])
}

function dataOf(type: number, value: string): Buffer {
  switch (types[type] ?? '') {
    case 'A':
      return Buffer.from(value.split('.').map(Number))
    case 'AAAA':
      return ipv6(value)
    case 'MX': {
      const [priority = '0', exchange = ''] = value.split(' ')
      return Buffer.concat([Buffer.from([0, Number(priority)]), nameOf(exchange)])
    }
    case 'TXT': {
      // In pieces, as long records are.
      const pieces = value.match(/.{1,200}/g) ?? ['']
      return Buffer.concat(pieces.map((piece) => Buffer.concat([Buffer.from([piece.length]), Buffer.from(piece)])))
    }
    default:
      return nameOf(value)
  }
}

function nameOf(name: string): Buffer {
  const labels = name.split('.').filter((label) => label !== '')
  return Buffer.concat([
    ...labels.map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)])),
    Buffer.from([0]),
  ])
}

function ipv6(text: string): Buffer {
  if (isIP(text) !== 6) throw new RangeError(text)
  const [left = '', right = ''] = text.split('::')
  const words = (part: string): string[] => (part === '' ? [] : part.split(':'))
  const missing = 8 - words(left).length - words(right).length
  const all = [...words(left), ...Array.from({ length: missing }, () => '0'), ...words(right)]
  return Buffer.from(all.flatMap((word) => [Number.parseInt(word, 16) >> 8, Number.parseInt(word, 16) & 255]))
}
