/** A worker process for the bare workflow, set up like the product's own. Arguments: address, task queue. */

import { fileURLToPath } from 'node:url'
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker'

const [address = '', taskQueue = ''] = process.argv.slice(2)
Runtime.install({ logger: new DefaultLogger('ERROR') })
const connection = await NativeConnection.connect({ address })
const worker = await Worker.create({
  connection,
  taskQueue,
  workflowsPath: fileURLToPath(new URL('./bare-workflow.ts', import.meta.url)),
  activities: { nothing: async () => undefined },
  maxCachedWorkflows: 600,
  maxConcurrentActivityTaskExecutions: 16,
})
for (const end of ['disconnect', 'SIGTERM']) {
  process.once(end, () => {
    if (worker.getState() === 'RUNNING') worker.shutdown()
  })
}
const run = worker.run()
process.send?.('ready')
await run
await connection.close()
