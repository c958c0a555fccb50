/** How far an import is: share, rate and the time that is left, on standard error, from the second second on. */

import type { ImportProgress } from '../../intake/import/import-file.ts'

const firstMs = 1_000
const terminalPauseMs = 200
const plainPauseMs = 5_000

export class ProgressLine {
  readonly #startedAt = performance.now()
  readonly #isTerminal = process.stderr.isTTY
  #nextAt = this.#startedAt + firstMs
  #isShown = false

  report({ share, lines, doing }: ImportProgress): void {
    const now = performance.now()
    if (now < this.#nextAt) return
    this.#nextAt = now + (this.#isTerminal ? terminalPauseMs : plainPauseMs)
    this.#isShown = true
    const seconds = (now - this.#startedAt) / 1000
    const left = share > 0 ? (seconds / share) * (1 - share) : Number.NaN
    const text =
      doing === 'finishing'
        ? 'putting customers in their stages …'
        : `${Math.floor(share * 100)} %  ${Math.round(lines / seconds).toLocaleString('en')} lines/s  ${clock(left)} left`
    process.stderr.write(this.#isTerminal ? `\r\u001B[K${text}` : `${text}\n`)
  }

  end(): void {
    if (this.#isShown && this.#isTerminal) process.stderr.write('\n')
  }
}

function clock(seconds: number): string {
  if (!Number.isFinite(seconds)) return '–'
  const whole = Math.ceil(seconds)
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`
}
