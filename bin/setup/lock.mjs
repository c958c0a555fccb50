/** A lock between processes of one machine: two set-ups at once must not install over each other. */

import { mkdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const pollMs = 200
const heartbeatMs = 2000
/** A holder that has not touched its lock for this long is gone, whoever has its process id now. */
const abandonedMs = 30_000

/**
 * Runs the work while holding the lock. Waits for another holder; takes the lock over from a dead one.
 *
 * @template T
 * @param {string} path the lock file
 * @param {() => Promise<T>} work
 * @param {() => void} onWait told once if another holds it
 * @returns {Promise<T>}
 */
export async function withLock(path, work, onWait = () => {}) {
  await acquire(path, onWait)
  const heartbeat = setInterval(() => utimesSync(path, new Date(), new Date()), heartbeatMs)
  try {
    return await work()
  } finally {
    clearInterval(heartbeat)
    rmSync(path, { force: true })
  }
}

async function acquire(path, onWait) {
  mkdirSync(dirname(path), { recursive: true })
  for (let told = false; !tryCreate(path); ) {
    if (isAbandoned(path)) {
      // Only one of several waiters may clear it: the others would remove the lock that the first then takes.
      const broom = `${path}.clearing`
      if (isAbandoned(broom)) rmSync(broom, { force: true })
      if (tryCreate(broom)) {
        if (isAbandoned(path)) rmSync(path, { force: true })
        rmSync(broom, { force: true })
      }
      continue
    }
    if (!told) onWait()
    told = true
    await sleep(pollMs)
  }
}

function tryCreate(path) {
  try {
    writeFileSync(path, String(process.pid), { flag: 'wx' })
    return true
  } catch (error) {
    if (error.code === 'EEXIST') return false
    throw error
  }
}

function isAbandoned(path) {
  try {
    if (Date.now() - statSync(path).mtimeMs > abandonedMs) return true
    const holder = Number(readFileSync(path, 'utf8'))
    if (holder === 0) return false // Created a moment ago, the number not yet written.
    process.kill(holder, 0)
    return false
  } catch (error) {
    return error.code === 'ESRCH' // Otherwise it is gone already (ENOENT), or alive and another user's (EPERM).
  }
}
