/** Imported before a program: when it ends, writes its peak memory in kilobytes to the file that is asked for. */

import { writeFileSync } from 'node:fs'

const file = process.env['PERENNIAL_PEAK_FILE']
if (file !== undefined) {
  process.on('exit', () => writeFileSync(file, String(process.resourceUsage().maxRSS)))
}
