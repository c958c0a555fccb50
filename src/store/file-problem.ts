/** What is wrong in the files of a campaign directory. */

import { type Problem, sayPath } from '../domain/problem.ts'

export interface FileProblem extends Problem {
  /** Within the directory. */
  readonly file: string
  /** From 1. */
  readonly line: number
}

/** All that is wrong in a directory, at once. */
export class CampaignFilesError extends RangeError {
  override readonly name = 'CampaignFilesError'
  readonly problems: readonly FileProblem[]

  constructor(problems: readonly FileProblem[]) {
    super(problems.map(sayFileProblem).join('\n'))
    this.problems = problems
  }
}

/** `journeys/welcome.yaml:12 steps[1].template "helo": is no email template; …` */
export function sayFileProblem({ file, line, path, value, rule }: FileProblem): string {
  const place = path.length === 0 ? '' : ` ${sayPath(path)}`
  const shown = value === undefined ? '' : ` ${shorten(JSON.stringify(value) ?? typeof value)}`
  return `${file}:${line}${place}${shown}: ${rule}`
}

function shorten(text: string): string {
  return text.length > 60 ? `${text.slice(0, 57)}…` : text
}
