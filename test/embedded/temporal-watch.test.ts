/** A Temporal server that hangs: noticed, ended, and back with everything it knew. */

import { mkdtempSync, rmSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client, Connection } from '@temporalio/client'
import { expect, it } from 'vitest'
import { Keeper } from '../../src/embedded/keeper.ts'
import { freePort } from '../../src/embedded/ports.ts'
import { signalProcess } from '../../src/embedded/processes.ts'
import { startEmbeddedTemporal } from '../../src/embedded/temporal.ts'
import { obtainTemporal } from '../../src/embedded/temporal-binary.ts'

it('a server that no longer answers is ended, comes back on its port, and still has its workflows', async () => {
  const home = mkdtempSync(join(tmpdir(), 'perennial-test-'))
  const program = await obtainTemporal(join(homedir(), '.cache', 'perennial'))
  const [port, uiPort] = [await freePort(), await freePort()]
  const ends: string[] = []
  const keeper = await Keeper.keep({
    start: () => startEmbeddedTemporal({ home, program, port, uiPort, patienceMs: 3_000 }),
    onDown: (reason) => ends.push(reason),
  })
  const connection = await Connection.connect({ address: keeper.current.address })
  try {
    const client = new Client({ connection })
    await client.workflow.start('nobody-runs-this', { taskQueue: 'nobody', workflowId: 'kept' })
    const { mark } = keeper.current
    signalProcess(mark, 'SIGSTOP') // It lives, and says nothing.
    await expect.poll(() => keeper.current.mark.pid, { timeout: 60_000 }).not.toBe(mark.pid)
    expect(ends).toHaveLength(1)
    expect((await client.workflow.getHandle('kept').describe()).status.name).toBe('RUNNING')
  } finally {
    await connection.close()
    await keeper.stop()
    rmSync(home, { recursive: true, force: true })
  }
})
