/** Runs a pattern over a text: all its possible states side by side, so the time is at most text × pattern. */

import { type CharSet, type PatternNode, parsePattern } from './pattern.ts'

type Instruction =
  | { readonly type: 'char'; readonly set: CharSet }
  | { readonly type: 'start' | 'end' | 'match' }
  /** Goes on at both places. */
  | { readonly type: 'fork'; readonly to: readonly [number, number] }

type Program = readonly Instruction[]

/** Patterns are few and asked for many customers. */
const programs = new Map<string, Program>()
const mostPrograms = 1_000

/** Whether the pattern is found anywhere in the text. @throws SyntaxError if it is no pattern. */
export function patternMatches(pattern: string, text: string): boolean {
  let program = programs.get(pattern)
  if (program === undefined) {
    program = compilePattern(parsePattern(pattern))
    if (programs.size >= mostPrograms) programs.clear()
    programs.set(pattern, program)
  }
  return run(program, text)
}

function compilePattern(tree: PatternNode): Program {
  const program: Instruction[] = []
  emit(tree, program)
  program.push({ type: 'match' })
  return program
}

function emit(node: PatternNode, program: Instruction[]): void {
  switch (node.type) {
    case 'char':
    case 'start':
    case 'end':
      program.push(node)
      return
    case 'sequence':
      for (const each of node.of) emit(each, program)
      return
    case 'either':
      emitEither(node.of, program)
      return
    case 'repeat':
      emitRepeat(node, program)
  }
}

/** Forks to each branch in turn; every branch then jumps behind the last. A jump is a fork with one place. */
function emitEither(branches: readonly PatternNode[], program: Instruction[]): void {
  const jumps: number[] = []
  for (const [i, branch] of branches.entries()) {
    const isLast = i === branches.length - 1
    const fork = program.length
    if (!isLast) program.push({ type: 'fork', to: [fork + 1, fork + 1] })
    emit(branch, program)
    if (isLast) continue
    jumps.push(program.length)
    program.push({ type: 'match' })
    program[fork] = { type: 'fork', to: [fork + 1, program.length] }
  }
  for (const jump of jumps) program[jump] = { type: 'fork', to: [program.length, program.length] }
}

function emitRepeat({ of, least, most }: Extract<PatternNode, { type: 'repeat' }>, program: Instruction[]): void {
  for (let i = 0; i < least; i++) emit(of, program)
  if (most === null) {
    const fork = program.length
    program.push({ type: 'match' })
    emit(of, program)
    program.push({ type: 'fork', to: [fork, fork] })
    program[fork] = { type: 'fork', to: [fork + 1, program.length] }
    return
  }
  const forks: number[] = []
  for (let i = least; i < most; i++) {
    forks.push(program.length)
    program.push({ type: 'match' })
    emit(of, program)
  }
  for (const fork of forks) program[fork] = { type: 'fork', to: [fork + 1, program.length] }
}

function run(program: Program, text: string): boolean {
  const chars = Array.from(text, (char) => char.codePointAt(0) ?? 0)
  let states = new Set<number>()
  for (let at = 0; at <= chars.length; at++) {
    // The match may begin here, too.
    if (follow(program, 0, states, at, chars.length)) return true
    const code = chars[at]
    if (code === undefined) return false
    const next = new Set<number>()
    for (const state of states) {
      const instruction = program[state]
      if (instruction?.type !== 'char' || !isIn(instruction.set, code)) continue
      if (follow(program, state + 1, next, at + 1, chars.length)) return true
    }
    states = next
  }
  return false
}

/** Adds what can be reached without reading. @returns whether that is the end of the pattern. */
function follow(program: Program, from: number, states: Set<number>, at: number, length: number): boolean {
  const open = [from]
  for (let state = open.pop(); state !== undefined; state = open.pop()) {
    if (states.has(state)) continue
    states.add(state)
    const instruction = program[state]
    if (instruction?.type === 'match') return true
    if (instruction?.type === 'fork') open.push(...instruction.to)
    if ((instruction?.type === 'start' && at === 0) || (instruction?.type === 'end' && at === length))
      open.push(state + 1)
  }
  return false
}

function isIn({ ranges, except }: CharSet, code: number): boolean {
  return ranges.some(([from, to]) => from <= code && code <= to) !== except
}
