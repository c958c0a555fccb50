/** `perennial models`: what is learned, what it is worth, and taking it back. */

import { Command } from 'commander'
import { modelNames } from '../domain/model-kind.ts'
import type { ModelReport, ModelSummary } from '../store/model-reports.ts'
import { textFacts, textTable, writeResult } from './analyze/output.ts'
import { askInstallation, type TargetOptions, targetOptions } from './installation.ts'
import { homeOption } from './options.ts'

interface ModelOptions extends TargetOptions {
  readonly json?: boolean
}

export function modelsCommand(): Command {
  const models = new Command('models').description('What is learned of the shop, and what it is worth.')
  const list = models
    .command('list', { isDefault: true })
    .description('The model of each kind that is in use; with a kind, its versions.')
    .argument('[kind]', Object.keys(modelNames).join(', '))
    .action((kind: string | undefined, options: ModelOptions) => showList(kind, options))
  const show = models
    .command('show')
    .description('One model: how it was made, how it was judged, how far things have moved since.')
    .argument('<kind>')
    .option('--model-version <number>', 'another version than the one in use')
    .action((kind: string, options: ModelOptions & { modelVersion?: string }) => showOne(kind, options))
  const train = models
    .command('train')
    .description('Train now. One training of a kind runs at a time.')
    .argument('<kind>')
    .action((kind: string, options: ModelOptions) =>
      tell(kind, 'train', options, () => `The training of ${kind} has begun.`),
    )
  const rollback = models
    .command('rollback')
    .description('Put the model back into use that was before, and score everybody with it.')
    .argument('<kind>')
    .action((kind: string, options: ModelOptions) =>
      tell(kind, 'rollback', options, () => `The model of ${kind} that was before is in use again.`),
    )
  for (const command of [list, show, train, rollback]) {
    command.option('--json', 'print JSON').addOption(homeOption())
    for (const option of targetOptions()) command.addOption(option)
  }
  return models
}

async function showList(kind: string | undefined, options: ModelOptions): Promise<void> {
  const path = kind === undefined ? '/api/models' : `/api/models/${encodeURIComponent(kind)}/versions`
  const answer = (await askInstallation(options, path)) as { readonly models: readonly ModelSummary[] }
  writeResult(options.json, answer, () =>
    answer.models.length === 0
      ? 'Nothing is learned yet: "perennial models train churn" begins.'
      : textTable(
          ['kind', 'version', 'status', 'method', 'made', 'why'],
          answer.models.map((one) => [
            one.kind,
            one.version,
            one.status,
            one.method,
            String(one.createdAt).slice(0, 10),
            one.reason ?? '',
          ]),
        ),
  )
}

async function showOne(kind: string, options: ModelOptions & { modelVersion?: string }): Promise<void> {
  const query = options.modelVersion === undefined ? '' : `?version=${encodeURIComponent(options.modelVersion)}`
  const model = (await askInstallation(options, `/api/models/${encodeURIComponent(kind)}${query}`)) as ModelReport
  writeResult(options.json, model, () => describe(model))
}

function describe(model: ModelReport): string {
  const numbers = Object.entries(model.metrics).filter(([, value]) => typeof value === 'number')
  const moved = model.drift.filter(({ day }) => day === model.drift[0]?.day).slice(0, 5)
  return [
    textFacts({
      kind: model.kind,
      version: model.version,
      status: model.status,
      method: model.method,
      why: model.reason,
      'trained from': model.trainedFrom === null ? null : String(model.trainedFrom),
      'trained to': model.trainedTo === null ? null : String(model.trainedTo),
      seed: model.seed,
      features: model.featureVersion,
      code: model.codeVersion,
    }),
    '',
    textTable(
      ['measured on later data', ''],
      numbers.map(([name, value]) => [name, Number(value).toPrecision(5)]),
    ),
    ...(moved.length === 0
      ? []
      : [
          '',
          textTable(
            [`moved most by ${moved[0]?.day}`, 'PSI'],
            moved.map(({ what, psi }) => [what, psi.toFixed(3)]),
          ),
        ]),
  ].join('\n')
}

async function tell(kind: string, what: string, options: ModelOptions, say: () => string): Promise<void> {
  const answer = await askInstallation(options, `/api/models/${encodeURIComponent(kind)}/${what}`, {})
  writeResult(options.json, answer as object, say)
}
