/** Special functions and distributions, against values computed with 40 digits and more (mpmath). */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { chiSquareUpperTail, studentTwoSided, studentTwoSidedQuantile } from '../../src/analytics/core/distributions.ts'
import { logBetaDensity, lowerGamma, regularizedBeta, upperGamma } from '../../src/analytics/core/incomplete.ts'
import {
  erf,
  erfc,
  normalCdf,
  normalQuantile,
  normalTwoSided,
  normalUpperQuantile,
  normalUpperTail,
} from '../../src/analytics/core/normal.ts'
import { integratePieces } from '../../src/analytics/core/quadrature.ts'
import { findRoot } from '../../src/analytics/core/root.ts'
import { devianceTerm, digamma, logBeta, logGamma, logOnePlusMinus } from '../../src/analytics/core/special.ts'

/** How far two numbers are apart, as a share of the expected one; absolutely, where that is 0. */
function apart(actual: number, expected: number): number {
  return Math.abs(actual - expected) / Math.abs(expected || 1)
}

describe('the gamma family', () => {
  test.each([
    [1e-300, 690.7755278982137],
    [1e-8, 18.42068073818021],
    [0.1, 2.252712651734206],
    [0.5, 0.5723649429247001],
    [0.9999999, 5.772157468444193e-8],
    [1, 0],
    [1.0000001, -5.772155829918507e-8],
    [1.4616321449683622, -0.12148629053584961],
    [1.9999999, -4.2278430309861296e-8],
    [2, 0],
    [2.3, 0.15418945495963046],
    [3.7, 1.428072326665388],
    [8.999, 10.602462320025602],
    [9, 10.60460290274525],
    [33.3, 82.60372358165495],
    [12345.678, 103959.91990554606],
  ])('ln Γ(%d) has all its digits', (x, expected) => {
    expect(apart(logGamma(x), expected)).toBeLessThanOrEqual(1e-15)
  })

  test.each([
    [1e-5, -100000.57719921567],
    [0.3, -3.502524222200133],
    [1, -0.5772156649015329],
    [2.5, 0.7031566406452432],
    [8.99, 2.13946566760317],
    [9, 2.14064147795561],
    [1000.5, 6.907755320648796],
  ])('ψ(%d) has all its digits', (x, expected) => {
    expect(apart(digamma(x), expected)).toBeLessThanOrEqual(2e-15)
  })

  test.each([
    [1, 1, 0],
    [0.5, 0.5, 1.1447298858494002],
    [1e-5, 1e5, 11.512804563691175],
    [2.5, 1e7, -40.01055644442287],
    [1e6, 1000001, -1386300.6965101017],
    [8.9, 9.1, -12.29469249754467],
    [30.5, 4000, -180.12723146645095],
  ])('ln B(%d, %d) keeps its digits where three log-gammas would lose them', (a, b, expected) => {
    expect(apart(logBeta(a, b), expected)).toBeLessThanOrEqual(1e-15)
    expect(apart(logBeta(b, a), expected)).toBeLessThanOrEqual(1e-15)
  })

  test('ψ is the slope of ln Γ', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.01, max: 1e4, noNaN: true }), (x) => {
        const h = 1e-4 * x
        const slope = (logGamma(x + h) - logGamma(x - h)) / (2 * h)
        expect(Math.abs(slope - digamma(x))).toBeLessThan(1e-6 * (1 + Math.abs(digamma(x))))
      }),
    )
  })

  test.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])('%d is refused by name', (x) => {
    expect(() => logGamma(x)).toThrow(new RangeError(`x: ${x} must be a positive finite number`))
    expect(() => digamma(x)).toThrow(RangeError)
    expect(() => logBeta(1, x)).toThrow(`b: ${x} must be`)
  })

  test('ln(1 + x) − x does not cancel near 0', () => {
    expect(apart(logOnePlusMinus(1e-9), -4.999999996666667e-19)).toBeLessThanOrEqual(1e-15)
    expect(apart(logOnePlusMinus(-0.3), -0.05667494393873238)).toBeLessThanOrEqual(1e-15)
    expect(Math.abs(devianceTerm(1000, 1000))).toBe(0)
    expect(apart(devianceTerm(10, 1e-20), 10 * Math.log(1e21) - 10)).toBeLessThanOrEqual(1e-14)
  })
})

describe('the normal distribution', () => {
  test.each([
    [-3, -0.9999779095030014, 1.9999779095030015],
    [-0.5, -0.5204998778130465, 1.5204998778130465],
    [0, 0, 1],
    [1e-10, 1.1283791670955126e-10, 0.999999999887162],
    [0.5, 0.5204998778130465, 0.4795001221869535],
    [0.999, 0.8422852702064969, 0.15771472979350307],
    [1, 0.8427007929497149, 0.15729920705028513],
    [2, 0.9953222650189527, 0.004677734981047266],
    [5, 0.9999999999984626, 1.537459794428035e-12],
    [10, 1, 2.088487583762545e-45],
    [20, 1, 5.395865611607901e-176],
    [26.5, 1, 2.2109076642637343e-307],
  ])('erf(%d) and erfc have their digits, also in the far tail', (x, expectedErf, expectedErfc) => {
    expect(apart(erf(x), expectedErf)).toBeLessThanOrEqual(1e-15)
    expect(apart(erfc(x), expectedErfc)).toBeLessThanOrEqual(3e-15)
  })

  test.each([
    [1e-300, 37.0470962993612],
    [1e-15, 7.941345326170998],
    [0.025, 1.9599639845400545],
    [0.3, 0.5244005127080409],
    [0.5, 0],
    [0.8, -0.8416212335729143],
    [0.999, -3.090232306167813],
  ])('above the quantile of %d lies that share', (tail, expected) => {
    expect(Math.abs(normalUpperQuantile(tail) - expected)).toBeLessThan(1e-14 * (1 + Math.abs(expected)))
  })

  test('quantile and distribution undo each other', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-12, max: 1 - 1e-12, noNaN: true }), (p) => {
        expect(apart(normalCdf(normalQuantile(p)), p)).toBeLessThanOrEqual(1e-12)
      }),
    )
  })

  test('both tails together are 1, and a two-sided p is twice one tail', () => {
    expect(normalCdf(1.3) + normalUpperTail(1.3)).toBeCloseTo(1, 15)
    expect(apart(normalTwoSided(-30), 2 * normalUpperTail(30))).toBeLessThanOrEqual(1e-15)
    expect(normalTwoSided(60)).toBe(0)
  })

  test.each([0, 1, -0.1, Number.NaN])('a quantile of %d is refused', (p) => {
    expect(() => normalQuantile(p)).toThrow(`p: ${p} must lie between 0 and 1`)
  })
})

describe('incomplete integrals', () => {
  test.each([
    [1, 1, 0.3, 0.3],
    [1, 2, 0.5, 0.75],
    [0.5, 0.5, 0.001, 0.020135041633377492],
    [2, 7.5, 0.9, 0.9999997549234814],
    [1500, 3000, 0.3, 6.91597031961949e-7],
    [40000, 0.5, 0.9998, 6.329231045758743e-5],
    [1e6, 2e6, 0.3332, 0.31213966287673267],
    [3, 0.1, 0.99999, 0.6347575943272878],
  ])('I of Beta(%d, %d) at %d', (a, b, x, expected) => {
    expect(apart(regularizedBeta(a, b, x), expected)).toBeLessThanOrEqual(1e-12)
    expect(regularizedBeta(b, a, 1 - x, x)).toBeCloseTo(1 - expected, 12)
  })

  test.each([
    [0.5, 1e-8, 0.00011283791633342487, 0.9998871620836666],
    [0.5, 200, 1, 5.5072482372124675e-89],
    [1, 1, 0.6321205588285577, 0.36787944117144233],
    [3, 0.1, 0.00015465307026467167, 0.9998453469297354],
    [3, 30, 0.9999999999549898, 4.501016648012124e-11],
    [2500, 2400, 0.02165968786536333, 0.9783403121346367],
    [2500, 2700, 0.999952823644053, 4.717635594693641e-5],
  ])('P and Q of the gamma distribution of shape %d at %d', (a, x, lower, upper) => {
    expect(apart(lowerGamma(a, x), lower)).toBeLessThanOrEqual(1e-13)
    expect(apart(upperGamma(a, x), upper)).toBeLessThanOrEqual(1e-13)
  })

  test('a Beta density integrates to its distribution function', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 2, max: 50, noNaN: true }),
        fc.double({ min: 2, max: 50, noNaN: true }),
        fc.double({ min: 0.05, max: 0.95, noNaN: true }),
        (a, b, x) => {
          const pieces = Array.from({ length: 61 }, (_, i) => x * (i / 60) ** 3)
          const area = integratePieces((t) => Math.exp(logBetaDensity(a, b, t)), pieces)
          expect(Math.abs(area - regularizedBeta(a, b, x))).toBeLessThan(1e-9)
        },
      ),
    )
  })

  test('the ends and bad arguments', () => {
    expect(regularizedBeta(2, 3, 0)).toBe(0)
    expect(regularizedBeta(2, 3, 1)).toBe(1)
    expect(() => regularizedBeta(0, 1, 0.5)).toThrow('a: 0 must be a positive finite number')
    expect(() => regularizedBeta(1, 1, 1.5)).toThrow('x: 1.5 must lie between 0 and 1')
    expect(() => lowerGamma(1, -1)).toThrow('x: -1 must not be negative')
  })
})

describe("Student's t and chi-square", () => {
  test.each([
    [0, 5, 1],
    [0.3, 1, 0.8144528418445153],
    [12, 7.3, 4.5557852295705506e-6],
    [40, 30.5, 6.423286841926283e-28],
    [1e100, 2, 1e-200],
  ])('P(|T| ≥ %d) with %d degrees of freedom', (t, df, expected) => {
    expect(apart(studentTwoSided(t, df), expected)).toBeLessThanOrEqual(1e-13)
    expect(apart(studentTwoSided(-t, df), expected)).toBeLessThanOrEqual(1e-13)
  })

  test.each([
    [0.05, 1, 12.706204736174705],
    [0.05, 7.3, 2.3450667365477034],
    [0.05, 36671.157, 1.9600286770230322],
    [0.9, 3, 0.1365981993536989],
    [1e-10, 12, 20.57774867909796],
  ])('the half-width for p = %d with %d degrees of freedom', (p, df, expected) => {
    expect(apart(studentTwoSidedQuantile(p, df), expected)).toBeLessThanOrEqual(1e-12)
  })

  test('with one degree of freedom, χ² is the square of a normal', () => {
    for (const z of [0.1, 1, 2.5, 10, 25])
      expect(apart(chiSquareUpperTail(z * z, 1), normalTwoSided(z))).toBeLessThan(1e-12)
    expect(chiSquareUpperTail(0, 3)).toBe(1)
    expect(() => chiSquareUpperTail(1, 0)).toThrow('degreesOfFreedom: 0 must be positive')
  })
})

describe('a root', () => {
  test('is found to the last digits, wherever it lies between the ends', () => {
    fc.assert(
      fc.property(fc.double({ min: -50, max: 50, noNaN: true }), (root) => {
        expect(Math.abs(findRoot((x) => Math.atan(x - root), -60, 60) - root)).toBeLessThan(1e-12)
        expect(Math.abs(findRoot((x) => (x - root) ** 3, -60, 60) - root)).toBeLessThan(1e-4)
      }),
    )
  })

  test('needs a change of sign', () => {
    expect(() => findRoot((x) => x * x + 1, -1, 1)).toThrow('[low, high]: "[-1, 1]" must enclose a change of sign')
  })
})
