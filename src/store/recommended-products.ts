/** The products that models recommend to a customer, as templates show them. */

export interface RecommendedProduct {
  readonly key: string
  readonly name: string | null
  readonly url: string | null
  readonly image_url: string | null
  readonly price: number | null
  readonly currency: string | null
}

const most = 6

/** SQL: a JSON list. @param customer an expression for the customer's id. */
export function recommendedSql(customer: string): string {
  return `(SELECT coalesce(json_agg(r), '[]') FROM (
     SELECT p.product_key AS key, p.name, p.url, p.image_url, p.price_cents::float8 / 100 AS price, p.currency
       FROM customer_matches x JOIN products p ON p.product_key = x.key
      WHERE x.customer_id = ${customer} AND x.kind = 'recommendation' ORDER BY p.product_key LIMIT ${most}) AS r)`
}
