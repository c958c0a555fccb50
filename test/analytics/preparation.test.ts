/** Data preparation: what is found, what is done, and that every row and value touched is accounted for. */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { exactDuplicates } from '../../src/analytics/preparation/duplicates.ts'
import { type MissingRule, treatMissing } from '../../src/analytics/preparation/missing-values.ts'
import { drawInOutliers, findOutliers, winsorise } from '../../src/analytics/preparation/outliers.ts'
import {
  normalAddress,
  normalName,
  normalPhone,
  type PersonRecord,
  samePeople,
} from '../../src/analytics/preparation/people.ts'
import { prepareMatrix } from '../../src/analytics/preparation/prepare-matrix.ts'
import { matrixOf, rowsOf } from './support/points.ts'

const gap = Number.NaN

describe('exactDuplicates', () => {
  test('finds rows that say the same to the character, and keeps the first', () => {
    const { groups, kept, extraCount } = exactDuplicates([
      ['a', '1'],
      ['b', '1'],
      ['a', '1'],
      ['A', '1'],
      ['a', '1'],
    ])
    expect(groups).toEqual([[0, 2, 4]])
    expect(Array.from(kept)).toEqual([0, 1, 3])
    expect(extraCount).toBe(2)
  })

  test('does not take cells that only look alike in a row', () => {
    expect(
      exactDuplicates([
        ['a,b', 'c'],
        ['a', 'b,c'],
        ['a"', 'b'],
        ['a', '"b'],
      ]).extraCount,
    ).toBe(0)
  })

  test('accounts for every row', () => {
    fc.assert(
      fc.property(fc.array(fc.array(fc.constantFrom('', 'x', 'y'), { maxLength: 2 })), (rows) => {
        const { groups, kept, extraCount } = exactDuplicates(rows)
        expect(kept.length + extraCount).toBe(rows.length)
        expect(new Set(rows.map((row) => JSON.stringify(row))).size).toBe(kept.length)
        for (const group of groups) expect(new Set(group.map((row) => JSON.stringify(rows[row]))).size).toBe(1)
      }),
    )
  })
})

describe('samePeople', () => {
  const person = (name: string | null, address: string | null, phone: string | null): PersonRecord => ({
    name,
    address,
    phone,
  })

  test('finds one person under different spellings', () => {
    const { groups, kept, extraCount, links } = samePeople(
      [
        person('José García-López', '12 High St.', null),
        person('Ann Smith', '12 High Street', '020 7946 0018'),
        person('GARCIA LOPEZ, Jose', '12, high street', '+44 20 7946 0001'),
        person('Jose Garcia Lopez', null, '(020) 7946-0001'),
        person('Smith, Ann', 'elsewhere', '0044 (0)20 7946 0018'),
      ],
      { callingCode: '44' },
    )
    expect(groups).toEqual([
      [0, 2, 3],
      [1, 4],
    ])
    expect(Array.from(kept)).toEqual([0, 1])
    expect(extraCount).toBe(3)
    expect(links).toEqual({ nameAndAddress: 1, nameAndPhone: 2 })
  })

  test('takes neither a name nor a home nor a phone alone for proof', () => {
    const apart = [
      person('Ann Smith', '1 Road', '1'),
      person('Ann Smith', '2 Road', '2'),
      person('Bob Smith', '1 Road', '1'),
      person('Ann Smith', null, null),
      person(null, '1 Road', '1'),
      person(' - ', '1 Road', '1'),
    ]
    expect(samePeople(apart)).toMatchObject({
      groups: [],
      extraCount: 0,
      links: { nameAndAddress: 0, nameAndPhone: 0 },
    })
  })

  test.each([
    [normalName("Zoë O'Neil"), 'oneil zoe'],
    [normalName('MÜLLER,  Jörg'), 'jorg muller'],
    [normalName('王小明'), '王小明'],
    [normalAddress('Hauptstr. 5'), 'hauptstr 5'],
    [normalAddress('Große Straße 5'), 'grosse strasse 5'],
    [normalAddress('Apt 4, 9 Elm Ave.'), 'apartment 4 9 elm avenue'],
    [normalPhone('00 44 20 7946 0018'), '442079460018'],
    [normalPhone('020 7946 0018', '44'), '442079460018'],
    [normalPhone('+1 (212) 555-0100', '44'), '12125550100'],
    [normalPhone('020 7946 0018'), '02079460018'],
  ])('writes it as %s', (written, expected) => {
    expect(written).toBe(expected)
  })
})

describe('treatMissing', () => {
  const matrix = matrixOf([
    [1, gap, 5],
    [gap, 2, 6],
    [3, 4, gap],
    [8, 9, 10],
  ])

  test('fills each column by its own rule, and says with what', () => {
    const { matrix: filled, kept, dropped, columns } = treatMissing(matrix, ['mean', 'median', { value: 0 }])
    expect(rowsOf(filled)).toEqual([
      [1, 4, 5],
      [4, 2, 6],
      [3, 4, 0],
      [8, 9, 10],
    ])
    expect(Array.from(kept)).toEqual([0, 1, 2, 3])
    expect(dropped).toHaveLength(0)
    expect(columns).toEqual([
      { missing: 1, filledWith: 4 },
      { missing: 1, filledWith: 4 },
      { missing: 1, filledWith: 0 },
    ])
  })

  test('drops rows before it fills, and says which', () => {
    const { matrix: left, kept, dropped, columns } = treatMissing(matrix, ['drop-row', 'median', 'mean'])
    expect(rowsOf(left)).toEqual([
      [1, 6.5, 5],
      [3, 4, 7.5],
      [8, 9, 10],
    ])
    expect([Array.from(kept), Array.from(dropped)]).toEqual([[0, 2, 3], [1]])
    expect(columns).toEqual([
      { missing: 1, filledWith: null },
      { missing: 1, filledWith: 6.5 },
      { missing: 1, filledWith: 7.5 },
    ])
  })

  test('leaves the caller’s matrix as it was', () => {
    treatMissing(matrix, 'median')
    expect(matrix.values.filter(Number.isNaN)).toHaveLength(3)
  })

  test.each<[string, number[][], MissingRule | MissingRule[], RegExp]>([
    [
      'a column without any value',
      [[gap, 1]],
      'median',
      /^matrix \(column 0\): "no value" is known, so there is no median/,
    ],
    ['dropping every row', [[gap, 1]], 'drop-row', /^matrix: "no row" is left/],
    [
      'infinity',
      [[1], [Number.POSITIVE_INFINITY]],
      'mean',
      /^matrix \(row 1, column 0\): Infinity must be a finite number/,
    ],
    ['rules for other columns', [[1, 2]], ['mean'], /^rules\.length: 1 must be the number of columns \(2\)/],
    ['filling in NaN', [[1], [gap]], { value: gap }, /^rule\.value: NaN must be a finite number/],
    ['no row', [], 'mean', /^matrix\.rows: 0 must be/],
  ])('refuses %s', (_, rows, rules, message) => {
    expect(() => treatMissing(matrixOf(rows), rules)).toThrow(RangeError)
    expect(() => treatMissing(matrixOf(rows), rules)).toThrow(message)
  })
})

describe('findOutliers', () => {
  test('is not misled by the outliers themselves', () => {
    const { median, deviation, positions, fences } = findOutliers([1, 2, 3, 4, 5, 1e6, 1e6])
    expect(median).toBe(4)
    expect(deviation).toBeCloseTo(1.4826 * 2, 3)
    expect(Array.from(positions)).toEqual([5, 6])
    expect(fences.high).toBeCloseTo(4 + 3.5 * deviation, 12)
  })

  test('judges by the mean distance where over half of the values are equal, and finds none where all are', () => {
    expect(Array.from(findOutliers([5, 5, 5, 5, 5, 5, 5, 5, 5, 90]).positions)).toEqual([9])
    expect(findOutliers([5, 5, 5])).toMatchObject({ deviation: 0, positions: new Int32Array() })
  })

  test('finds the same values whatever their order, unit and origin', () => {
    const values = fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 1, maxLength: 50 })
    fc.assert(
      fc.property(values, (given) => {
        const found = (list: number[]): number[] =>
          Array.from(findOutliers(list).positions, (at) => list[at]!).sort((a, b) => a - b)
        expect(found(given.toReversed())).toEqual(found(given))
        expect(findOutliers(given.map((value) => 4 * value + 64)).positions).toEqual(findOutliers(given).positions)
      }),
    )
  })

  test('refuses nothing, NaN and a threshold of 0', () => {
    expect(() => findOutliers([])).toThrow(/^values: "nothing" must hold at least one number/)
    expect(() => findOutliers([1, gap])).toThrow(/^values\[1\]: NaN must be a finite number/)
    expect(() => findOutliers([1], 0)).toThrow(/^threshold: 0 must be above 0/)
  })
})

describe('winsorise', () => {
  test('draws the ends in to the quantiles, keeps every row, and says which it touched', () => {
    const values = [-50, ...Array.from({ length: 19 }, (_, i) => i + 1), 900]
    const { values: drawn, low, high, raised, lowered } = winsorise(values)
    expect([low, high]).toEqual([1, 19])
    expect(drawn).toHaveLength(21)
    expect([drawn[0], drawn[20]]).toEqual([1, 19])
    expect([Array.from(raised), Array.from(lowered)]).toEqual([[0], [20]])
  })

  test('changes only the values it names', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 30 }),
        (values) => {
          for (const { values: drawn, raised, lowered } of [winsorise(values), drawInOutliers(values)]) {
            const changed = values.flatMap((value, i) => (value === drawn[i] ? [] : [i]))
            expect(changed).toEqual([...raised, ...lowered].sort((a, b) => a - b))
          }
        },
      ),
    )
  })

  test('refuses shares out of order', () => {
    expect(() => winsorise([1], { low: 0.6, high: 0.4 })).toThrow(/^high: 0\.4 must lie between 0\.6 and 1/)
    expect(() => winsorise([1], { low: -0.1 })).toThrow(/^low: -0\.1 must lie between 0 and 1/)
  })
})

describe('prepareMatrix', () => {
  const matrix = matrixOf([
    [1, 5],
    [2, gap],
    [1, 5],
    [3, 7],
    [2, 6],
    [3, 6],
    [2, 400],
  ])

  test('takes duplicates first, then gaps, then outliers, and accounts for all of them', () => {
    const {
      matrix: ready,
      kept,
      report,
    } = prepareMatrix(matrix, { dropDuplicates: true, missing: 'drop-row', drawInOutliers: true })
    expect(Array.from(kept)).toEqual([0, 3, 4, 5, 6])
    expect(report).toMatchObject({ rows: 7, rowsKept: 5, duplicates: 1, droppedAsDuplicates: 1, droppedForGaps: 1 })
    expect(report.rows - report.droppedAsDuplicates - report.droppedForGaps).toBe(report.rowsKept)
    expect(report.columns.map(({ missing, outliers }) => [missing, outliers])).toEqual([
      [0, 0],
      [1, 1],
    ])
    expect(rowsOf(ready).at(-1)).toEqual([2, report.columns[1]!.high])
  })

  test('only counts what it is not told to change', () => {
    const { matrix: ready, report } = prepareMatrix(matrix)
    expect(report).toMatchObject({ rowsKept: 7, duplicates: 1, droppedAsDuplicates: 0, droppedForGaps: 0 })
    expect(report.columns[1]).toMatchObject({ missing: 1, filledWith: 6, outliers: 1 })
    expect(rowsOf(ready)).toEqual(rowsOf(matrix).map(([x, y]) => [x, Number.isNaN(y) ? 6 : y]))
  })
})
