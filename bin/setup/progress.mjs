/** Says on stderr what a slow step is doing and how long it took. A step under a second says nothing. */

const quietMs = 1000
const stillMs = 15_000

/**
 * Runs one step of the set-up.
 *
 * @template T
 * @param {string} label what is being done, as in "installing dependencies"
 * @param {() => Promise<T>} work
 * @returns {Promise<T>} what the work returned
 */
export async function step(label, work) {
  const startedAt = performance.now()
  const first = setTimeout(() => say(`${label} …`), quietMs)
  const still = setInterval(() => say(`still ${label} (${seconds(startedAt)})`), stillMs)
  try {
    const result = await work()
    if (performance.now() - startedAt > quietMs) say(`done ${label} in ${seconds(startedAt)}`)
    return result
  } finally {
    clearTimeout(first)
    clearInterval(still)
  }
}

/** @param {string} line */
export function say(line) {
  process.stderr.write(`perennial: ${line}\n`)
}

/** @param {number} startedAt a `performance.now()` @returns {string} such as "4.2 s" */
export function seconds(startedAt) {
  return `${((performance.now() - startedAt) / 1000).toFixed(1)} s`
}
