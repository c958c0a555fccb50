/** The words that people answer with, as carriers ask senders to understand them. */

const stopWords = new Set(['STOP', 'STOPALL', 'UNSUBSCRIBE', 'END', 'QUIT', 'CANCEL', 'REVOKE', 'OPTOUT'])
const startWords = new Set(['START', 'UNSTOP', 'YES'])
const helpWords = new Set(['HELP', 'INFO'])

export interface SmsWord {
  readonly meaning: 'stop' | 'start' | 'help'
  /** The word itself, in capitals. */
  readonly word: string
}

/** Any case, with spaces around it or within, with a full stop or exclamation mark behind; undefined for other texts. */
export function readSmsWord(body: string): SmsWord | undefined {
  const word = body
    .normalize('NFKC')
    .replaceAll(/[\s\p{Cf}"'“”‘’-]+/gu, '')
    .replace(/[.!]+$/, '')
    .toUpperCase()
  if (stopWords.has(word)) return { meaning: 'stop', word }
  if (startWords.has(word)) return { meaning: 'start', word }
  return helpWords.has(word) ? { meaning: 'help', word } : undefined
}
