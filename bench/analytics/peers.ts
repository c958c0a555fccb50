/**
 * The npm peers, run in a process of their own: one JSON object a line in, one JSON object a line out (see
 * bench/support/worker.ts). The only argument is the folder whose `node_modules` has them.
 */

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/** What is measured, and what of its result is worth comparing. */
interface Work {
  readonly run: () => unknown
  readonly summary: (result: never) => object
}

interface LogisticInput {
  readonly file: string
  readonly steps: number
  readonly learningRate: number
}
interface KMeansInput {
  readonly file: string
  readonly k: number
  readonly starts: number
}
interface DbscanInput {
  readonly file: string
  readonly eps: number
  readonly minPoints: number
}
interface ItemSetInput {
  readonly file: string
  readonly minSupport: number
}

const load = createRequire(join(process.argv[2] ?? '.', 'package.json'))
const read = (file: string): unknown => JSON.parse(readFileSync(file, 'utf8'))

function mlLogisticRegression({ file, steps, learningRate }: LogisticInput): Work {
  const LogisticRegression = load('ml-logistic-regression')
  const { Matrix } = load('ml-matrix')
  const { features, target } = read(file) as { features: number[][]; target: number[] }
  // It has no intercept: without a column of ones added by hand it does not converge.
  const rows = new Matrix(features.map((row) => [1, ...row]))
  const classes = Matrix.columnVector(target)
  return {
    run: () => {
      const model = new LogisticRegression({ numSteps: steps, learningRate })
      model.train(rows, classes)
      return model
    },
    summary: () => ({ steps }),
  }
}

function mlKMeans({ file, k, starts }: KMeansInput): Work {
  const { kmeans } = load('ml-kmeans')
  const points = read(file) as number[][]
  return {
    run: () => {
      let best = Number.POSITIVE_INFINITY
      for (let seed = 1; seed <= starts; seed++) {
        const found = kmeans(points, k, { initialization: 'kmeans++', seed, maxIterations: 300 })
        best = Math.min(best, squaresOf(points, found.centroids, found.clusters))
      }
      return best
    },
    summary: (inertia: number) => ({ inertia }),
  }
}

function densityClustering({ file, eps, minPoints }: DbscanInput): Work {
  const { DBSCAN } = load('density-clustering')
  const points = read(file) as number[][]
  return {
    run: () => {
      const search = new DBSCAN()
      const clusters = search.run(points, eps, minPoints)
      return { clusters: clusters.length, noise: search.noise.length }
    },
    summary: (found: object) => found,
  }
}

function nodeFpGrowth({ file, minSupport }: ItemSetInput): Work {
  const { FPGrowth } = load('node-fpgrowth')
  const baskets = read(file)
  return {
    run: () => new FPGrowth(minSupport).exec(baskets),
    summary: (sets: readonly unknown[]) => ({ sets: sets.length }),
  }
}

function squaresOf(points: number[][], centres: number[][], labels: number[]): number {
  let sum = 0
  points.forEach((point, i) => {
    const centre = centres[labels[i] as number] as number[]
    point.forEach((value, d) => {
      sum += (value - (centre[d] as number)) ** 2
    })
  })
  return sum
}

const tasks = { mlLogisticRegression, mlKMeans, densityClustering, nodeFpGrowth } as unknown as Readonly<
  Record<string, (input: object) => Work>
>

let work: Work | undefined
for await (const line of createInterface({ input: process.stdin })) {
  const question = JSON.parse(line) as { task: string; input: object } | { times: number }
  try {
    process.stdout.write(`${JSON.stringify(await answerTo(question))}\n`)
  } catch (error) {
    process.stdout.write(`${JSON.stringify({ error: String(error) })}\n`)
  }
}

async function answerTo(question: { task: string; input: object } | { times: number }): Promise<object> {
  if ('task' in question) {
    work = tasks[question.task]?.(question.input)
    return { ready: true }
  }
  const startedAt = performance.now()
  let result: unknown
  for (let run = 0; run < question.times; run++) result = await work?.run()
  const seconds = (performance.now() - startedAt) / 1000
  return { seconds, result: work?.summary(result as never) }
}
