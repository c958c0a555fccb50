/** An error that is the caller's to mend: it is printed as one line, without a stack, and ends with status 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** A message on a single line, however its author wrapped it. */
export function oneLine(text: string): string {
  return text.replaceAll(/\s*\n\s*/g, ' ').trim()
}
