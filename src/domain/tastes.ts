/** What a customer likes and is: what models see of a customer beside how they buy. */

export interface Tastes {
  /** Orders by the category of what was bought. */
  readonly categories: Readonly<Record<string, number>>
  /** Impersonal traits, as the shop sent them; personal ones are sealed and in no model. */
  readonly traits: Readonly<Record<string, string | number | boolean>>
}
