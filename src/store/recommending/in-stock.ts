/** SQL, of a product `p`: said by the shop; a product of which nothing was said is there. */
export const inStock = `coalesce((p.attributes->>'stock')::numeric, 1) > 0`
