/** Something is wrong with the whole of an import that its caller has to mend: one sentence, nothing was changed. */
export class InputError extends Error {
  override readonly name = 'InputError'
}
