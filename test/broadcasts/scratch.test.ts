import { setTimeout as sleep } from 'node:timers/promises'
import { test } from 'vitest'
import { startSink } from '../support/smtp/sink.ts'
import { addCrowd } from '../workflows/support/crowds.ts'
import { startWorkerProcess } from '../workflows/support/worker-process.ts'
import { createWorld } from '../workflows/support/world.ts'
import { startBroadcast, tallyOf } from './support/broadcasts.ts'

test('x', async () => {
  const world = await createWorld({ speed: 60 })
  const log: unknown[] = []
  const sink = await startSink({ onEntry: (entry) => log.push(entry) })
  await addCrowd(world, 50)
  const first = await startWorkerProcess(world, { SMTP_URL: sink.url, LOG_LEVEL: 'info' })
  const { workflow } = await startBroadcast(world, 'killed', { template: 'hello' })
  for (let i = 0; i < 12; i++) {
    await sleep(1000)
    console.log(log.length, sink.counts, await tallyOf(world, 'killed'))
    const d = await workflow.describe()
    console.log(d.status.name, JSON.stringify(d.raw.pendingActivities?.map((a) => [a.activityType?.name, a.attempt, a.lastFailure?.message, a.lastFailure?.cause?.message])))
    if (d.status.name !== 'RUNNING') break
  }
  await first.kill()
  await sink.close()
}, 60000)
