/** The sum of squared errors alone, as fast as it can be had: a fit asks for it thousands of times. */

import { type HoltWintersForm, smoothingStart } from './holt-winters.ts'

/** The one-step sum of squares at parameters; Infinity where it is above `limit` or smoothing breaks down. */
export type SquaredErrors = (alpha: number, beta: number, gamma: number, limit: number) => number

/** The same sum as `smoothSeries` gives, without the checks and without making anything. */
export function squaredErrorsOf(values: Float64Array, form: HoltWintersForm): SquaredErrors {
  const { season, damping = 1 } = form
  const start = smoothingStart(values, form)
  const states = new Float64Array(season)

  const additive: SquaredErrors = (alpha, beta, gamma, limit) => {
    states.set(start.seasons)
    let { level, trend } = start
    let sse = 0
    for (let t = 0, phase = 0; t < values.length; t++) {
      const state = states[phase]!
      const expected = level + damping * trend
      const surprise = values[t]! - expected
      const error = surprise - state
      sse += error * error
      if (!(sse <= limit)) return Infinity
      const newLevel = expected + alpha * error
      trend = beta * (newLevel - level) + (1 - beta) * damping * trend
      level = newLevel
      states[phase] = state + gamma * (surprise - state)
      if (++phase === season) phase = 0
    }
    return sse
  }

  const multiplicative: SquaredErrors = (alpha, beta, gamma, limit) => {
    states.set(start.seasons)
    let { level, trend } = start
    let sse = 0
    for (let t = 0, phase = 0; t < values.length; t++) {
      const value = values[t]!
      const state = states[phase]!
      const expected = level + damping * trend
      const error = value - expected * state
      sse += error * error
      if (!(sse <= limit)) return Infinity
      const newLevel = alpha * (value / state) + (1 - alpha) * expected
      trend = beta * (newLevel - level) + (1 - beta) * damping * trend
      level = newLevel
      if (gamma > 0) states[phase] = gamma * (value / expected) + (1 - gamma) * state
      if (++phase === season) phase = 0
    }
    return sse
  }

  return form.seasonal === 'multiplicative' ? multiplicative : additive
}
