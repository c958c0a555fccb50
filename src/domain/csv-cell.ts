/**
 * One value of a CSV file, as RFC 4180 quotes it, and so that no spreadsheet takes it for a formula: a text that begins
 * with one of = + - @ tab or CR gets an apostrophe before it. Plain numbers stay numbers.
 */

const formula = /^[=+\-@\t\r]/
const plainNumber = /^-?\d+(?:\.\d+)?$/
const special = /[",\n\r\t]|^\s|\s$/

export function csvCell(value: string | number | boolean | null | undefined): string {
  if (value === null || value === undefined) return ''
  const text = String(value)
  const isFormula = formula.test(text) && !plainNumber.test(text)
  if (!isFormula && !special.test(text)) return text
  const quoted = text.includes('"') ? text.replaceAll('"', '""') : text
  return isFormula ? `"'${quoted}"` : `"${quoted}"`
}

/** One line, with its end. */
export function csvLine(values: readonly (string | number | boolean | null | undefined)[]): string {
  return `${values.map(csvCell).join(',')}\r\n`
}
