/** Notices that the npm which ran this script was killed: npm cannot pass that on, and the product would run on unseen. */

import { readFileSync } from 'node:fs'

const pollMs = 500

/**
 * Calls back once when the npm above this process is gone. Does nothing where the process was not run by npm, or where
 * the system does not tell who its parent's parent is.
 *
 * @param {() => void} callback
 */
export function whenNpmIsGone(callback) {
  if (process.env.npm_lifecycle_event === undefined) return
  const npm = npmProcess(process.ppid)
  if (npm === undefined) return
  const timer = setInterval(() => {
    if (isAlive(npm)) return
    clearInterval(timer)
    callback()
  }, pollMs)
  timer.unref()
}

/** npm runs a script through a shell, which may or may not stay between the two. */
function npmProcess(parent) {
  for (const pid of [parent, parentOf(parent)]) {
    if (pid !== undefined && pid > 1 && /(^|[/\0 ])(npm|npx|pnpm|yarn)/.test(commandOf(pid))) return pid
  }
  return undefined
}

function commandOf(pid) {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return ''
  }
}

function parentOf(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) // The name before may hold spaces and brackets.
  } catch {
    return undefined
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}
