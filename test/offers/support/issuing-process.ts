/** A process that reviews whoever has news, as fast as it can, until it is done or killed: `DATABASE_URL` says where. */

import { createReviewActivities } from '../../../activities/review.ts'
import { createDefinitionsCache } from '../../../src/store/campaigns.ts'
import { openDatabase } from '../../../src/store/database.ts'
import { createIdentifiers } from '../../../src/store/identifiers.ts'
import { createReviewStore } from '../../../src/store/reviews.ts'
import { Vault } from '../../../src/store/vault.ts'
import { createSettableClock } from '../../workflows/support/store-world.ts'
import { inParallel } from './offer-shop.ts'

const database = openDatabase(process.env['DATABASE_URL'] ?? '', { pipeline: true, maxConnections: 8 })
const vault = new Vault(Buffer.alloc(32, 7))
const { reviewCustomer } = createReviewActivities({
  reviews: createReviewStore(database),
  definitions: createDefinitionsCache(database),
  clock: createSettableClock(),
  identifiers: (customerId, salt) => createIdentifiers(vault, customerId, salt),
})

const { rows } = await database.pool.query<{ id: string }>(
  'SELECT DISTINCT customer_id AS id FROM news WHERE consumed_at IS NULL',
)
process.send?.({ type: 'ready' })
await inParallel(
  rows.map(({ id }) => id),
  8,
  reviewCustomer,
)
await database.close()
process.disconnect?.()
