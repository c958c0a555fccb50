/** An obstacle to running an embedded service that a person has to remove: the message is one sentence that says how. */
export class ServiceError extends Error {
  override readonly name = 'ServiceError'
}

/** A port that something else holds: another port may do. */
export class PortTakenError extends ServiceError {
  /** @param user what needs the port, as in "PostgreSQL". */
  constructor(port: number, user: string) {
    super(`Port ${port} is taken, ${user} needs it: choose another or stop what holds it`)
  }
}

/** What there is to say of a full disk, wherever it is noticed first. */
export function diskFull(path: string): ServiceError {
  return new ServiceError(`The disk that holds ${path} is full: free some space, then start again`)
}
