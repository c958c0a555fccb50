/** Adds to a number in a file, again and again, under the lock: node count-under-lock.ts LOCK FILE TIMES [hold]. */

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { withLock } from '../../../bin/setup/lock.mjs'

const [lock = '', file = '', times = '0', hold] = process.argv.slice(2)

if (hold === 'hold') {
  await withLock(lock, async () => {
    process.stdout.write('holding\n')
    await sleep(2 ** 30)
  })
}
for (let i = 0; i < Number(times); i++) {
  await withLock(lock, async () => {
    const count = existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0
    await sleep(2) // Long enough for another one to read the same number, were it not for the lock.
    writeFileSync(file, String(count + 1))
  })
}
