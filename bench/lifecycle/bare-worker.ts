/** A worker process for the bare workflows, set up like the product's own. Arguments: address, task queue. */

import { fileURLToPath } from 'node:url'
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker'

const [address = '', taskQueue = ''] = process.argv.slice(2)
Runtime.install({ logger: new DefaultLogger('ERROR') })
const connection = await NativeConnection.connect({ address })
const activities = { nothing: async () => undefined }
const elsewhere = await Worker.create({ connection, taskQueue: `${taskQueue}-elsewhere`, activities })
const worker = await Worker.create({
  connection,
  taskQueue,
  workflowsPath: fileURLToPath(new URL('./bare-workflow.ts', import.meta.url)),
  activities,
  maxCachedWorkflows: 600,
  maxConcurrentActivityTaskExecutions: 16,
})
for (const end of ['disconnect', 'SIGTERM']) {
  process.once(end, () => {
    for (const each of [worker, elsewhere]) if (each.getState() === 'RUNNING') each.shutdown()
  })
}
const run = Promise.all([worker.run(), elsewhere.run()])
process.send?.('ready')
await run
await connection.close()
