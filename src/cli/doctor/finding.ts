/** What an examination of the installation found, one thing at a time. */

export interface Finding {
  /** What was looked at. */
  readonly name: string
  /** `warning`: it works, but look at it. `failure`: it will not work. */
  readonly status: 'ok' | 'warning' | 'failure'
  /** What was seen. */
  readonly detail: string
  /** What to do about it; nothing when all is well. */
  readonly remedy?: string
}

export function ok(name: string, detail: string): Finding {
  return { name, status: 'ok', detail }
}

export function warning(name: string, detail: string, remedy: string): Finding {
  return { name, status: 'warning', detail, remedy }
}

export function failure(name: string, detail: string, remedy: string): Finding {
  return { name, status: 'failure', detail, remedy }
}

/** The message of whatever was thrown; a refused connection has only a code. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error.message !== '') return error.message
  return (error as NodeJS.ErrnoException).code ?? error.name
}
