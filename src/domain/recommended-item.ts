/** A recommended product as templates show it. */

/** `{% for product in recommendations %}{{ product.name }}{% endfor %}` */
export interface RecommendedItem {
  readonly product_id: string
  readonly name: string | null
  readonly category: string | null
  /** In whole units: 24.9. */
  readonly price: number | null
  readonly currency: string | null
  readonly url: string | null
  readonly image_url: string | null
  /** "because you bought Kind of Blue" */
  readonly reason: string
}
