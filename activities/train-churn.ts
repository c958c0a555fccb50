/** Churn: window by the shop's rhythm, logistic regression on the earlier part, judged on the later one. */

import { churnFeatureVersion } from '../src/analytics/churn/churn-features.ts'
import { churnWindow } from '../src/analytics/churn/churn-window.ts'
import { churnLabels, tooLittleToLearn, trainChurnModel } from '../src/analytics/churn/train-churn.ts'
import {
  areaUnderCurve,
  brierScore,
  calibrationCurve,
  expectedCalibrationError,
  logLoss,
} from '../src/analytics/classification-metrics.ts'
import { dayMs } from '../src/domain/time.ts'
import type { ModelRow } from '../src/store/models.ts'
import { firstRules, scoreHistories } from './scoring.ts'
import type { ModelDraft, Trainer } from './trainer.ts'

/** How much worse in log loss on the same later data than the model in use a newer one may be, to be preferred as newer. */
const tolerance = 0.002

export const churnTrainer: Trainer = {
  async draft(store, nowMs) {
    const span = await store.orderSpan(nowMs)
    const returnDays = await store.usualReturnDays(nowMs)
    if (!span || returnDays === null) return rule(returnDays, 'Too little data: nobody has bought twice yet.')
    const window = churnWindow(span.days, returnDays)
    if (!window) {
      return rule(returnDays, `Too little data: orders cover ${Math.floor(span.days)} days, 42 are needed.`)
    }
    const trainAtMs = nowMs - window.trainAgoDays * dayMs
    const { later } = await store.histories({ asOfMs: trainAtMs, untilMs: trainAtMs + window.horizonDays * dayMs })
    const tooLittle = tooLittleToLearn(churnLabels(later))
    if (tooLittle !== undefined) return rule(returnDays, tooLittle)
    return {
      method: 'logistic-regression',
      parameters: { horizonDays: window.horizonDays, trainAtMs, evaluateAtMs: nowMs - window.evaluateAgoDays * dayMs },
      trainedFromMs: span.firstMs,
      trainedToMs: trainAtMs + window.horizonDays * dayMs,
      featureVersion: churnFeatureVersion,
    }
  },

  async fit(store, model) {
    const { horizonDays, trainAtMs } = windowOf(model)
    const { histories, later } = await store.histories({ asOfMs: trainAtMs, untilMs: trainAtMs + horizonDays * dayMs })
    const trained = trainChurnModel(histories, churnLabels(later), horizonDays)
    const { method: _method, ...parameters } = trained.model
    return { ...parameters, iterations: trained.iterations, converged: trained.converged, dropped: trained.dropped }
  },

  async evaluate(store, model, champion) {
    const { horizonDays, evaluateAtMs } = windowOf(model)
    const { histories, later } = await store.histories({
      asOfMs: evaluateAtMs,
      untilMs: evaluateAtMs + horizonDays * dayMs,
    })
    const labels = churnLabels(later)
    const risks = scoreHistories(model, histories).map(({ value }) => value)
    const curve = calibrationCurve(risks, labels)
    return {
      customers: labels.length,
      churned: labels.reduce((sum, label) => sum + label, 0),
      auc: areaUnderCurve(risks, labels),
      logLoss: logLoss(risks, labels),
      brier: brierScore(risks, labels),
      calibrationError: expectedCalibrationError(curve),
      calibration: curve,
      /** How well the length of the silence alone ranks the same customers. */
      recencyAuc: areaUnderCurve(histories.silenceDays, labels),
      ...(champion
        ? {
            championLogLoss: logLoss(
              scoreHistories(champion, histories).map(({ value }) => value),
              labels,
            ),
          }
        : {}),
    }
  },

  verdict({ metrics }) {
    const own = Number(metrics['logLoss'])
    const auc = Number(metrics['auc'])
    if (!Number.isFinite(own) || !(auc > 0.5)) {
      return { promote: false, reason: `No better than chance on later data: AUC ${auc.toFixed(3)}.` }
    }
    const measured = `AUC ${auc.toFixed(3)}, log loss ${own.toFixed(3)} on later data`
    const champion = metrics['championLogLoss']
    if (typeof champion !== 'number') return { promote: true, reason: `The first model of its kind: ${measured}.` }
    return own <= champion + tolerance
      ? { promote: true, reason: `Newer and not worse: ${measured}, against ${champion.toFixed(3)}.` }
      : { promote: false, reason: `Worse than the one in use: ${measured}, against ${champion.toFixed(3)}.` }
  },
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

function windowOf(model: ModelRow): { horizonDays: number; trainAtMs: number; evaluateAtMs: number } {
  return model.parameters as { horizonDays: number; trainAtMs: number; evaluateAtMs: number }
}
