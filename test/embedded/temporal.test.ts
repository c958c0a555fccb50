import { once } from 'node:events'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client, Connection } from '@temporalio/client'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readConfig } from '../../src/config.ts'
import { isRunning } from '../../src/embedded/processes.ts'
import type { EmbeddedTemporal } from '../../src/embedded/temporal.ts'
import { startEmbeddedTemporal } from '../../src/embedded/temporal.ts'
import { obtainTemporal, temporalAtHand } from '../../src/embedded/temporal-binary.ts'

let home: string
let running: EmbeddedTemporal | undefined

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'perennial-temporal-'))
})

afterEach(async () => {
  await running?.stop()
  running = undefined
  rmSync(home, { recursive: true, force: true })
})

async function start(): Promise<EmbeddedTemporal> {
  running = await startEmbeddedTemporal({ home, program: await obtainTemporal(readConfig().cacheDir) })
  return running
}

async function withClient<T>(address: string, work: (client: Client) => Promise<T>): Promise<T> {
  const connection = await Connection.connect({ address })
  try {
    return await work(new Client({ connection }))
  } finally {
    await connection.close()
  }
}

/** Starts a workflow that nobody works on: it is there, and waits. */
async function leaveWorkflow(address: string): Promise<void> {
  await withClient(address, (client) => client.workflow.start('waiting', { workflowId: 'left', taskQueue: 'nobody' }))
}

async function statusOfLeft(address: string): Promise<string> {
  return withClient(address, async (client) => (await client.workflow.getHandle('left').describe()).status.name)
}

describe('a workflow that was started', () => {
  test('is there after a stop and a start, and so are the search attributes', async () => {
    const first = await start()
    await leaveWorkflow(first.address)
    await first.stop()
    const second = await start()
    expect(await statusOfLeft(second.address)).toBe('RUNNING')
    const names = await withClient(second.address, async (client) => {
      const answer = await client.connection.operatorService.listSearchAttributes({ namespace: 'default' })
      return Object.keys(answer.customAttributes)
    })
    expect(names).toEqual(
      expect.arrayContaining([
        'LifecycleStage',
        'ChurnRisk',
        'LifetimeValue',
        'CustomerSegments',
        'Journeys',
        'NextStep',
      ]),
    )
  })

  test('is there after the server was killed', async () => {
    const first = await start()
    await leaveWorkflow(first.address)
    process.kill(first.mark.pid, 'SIGKILL')
    await first.exited
    expect(await statusOfLeft((await start()).address)).toBe('RUNNING')
  })
})

test('a server that a killed predecessor left on the same store gives way', async () => {
  const orphan = await start()
  const successor = await start()
  expect(isRunning(orphan.mark)).toBe(false)
  expect((await fetch(successor.uiUrl)).status).toBe(200)
})

test('a taken port is said in one sentence', async () => {
  const holder = createServer().listen(0, '127.0.0.1')
  await once(holder, 'listening')
  const { port } = holder.address() as AddressInfo
  const program = await obtainTemporal(readConfig().cacheDir)
  await expect(startEmbeddedTemporal({ home, program, port })).rejects.toThrow(
    `Port ${port} is taken, the Temporal server needs it`,
  )
  holder.close()
})

test('a program that ends at once is said with its last words', async () => {
  const program = join(home, 'temporal')
  writeFileSync(program, '#!/bin/sh\necho "no luck today" >&2\nexit 1\n')
  chmodSync(program, 0o755)
  await expect(startEmbeddedTemporal({ home, program })).rejects.toThrow(/did not start: no luck today/)
})

test('a program of that name which is not Temporal is passed over', async () => {
  writeFileSync(join(home, 'temporal-1.5.1'), '#!/bin/sh\necho "something else 1.0"\n')
  chmodSync(join(home, 'temporal-1.5.1'), 0o755)
  expect(await temporalAtHand(home)).not.toBe(join(home, 'temporal-1.5.1'))
})
