/** The product's own processes, by name. Each may run on as many machines as one likes. */

/** `api`: HTTP and console. `intake`: events, segments, nudges. `lifecycle`: workflows and their activities. */
export const processNames = ['api', 'intake', 'lifecycle'] as const

export type ProcessName = (typeof processNames)[number]
