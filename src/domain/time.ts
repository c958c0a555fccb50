/** Time as the domain knows it: given to it, never read from a clock. */

/** A UTC instant in milliseconds since 1970-01-01. */
export type EpochMs = number

export const secondMs = 1_000
export const minuteMs = 60 * secondMs
export const hourMs = 60 * minuteMs
export const dayMs = 24 * hourMs
