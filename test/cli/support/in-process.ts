/** Runs a command in this process: quick, and against a server that a test has at hand. */

import { buildProgram } from '../../../src/cli/program.ts'

/** @returns what it printed. @throws what the command throws. */
export async function perennial(...args: string[]): Promise<string> {
  const write = process.stdout.write.bind(process.stdout)
  let printed = ''
  process.stdout.write = (text: string | Uint8Array) => {
    printed += String(text)
    return true
  }
  try {
    await buildProgram().parseAsync(['node', 'perennial', ...args])
  } finally {
    process.stdout.write = write
  }
  return printed.trim()
}
