/** Who is who, as a shop writes it: `campaigns/identity.yaml`. Without the file, `usualIdentity` holds. */

import { z } from 'zod'
import type { IdentityPolicy } from './definitions.ts'
import { words } from './document-parts.ts'

const sign = z.enum(['user', 'email', 'phone', 'anonymous'])

/** The document without what publishing adds to it. */
export const identityDocument = z
  .strictObject({
    name: words,
    identify_by: z
      .array(sign)
      .refine((signs) => signs[0] === 'user', { message: 'must begin with "user": the id that the shop itself gives' })
      .refine((signs) => new Set(signs).size === signs.length, { message: 'must name each sign once' }),
  })
  .transform((document): Omit<IdentityPolicy, 'key' | 'version'> => {
    return { name: document.name, identifyBy: document.identify_by }
  })

/** What holds where nobody has said otherwise. */
export const usualIdentity: IdentityPolicy = {
  key: 'identity',
  version: 'usual',
  name: 'Who is who',
  identifyBy: ['user', 'email', 'phone', 'anonymous'],
}
