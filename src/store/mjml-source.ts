/**
 * MJML, compiled when a template is published: what is sent and stored is the HTML. Liquid in it is kept letter by letter;
 * where MJML would drop it, the template is refused.
 */

import type { FileProblem } from './file-problem.ts'

/** A piece of Liquid: an output or a tag. */
const liquidPiece = /\{\{[\s\S]*?\}\}|\{%[\s\S]*?%\}/g

/** @param firstLine of the source in its file. Problems are added; with any of them the result is not to be used. */
export async function compileMjml(
  file: string,
  source: string,
  firstLine: number,
  problems: FileProblem[],
): Promise<string> {
  const problem = (line: number, rule: string): void =>
    void problems.push({ file, line: Math.max(1, line + firstLine - 1), path: [], value: undefined, rule })
  // It is large, and most shops write HTML.
  const { default: mjml2html } = await import('mjml')
  try {
    const options = { validationLevel: 'soft', keepComments: false, ignoreIncludes: true, fonts: {} } as const
    const { html, errors } = await mjml2html(source, options)
    for (const { line, tagName, message } of errors) problem(line, `<${tagName}>: ${message}`)
    for (const [index, piece] of lostPieces(source, html)) {
      const line = source.slice(0, index).split('\n').length
      problem(line, `${piece.slice(0, 60)} stands between MJML elements, where it is lost: put it into <mj-raw>`)
    }
    return html
  } catch (error) {
    problem(1, `is no valid MJML: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`)
    return ''
  }
}

/** Pieces of Liquid that the HTML holds less often than the source, with their place. */
function lostPieces(source: string, html: string): [number, string][] {
  const left = new Map<string, number>()
  for (const [piece] of html.matchAll(liquidPiece)) left.set(piece, (left.get(piece) ?? 0) + 1)
  // What stands in the attributes of an element may come out several times, so counts can only be too high.
  return [...source.matchAll(liquidPiece)].flatMap(({ 0: piece, index }): [number, string][] => {
    const count = left.get(piece) ?? 0
    left.set(piece, count - 1)
    return count > 0 ? [] : [[index, piece]]
  })
}
