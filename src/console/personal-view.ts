/** What somebody may see of personal data, by their role: an admin everything, a marketer masks, an analyst nothing. */

import { maskContactPoint, maskPersonalTraits, type ViewerRole, viewerRoles } from '../analytics/privacy/masking.ts'
import type { ApiKeyKind } from '../store/api-keys.ts'
import type { PersonalView } from '../store/customer-details.ts'

export function personalViewOf(role: ViewerRole): PersonalView {
  return {
    traits: (personal) => maskPersonalTraits(personal, role),
    address: (channel, address) => maskContactPoint(channel, address, role),
  }
}

/** The role of whoever holds a key; undefined for keys that may only send. */
export function roleOfKey(kind: ApiKeyKind): ViewerRole | undefined {
  return viewerRoles.find((role) => role === kind)
}
