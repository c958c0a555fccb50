/** One line of the comparison: the same work on the same data, ours and a reference's. */

/** Where the reference runs: a Python environment, or Node with the npm peers. */
export type ReferenceHome = 'lifetimes' | 'mining' | 'science' | 'npm'

/** What is compared. */
export interface Row {
  /** The work and its data, such as `k-means, k = 5, 50 starts, 2,357 × 3`. */
  readonly name: string
  /** The reference, such as `scikit-learn KMeans`. */
  readonly tool: string
  /** The most that ours may take, as a share of the reference's time; undefined where nothing was promised. */
  readonly target?: number
  readonly home: ReferenceHome
  /** A function of reference.py or peers.ts. */
  readonly task: string
  /** The data files that it needs. */
  readonly data: readonly string[]
  /** Reads the data; none of it is measured. */
  prepare(inputs: InputFolder): PreparedRow
}

/** A row that is ready to run. */
export interface PreparedRow {
  /** What the reference's task gets. */
  readonly input: object
  /** Our side of the work. */
  readonly ours: () => unknown
  /** Compares what the two found, in a few words, such as `1,001 sets = 1,001 sets`. */
  readonly agreement: (ours: never, theirs: never) => string
}

/** Where inputs for the references are written, each once. */
export interface InputFolder {
  /** Writes the value as JSON under this name, unless that is done already, and returns the file's path. */
  write(name: string, make: () => unknown): string
}

/** Keeps what a function returned the first time: several rows share one data set. */
export function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined
  return () => (made ??= { value: make() }).value
}

/** Whether two figures are equal, and what they are. */
export function equality(unit: string, ours: number, theirs: number): string {
  const text = (value: number): string => value.toLocaleString('en-GB')
  return ours === theirs ? `both ${text(ours)} ${unit}` : `${text(ours)} against ${text(theirs)} ${unit}`
}

/** Two figures of which a smaller one is better, and by how much they differ. */
export function difference(what: string, ours: number, theirs: number): string {
  return `${what} ${ours.toPrecision(7)} against ${theirs.toPrecision(7)}`
}
