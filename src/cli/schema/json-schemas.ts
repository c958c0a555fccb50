/**
 * The documents of marketers as JSON Schema, made from the very schemas that check them, so that editors complete and
 * underline. What JSON Schema cannot say (targets that exist, loops that wait) is left to `perennial validate`.
 */

import { z } from 'zod'
import { computedTraitDocument } from '../../domain/computed-trait.ts'
import { condition } from '../../domain/condition-schema.ts'
import { fixedForms, openForms } from '../../domain/conditions/fact-forms.ts'
import { contactPolicyDocument, topicsDocument } from '../../domain/contact-policy-schema.ts'
import { identityDocument } from '../../domain/identity-schema.ts'
import { journeyDocument } from '../../domain/journey-schema.ts'
import { lifecycleDocument } from '../../domain/lifecycle-schema.ts'
import { offerDocument } from '../../domain/offer-schema.ts'
import { referralDocument } from '../../domain/referral-schema.ts'
import { segmentDocument } from '../../domain/segment-schema.ts'
import { experimentStep } from '../../domain/step-schema.ts'
import { templateHead } from '../../domain/template-schema.ts'
import { scenarioDocument } from '../../scenarios/scenario-schema.ts'

interface DocumentKind {
  readonly schema: z.ZodType
  readonly title: string
  /** Which files hold it. */
  readonly where: string
}

export const documentKinds = {
  lifecycle: { schema: lifecycleDocument, title: 'The lifecycle and its stages', where: 'in campaigns/lifecycle.yaml' },
  journey: { schema: journeyDocument, title: 'A journey', where: 'in campaigns/journeys/KEY.yaml' },
  offer: { schema: offerDocument, title: 'An offer', where: 'in campaigns/offers/KEY.yaml' },
  experiment: { schema: experimentStep, title: 'An experiment: a step of a journey', where: 'inside a journey' },
  topics: { schema: topicsDocument, title: 'What messages are about', where: 'inside campaigns/contact-policy.yaml' },
  'contact-policy': {
    schema: contactPolicyDocument,
    title: 'Who may be written to, when and how often',
    where: 'in campaigns/contact-policy.yaml',
  },
  identity: { schema: identityDocument, title: 'Who is who', where: 'in campaigns/identity.yaml' },
  referral: { schema: referralDocument, title: 'Friends bring friends', where: 'in campaigns/referral.yaml' },
  segment: { schema: segmentDocument, title: 'A segment', where: 'in campaigns/segments/KEY.yaml' },
  trait: { schema: computedTraitDocument, title: 'A computed trait', where: 'in campaigns/traits/KEY.yaml' },
  template: {
    schema: templateHead,
    title: 'The head of an email template',
    where: 'above the content of campaigns/templates/KEY.email.html',
  },
  condition: { schema: condition, title: 'A condition', where: 'wherever "if" stands' },
  scenario: { schema: scenarioDocument, title: 'Scenarios of journeys', where: 'in campaigns/scenarios/NAME.yaml' },
} as const satisfies Readonly<Record<string, DocumentKind>>

export type DocumentKindName = keyof typeof documentKinds

export const documentKindNames = Object.keys(documentKinds) as DocumentKindName[]

type JsonSchema = Record<string, unknown>

/** As somebody writes the document, not as it is read. */
const written = { io: 'input', unrepresentable: 'any' } as const

export function jsonSchemaOf(kind: DocumentKindName): JsonSchema {
  if (kind === 'condition') return conditionSchema()
  const { schema, title, where } = documentKinds[kind]
  const { $schema, $defs, ...body } = z.toJSONSchema(schema, written) as JsonSchema
  const conditions = { $defs: { condition: { $ref: fileOf('condition') } } }
  return { ...head(kind, $schema, title, where), ...body, ...($defs === undefined ? {} : conditions) }
}

function head(kind: DocumentKindName, $schema: unknown, title: string, where: string): JsonSchema {
  const $comment = `${where[0]?.toUpperCase()}${where.slice(1)}. Made by "perennial schema": do not edit.`
  return { $schema, $id: fileOf(kind), title, $comment }
}

/** The text of the file, as it is committed. */
export function schemaFile(kind: DocumentKindName): string {
  return `${JSON.stringify(jsonSchemaOf(kind), null, 2)}\n`
}

export function fileOf(kind: DocumentKindName): string {
  return `${kind}.schema.json`
}

/** One fact or connective per mapping: more than the record that checks it can say. */
function conditionSchema(): JsonSchema {
  const { title, where } = documentKinds.condition
  const condition = { $ref: '#' }
  const connective = { type: 'array', minItems: 1, items: condition }
  const facts = Object.entries(fixedForms).map(([name, form]) => [name, partSchema(form)])
  return {
    ...head('condition', 'https://json-schema.org/draft/2020-12/schema', title, where),
    description: 'One fact, or "all", "any" or "not" of conditions. docs/segments.md tells of each.',
    type: 'object',
    minProperties: 1,
    maxProperties: 1,
    properties: { all: connective, any: connective, not: condition, ...Object.fromEntries(facts) },
    patternProperties: Object.fromEntries(
      openForms.map(({ prefix, sample }) => [
        `^${prefix.replace('.', '\\.')}.+$`,
        partSchema(formOfSample(prefix, sample)),
      ]),
    ),
    additionalProperties: false,
  }
}

function formOfSample(prefix: string, sample: string): z.ZodType {
  const form = openForms.find((each) => each.prefix === prefix)?.form(sample)
  if (typeof form !== 'object') throw new Error(`${prefix}${sample}: is no fact`)
  return form
}

function partSchema(form: z.ZodType): JsonSchema {
  const { $schema: _, ...body } = z.toJSONSchema(form, written) as JsonSchema
  return body
}
