/** A file that appears whole or not at all; or standard output. */

import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { link, open, rename, rm } from 'node:fs/promises'
import { v4 } from 'uuid'
import { UsageError } from '../usage-error.ts'

export interface Output {
  write(text: string): Promise<void>
  end(): Promise<void>
  /** Nothing of it stays. */
  abandon(): Promise<void>
}

/** @throws UsageError if there is a file of that name, or none can be made. */
export async function openOutput(path: string | undefined, mayReplace: boolean): Promise<Output> {
  if (path === undefined) return standardOutput
  if (!mayReplace && existsSync(path)) {
    throw new UsageError(`--out: ${JSON.stringify(path)} must not be there yet; --force replaces it`)
  }
  const draft = `${path}.${v4()}.part`
  const file = await open(draft, 'wx', 0o600).catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(`--out: ${JSON.stringify(path)} cannot be written (${error.code ?? error.message})`)
  })
  return {
    async write(text) {
      await file.write(text)
    },
    async end() {
      await file.sync()
      await file.close()
      // A link does not replace what somebody else has put there meanwhile; a rename does.
      if (mayReplace) return rename(draft, path)
      await link(draft, path)
      await rm(draft)
    },
    async abandon() {
      await file.close().catch(() => undefined)
      await rm(draft, { force: true })
    },
  }
}

const standardOutput: Output = {
  async write(text) {
    if (!process.stdout.write(text)) await once(process.stdout, 'drain')
  },
  end: async () => undefined,
  abandon: async () => undefined,
}
