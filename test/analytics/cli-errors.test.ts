/** What is wrong with a command line is said in one line, also where the parser of options finds it. */

import { describe, expect, test } from 'vitest'
import {
  choiceOption,
  dayOption,
  namesOption,
  numberOption,
  numbersOption,
  seedOption,
  wholeOption,
} from '../../src/cli/analyze/options.ts'
import { textFacts, textTable, textTableHead, toJson } from '../../src/cli/analyze/output.ts'
import { runCli } from './support/run-cli.ts'

describe('a line on standard error and status 2', () => {
  test.each<[string, string[], string]>([
    ['no command', [], 'a command is missing'],
    ['no subcommand', ['analyze'], 'a command is missing'],
    ['an unknown command', ['analise'], "unknown command 'analise' (Did you mean analyze?)"],
    ['an unknown subcommand', ['analyze', 'predictt'], "unknown command 'predictt' (Did you mean predict?)"],
    ['an unknown option', ['analyze', 'experiment', '--jsn'], "unknown option '--jsn' (Did you mean --json?)"],
    ['an option without its value', ['analyze', 'predict', '--csv'], "option '--csv <file>' argument missing"],
    ['a required option left out', ['analyze', 'predict', '--csv', 'x'], "required option '--target <column>'"],
    ['an argument too many', ['analyze', 'experiment', 'now'], 'too many arguments'],
  ])('for %s', (_, args, message) => {
    const { status, stdout, stderr } = runCli(...args)
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toContain(message)
    expect(stderr).toMatch(/^perennial: [^\n]+\n$/)
  })

  test('but help goes to standard output, and is no error', () => {
    const { status, stdout, stderr } = runCli('analyze', 'predict', '--help')
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(stdout).toContain('--test-remainder <number>')
  })
})

describe('an option', () => {
  test.each<[string, unknown, unknown]>([
    ['a number', numberOption('--x')('-1.5e3'), -1500],
    ['a number at its limit', numberOption('--x', { above: 0, most: 1 })('1'), 1],
    ['a whole number', wholeOption('--k', 1)('12'), 12],
    ['a seed', seedOption()('4294967295'), 4_294_967_295],
    ['a choice', choiceOption('--m', ['a', 'b'])('b'), 'b'],
    ['names', namesOption('--columns')('a, b c ,d'), ['a', 'b c', 'd']],
    ['numbers', numbersOption('--weights', 3)('0.5,0.25,0.25'), [0.5, 0.25, 0.25]],
    ['a day', dayOption('--as-of')('2024-02-29'), '2024-02-29'],
  ])('takes %s', (_, value, expected) => {
    expect(value).toEqual(expected)
  })

  test.each<[string, () => unknown, string]>([
    ['a blank', () => numberOption('--x')(' '), '--x: " " must be a finite number'],
    ['hexadecimal', () => numberOption('--x')('0x10'), '--x: "0x10" must be a finite number'],
    ['what overflows', () => numberOption('--x')('1e999'), '--x: "1e999" must be a finite number'],
    [
      'a number beyond its limits',
      () => numberOption('--x', { above: 0, most: 1 })('0'),
      '--x: "0" must be a number above 0 and at most 1',
    ],
    ['a fraction', () => wholeOption('--k', 1)('1.5'), '--k: "1.5" must be a whole number of at least 1'],
    [
      'a negative seed',
      () => seedOption()('-1'),
      '--seed: "-1" must be a whole number of at least 0 and at most 4294967295',
    ],
    ['an unknown choice', () => choiceOption('--m', ['a', 'b', 'c'])('d'), '--m: "d" must be a, b or c'],
    ['an empty name', () => namesOption('--columns')('a,,b'), '--columns: "a,,b" must be names with commas'],
    ['too few numbers', () => numbersOption('--w', 3)('1,2'), '--w: "1,2" must be 3 finite numbers'],
    ['a number out of its limits', () => numbersOption('--w', 2, { least: 0 })('1,-2'), '--w: "1,-2" must hold only'],
    ['a day that is none', () => dayOption('--d')('2023-02-29'), '--d: "2023-02-29" must be a day of the form'],
    ['another way to write a day', () => dayOption('--d')('1/2/2023'), '--d: "1/2/2023" must be a day'],
  ])('refuses %s, naming itself, the value and the rule', (_, act, message) => {
    expect(act).toThrow(message)
  })
})

describe('output', () => {
  test('has typed arrays as arrays, and null for what is no number', () => {
    expect(toJson({ a: Float64Array.of(1, Number.NaN), b: Infinity, c: -0.1 + 0.3 })).toBe(
      '{"a":[1,null],"b":null,"c":0.19999999999999998}',
    )
  })

  test('aligns numbers to the right, and says how much of a long table it leaves out', () => {
    expect(
      textTable(
        ['name', 'n'],
        [
          ['a', 1],
          ['bc', null],
        ],
      ),
    ).toBe('name  n\n----  -\na     1\nbc    –')
    expect(textTableHead(['n'], [[1], [2], [3]], 2)).toBe('n\n-\n1\n2\n… 1 more; --json has them all')
    expect(textFacts({ a: 1, long: 0.123456789 })).toBe('a     1\nlong  0.123457')
  })
})
