/** An obstacle to running an embedded service that a person has to remove: the message is one sentence that says how. */
export class ServiceError extends Error {
  override readonly name = 'ServiceError'
}
