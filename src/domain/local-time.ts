/** Times of day where a customer lives. */

/** Minutes since midnight, 0 to 1439. */
export type TimeOfDay = number

/** As in ISO 8601: 1 is Monday, 7 is Sunday. */
export type Weekday = 1 | 2 | 3 | 4 | 5 | 6 | 7
