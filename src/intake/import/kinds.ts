/** What can be imported, by the name under which the command line knows it. */

import type { ImportKind } from './chunk.ts'
import { ordersImport, retailImport } from './order-kinds.ts'
import { consentImport, customersImport, eventsImport } from './people.ts'

export const importKinds: readonly ImportKind[] = [
  customersImport,
  ordersImport,
  eventsImport,
  consentImport,
  retailImport,
]
