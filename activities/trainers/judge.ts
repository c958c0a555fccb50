/** Whether a model takes the place of the one in use: the same rule for every kind. */

import type { Judgement } from './trainer.ts'

export interface Verdict {
  readonly promote: boolean
  /** In plain words. */
  readonly reason: string
}

/**
 * Promoted is what is sound, calibrated, and better than the model in use by the margin. A model in use that is itself
 * out of calibration gives way to one that is not, and is not worse.
 */
export function judge(judgement: Judgement): Verdict {
  const { measure, value, champion, higherIsBetter, margin, useless, calibration, words, rival } = judgement
  if (useless !== undefined) return { promote: false, reason: `${useless}: ${words}.` }
  if (!Number.isFinite(value)) return { promote: false, reason: `The ${measure} is no number: ${words}.` }
  if (calibration && !(calibration.error <= calibration.bound)) {
    const off = `calibration error ${calibration.error.toFixed(3)}, at most ${calibration.bound.toFixed(3)} is allowed`
    return { promote: false, reason: `Not calibrated (${off}): ${words}.` }
  }
  if (champion === undefined || !Number.isFinite(champion)) {
    return { promote: true, reason: `The first model of its kind: ${words}.` }
  }
  const gain = higherIsBetter ? value - champion : champion - value
  const against = `${words}, against ${champion.toFixed(3)} ${rival ?? 'in use'}`
  if (gain >= margin) return { promote: true, reason: `Better by ${gain.toFixed(3)} ${measure}: ${against}.` }
  if (gain >= 0 && calibration?.champion !== undefined && calibration.champion > calibration.bound) {
    return { promote: true, reason: `The one in use is out of calibration: ${against}.` }
  }
  const short =
    gain < 0
      ? rival === undefined
        ? 'Worse than the one in use'
        : 'Worse than it would be'
      : `Not better by ${margin}`
  return { promote: false, reason: `${short}: ${against}.` }
}
