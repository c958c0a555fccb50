import { errorCode } from '../store/describe-error.ts'
import { OutOfDateError } from './page-identities.ts'

const maxAttempts = 20

/** Others who work on the same customers get in the way now and then; reading again settles it. */
export async function patiently<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      const isConflict = error instanceof OutOfDateError || (errorCode(error)?.startsWith('40') ?? false)
      if (!isConflict || attempt === maxAttempts) throw error
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 5 * attempt))
    }
  }
}
