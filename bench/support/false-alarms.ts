/** How often the sequential test cries wolf where nothing is different: A/A replays of what people really did. */

import { seededRandom } from '../../src/analytics/core/random.ts'
import { sequentialTest } from '../../src/analytics/experiments/sequential.ts'

/**
 * People of one arm, on two sides by chance, looked at twenty times. Always the same ones.
 *
 * @param outcomes 1 for whoever did it, 0 for the others.
 * @returns in how many of the replays the test was sure at 5 %.
 */
export function falseAlarms(outcomes: readonly number[], replays: number): number {
  const random = seededRandom(11)
  let alarms = 0
  for (let replay = 0; replay < replays; replay++) {
    const empty = (): { n: number; conversions: number } => ({ n: 0, conversions: 0 })
    const sides = [empty(), empty()] as const
    const looks = Array.from({ length: 20 }, () => {
      for (let i = 0; i < 200; i++) {
        const side = sides[random() < 0.5 ? 0 : 1]
        side.n++
        side.conversions += outcomes[Math.floor(random() * outcomes.length)] as number
      }
      return { control: { ...sides[0] }, variant: { ...sides[1] } }
    })
    if (sequentialTest(looks).some(({ p }) => p <= 0.05)) alarms++
  }
  return alarms
}
