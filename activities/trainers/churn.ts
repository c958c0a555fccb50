/**
 * Churn and the next purchase: window by the shop's rhythm, logistic regression on the earlier part, judged on the later
 * one. Where customers have a contract, they leave by ending it; else by not coming back.
 */

import { calibrated, calibrationNoise, fitCalibration } from '../../src/analytics/calibration.ts'
import { churnFeatureVersion } from '../../src/analytics/churn/churn-features.ts'
import { churnWindow } from '../../src/analytics/churn/churn-window.ts'
import { churnLabels, tooLittleToLearn } from '../../src/analytics/churn/train-churn.ts'
import {
  areaUnderCurve,
  brierScore,
  calibrationCurve,
  expectedCalibrationError,
  gainSlices,
  logLoss,
} from '../../src/analytics/classification-metrics.ts'
import { firstRules } from '../../src/analytics/scoring/first-rules.ts'
import type { PurchaseHistories } from '../../src/domain/purchase-history.ts'
import { dayMs } from '../../src/domain/time.ts'
import type { ModelRow } from '../../src/store/models.ts'
import type { ContractEvents } from '../../src/store/training-sources.ts'
import { scoreHistories } from '../scoring.ts'
import { windowOf } from './churn-span.ts'
import { TrainingRefused } from './in-thread.ts'
import { scoreInPages } from './score-pages.ts'
import { shadowScores } from './shadow.ts'
import type { Judgement, ModelDraft, Trainer, TrainerNeeds } from './trainer.ts'

/** By how much lower the log loss on the same later data must be to replace a model. */
const margin = 0.002

/** How far probabilities may be from what comes, beyond what chance explains. */
const calibrationBound = 0.05

/** A purchase is foreseen for a month, or as far as the past reaches. */
const purchaseDays = 30

/** Ends of contracts are awaited for as short a time as teaches anything. */
const contractHorizons = [14, 28, 56, 91, 182] as const

export const churnTrainer: Trainer = {
  ...returnTrainer('churn'),
  async draft(needs, nowMs) {
    const { contract } = (await needs.definitions.get()).lifecycle.churn
    return contract ? draftOfContracts(needs, contract, nowMs) : draftOfReturns(needs, nowMs, undefined)
  },
}

export const purchaseTrainer: Trainer = {
  ...returnTrainer('purchase'),
  draft: (needs, nowMs) => draftOfReturns(needs, nowMs, purchaseDays),
}

/** Both learn the same way; one asks who stays away, the other who comes. */
function returnTrainer(kind: 'churn' | 'purchase'): Omit<Trainer, 'draft'> {
  return {
    async fit(needs, model) {
      const { horizonDays, trainAtMs } = windowOf(model)
      const { histories, labels } = await labelled(needs, model, trainAtMs)
      const trained = await needs.compute('churn', { histories, labels, horizonDays })
      const { method: _method, ...parameters } = trained.model
      return { ...parameters, iterations: trained.iterations, converged: trained.converged, dropped: trained.dropped }
    },

    async evaluate(needs, model, champion) {
      const { histories, labels } = await labelled(needs, model, windowOf(model).evaluateAtMs)
      const risks = probabilities(model, histories)
      const positives = labels.reduce((sum, label) => sum + label, 0)
      const quiet = kind === 'churn' ? histories.silenceDays : histories.silenceDays.map((days) => -days)
      return {
        customers: labels.length,
        churned: kind === 'churn' ? positives : labels.length - positives,
        auc: areaUnderCurve(risks, labels),
        logLoss: logLoss(risks, labels),
        brier: brierScore(risks, labels),
        /** How well the length of the silence alone ranks the same customers. */
        recencyAuc: areaUnderCurve(quiet, labels),
        gains: gainSlices(risks, labels, Math.min(10, labels.length)),
        ...(champion && isComparable(model, champion)
          ? { championLogLoss: logLoss(probabilities(champion, histories), labels) }
          : {}),
      }
    },

    async calibrate(needs, model, champion) {
      const { histories, labels } = await labelled(needs, model, windowOf(model).evaluateAtMs)
      const raw = probabilities({ ...model, parameters: { ...model.parameters, calibration: undefined } }, histories)
      const rows = Int32Array.from({ length: labels.length }, (_, row) => row)
      // Ids are hashes, and rows are in their order: every other one is as good as drawn by lot.
      const [own, others] = [rows.filter((row) => row % 2 === 0), rows.filter((row) => row % 2 === 1)]
      const pick = (values: ArrayLike<number>, of: Int32Array): Float64Array =>
        Float64Array.from(of, (row) => values[row] as number)
      const calibration = fitCalibration(pick(raw, own), pick(labels, own))
      const judged = pick(labels, others)
      const before = pick(raw, others)
      const after = calibrated(calibration, before)
      // A calibration that makes it worse on other customers is none.
      const helps = calibration !== undefined && logLoss(after, judged) <= logLoss(before, judged)
      const curve = calibrationCurve(helps ? after : before, judged)
      const standing =
        champion && isComparable(model, champion) ? pick(probabilities(champion, histories), others) : undefined
      return {
        parameters: helps ? { calibration } : {},
        metrics: {
          calibration: curve,
          calibrationError: expectedCalibrationError(curve),
          calibrationNoise: calibrationNoise(curve),
          calibratedLogLoss: logLoss(helps ? after : before, judged),
          ...(standing
            ? {
                championLogLoss: logLoss(standing, judged),
                championCalibrationError: expectedCalibrationError(calibrationCurve(standing, judged)),
              }
            : {}),
        },
      }
    },

    shadow: (needs, model, champion, nowMs) => shadowScores(needs, model, champion, nowMs),
    judgement: judgementOf,
    apply: (needs, model, pages) => scoreInPages(needs, model, pages),
  }
}

/** So many of each kind: half of them calibrate, the other half tell how well. */
const fewestToJudge = 8

async function draftOfReturns(
  { store }: TrainerNeeds,
  nowMs: number,
  wishedDays: number | undefined,
): Promise<ModelDraft> {
  const span = await store.orderSpan(nowMs)
  const returnDays = await store.usualReturnDays(nowMs)
  if (!span || returnDays === null) return rule(returnDays, 'Too little data: nobody has bought twice yet.')
  const window = churnWindow(span.days, wishedDays ?? returnDays)
  if (!window) {
    return rule(returnDays, `Too little data: orders cover ${Math.floor(span.days)} days, 42 are needed.`)
  }
  const trainAtMs = nowMs - window.trainAgoDays * dayMs
  const { later } = await store.histories({ asOfMs: trainAtMs, untilMs: trainAtMs + window.horizonDays * dayMs })
  const tooLittle = tooLittleToLearn(churnLabels(later))
  if (tooLittle !== undefined) return rule(returnDays, tooLittle)
  const evaluateAtMs = nowMs - window.evaluateAgoDays * dayMs
  const judged = await store.histories({ asOfMs: evaluateAtMs, untilMs: evaluateAtMs + window.horizonDays * dayMs })
  const labels = churnLabels(judged.later)
  const stayedAway = labels.reduce((sum, label) => sum + label, 0)
  const cameBack = labels.length - stayedAway
  if (Math.min(stayedAway, cameBack) < fewestToJudge) {
    return rule(returnDays, `Too little data to judge by: lately ${cameBack} came back and ${stayedAway} stayed away.`)
  }
  return {
    method: 'logistic-regression',
    parameters: { horizonDays: window.horizonDays, trainAtMs, evaluateAtMs },
    trainedFromMs: span.firstMs,
    trainedToMs: trainAtMs + window.horizonDays * dayMs,
    featureVersion: churnFeatureVersion,
  }
}

/** The shortest time in which enough contracts end, before and after, to learn and to judge by. */
async function draftOfContracts({ store }: TrainerNeeds, contract: ContractEvents, nowMs: number): Promise<ModelDraft> {
  const firstMs = await store.firstSight()
  const days = firstMs === null ? 0 : (nowMs - firstMs) / dayMs
  let tooLittle = `Too little data: customers are known for ${Math.floor(days)} days, 42 are needed.`
  for (const horizonDays of contractHorizons.filter((horizon) => horizon * 3 <= days)) {
    const trainAtMs = nowMs - 2 * horizonDays * dayMs
    const evaluateAtMs = nowMs - horizonDays * dayMs
    const early = await store.contracts(contract, trainAtMs, evaluateAtMs)
    const late = await store.contracts(contract, evaluateAtMs, nowMs)
    const problem = tooLittleToLearn(early.ended) ?? tooLittleToLearn(late.ended)
    if (problem === undefined) {
      return {
        method: 'logistic-regression',
        parameters: { horizonDays, trainAtMs, evaluateAtMs, contract },
        trainedFromMs: firstMs,
        trainedToMs: evaluateAtMs,
        featureVersion: churnFeatureVersion,
      }
    }
    tooLittle = problem.replace('had bought before', 'were under contract on').replace('came back', 'stayed')
  }
  return rule(null, tooLittle)
}

/** Features as of a moment, and 1 where it came true within the horizon. */
async function labelled(
  { store }: TrainerNeeds,
  model: ModelRow,
  asOfMs: number,
): Promise<{ histories: PurchaseHistories; labels: Uint8Array }> {
  const { horizonDays, contract } = windowOf(model)
  const untilMs = asOfMs + horizonDays * dayMs
  if (contract === undefined) {
    const { histories, later } = await store.histories({ asOfMs, untilMs })
    if (histories.customerIds.length === 0) {
      throw new TrainingRefused(`The window is empty: nobody had bought by ${new Date(asOfMs).toISOString()}.`)
    }
    const labels = churnLabels(later)
    return { histories, labels: model.kind === 'purchase' ? labels.map((label) => 1 - label) : labels }
  }
  const { customerIds, ended } = await store.contracts(contract, asOfMs, untilMs)
  const { histories } = await store.histories({ asOfMs, customerIds, population: 'known' })
  const endedOf = new Map(customerIds.map((id, i) => [id, ended[i] as number]))
  return { histories, labels: Uint8Array.from(histories.customerIds, (id) => endedOf.get(id) ?? 0) }
}

function probabilities(
  model: Pick<ModelRow, 'kind' | 'method' | 'parameters'>,
  histories: PurchaseHistories,
): Float64Array {
  return Float64Array.from(scoreHistories(model, histories), ({ value }) => value)
}

/** Models that speak of different horizons cannot be compared on one. */
function isComparable(model: ModelRow, champion: ModelRow): boolean {
  if (champion.method === 'rule') return false
  return windowOf(model).horizonDays === windowOf(champion).horizonDays
}

function judgementOf({ kind, metrics }: ModelRow): Judgement {
  const number = (name: string): number => Number(metrics[name] ?? Number.NaN)
  const auc = number('auc')
  // A training that began before there was calibration ends without.
  const isCalibrated = metrics['calibrationError'] !== undefined
  const value = number(isCalibrated ? 'calibratedLogLoss' : 'logLoss')
  const words = `AUC ${auc.toFixed(3)} (${number('recencyAuc').toFixed(3)} by silence alone), log loss ${value.toFixed(3)}, calibration error ${number('calibrationError').toFixed(3)} on later data`
  const champion = metrics['championLogLoss']
  const off = metrics['championCalibrationError']
  return {
    measure: 'log loss',
    value,
    champion: typeof champion === 'number' ? champion : undefined,
    higherIsBetter: false,
    margin,
    useless: auc > 0.5 ? undefined : `No better than chance at telling ${kind === 'churn' ? 'who leaves' : 'who buys'}`,
    calibration: isCalibrated
      ? {
          error: number('calibrationError'),
          bound: calibrationBound + number('calibrationNoise'),
          ...(typeof off === 'number' ? { champion: off } : {}),
        }
      : undefined,
    words,
  }
}

function rule(returnDays: number | null, tooLittle: string): ModelDraft {
  return {
    method: 'rule',
    parameters: { shopIntervalDays: returnDays ?? firstRules.churn.shopIntervalDays },
    trainedFromMs: null,
    trainedToMs: null,
    featureVersion: null,
    tooLittle,
  }
}
