/** What intake could not use of an event. Names fields and rules; never repeats a value, which may be personal. */

export class Problems {
  readonly #sentences: string[] = []
  #blocking = false

  /** The rest of the event is used. */
  note(sentence: string): void {
    this.#sentences.push(sentence)
  }

  /** What the event is about cannot be used. */
  block(sentence: string): void {
    this.#blocking = true
    this.#sentences.push(sentence)
  }

  get blocking(): boolean {
    return this.#blocking
  }

  /** For the event's row, or null. */
  get text(): string | null {
    return this.#sentences.length === 0 ? null : this.#sentences.slice(0, 5).join('; ').slice(0, 1_000)
  }
}
