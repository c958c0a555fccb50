/**
 * An error as it may be logged. PostgreSQL's errors quote the row they stumbled on, in the message as well as in fields
 * of their own; what may hold somebody's data is left out.
 */

export interface DescribedError {
  readonly name: string
  /** SQLSTATE, or the code of a system error. */
  readonly code?: string
  readonly message: string
  readonly stack?: string
}

export function describeError(error: unknown): DescribedError {
  if (!(error instanceof Error)) return { name: typeof error, message: 'a value that is no error was thrown' }
  const code = errorCode(error)
  // Classes 22 and 23 are about the data itself: their messages repeat it.
  const aboutData = code !== undefined && /^2[23][0-9A-Z]{3}$/.test(code)
  const message = aboutData ? `refused by the database (${code})` : error.message
  const stack = aboutData ? undefined : error.stack
  return {
    name: error.name,
    message,
    ...(code === undefined ? {} : { code }),
    ...(stack === undefined ? {} : { stack }),
  }
}

/** SQLSTATE of an error of PostgreSQL, code of a system error, or undefined. */
export function errorCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}

/** The function of PostgreSQL's that an error comes from: tells apart what shares a code, in every language. */
export function errorRoutine(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('routine' in error)) return undefined
  return typeof error.routine === 'string' ? error.routine : undefined
}

/** The driver's own words for a connection that is gone, where it gives no code. */
const lostConnection = /Connection (?:terminated|ended)|timeout exceeded when trying to connect|not queryable/

/**
 * Whether trying the same again later may help: the server is away, restarts, is out of something, may only be read for now
 * (a standby before it takes over), or picked this transaction to break a deadlock. An error about the data or the statement stays an error.
 */
export function isPassing(error: unknown): boolean {
  if (isPrismaError(error)) return isPassingForPrisma(error)
  const code = errorCode(error)
  if (code !== undefined && /^[0-9A-Z]{5}$/.test(code)) return /^(?:08|25006|40|53|55|57|58)/.test(code)
  if (code !== undefined) return /^(?:E[A-Z]+|ERR_SOCKET_CLOSED)$/.test(code)
  return error instanceof Error && lostConnection.test(error.message)
}

/**
 * Prisma's codes for a server that is away or too busy, and for a transaction that was picked to end a deadlock.
 *
 * @see https://www.prisma.io/docs/orm/reference/error-reference
 */
const passingForPrisma: ReadonlySet<string> = new Set(['P1001', 'P1002', 'P1008', 'P1017', 'P2024', 'P2028', 'P2034'])

/** PostgreSQL's words for its own coming and going, where Prisma hands on nothing but them. */
const comingOrGoing = /reach database server|closed the connection|starting up|shutting down|terminating connection/

function isPrismaError(error: unknown): error is Error {
  return error instanceof Error && /^(?:PrismaClient|DriverAdapterError)/.test(error.name)
}

function isPassingForPrisma(error: Error): boolean {
  const code = errorCode(error)
  if (code !== undefined && passingForPrisma.has(code)) return true
  const inner = error.cause ?? driverErrorIn(error)
  if (inner !== undefined && inner !== error && isPassing(inner)) return true
  return comingOrGoing.test(error.message) || lostConnection.test(error.message)
}

/** The driver's error, as an object with the SQLSTATE as its code. */
function driverErrorIn(error: Error): { readonly code: string } | undefined {
  const { meta } = error as { readonly meta?: { readonly driverAdapterError?: { readonly cause?: unknown } } }
  const { originalCode } = (meta?.driverAdapterError?.cause ?? {}) as { readonly originalCode?: unknown }
  return typeof originalCode === 'string' ? { code: originalCode } : undefined
}
