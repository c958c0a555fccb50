/** `perennial doctor`: examines the installation and says what to do. */

import { Command } from 'commander'
import { writeFindings } from './doctor/readable.ts'
import { doctorMailCommand } from './doctor-mail-command.ts'
import { homeOf, homeOption } from './options.ts'

export function doctorCommand(): Command {
  return new Command('doctor')
    .description('Examine the installation, running or not, and say what to do. Ends with status 1 if something fails.')
    .addOption(homeOption())
    .option('--json', 'print JSON')
    .action(async (options: { readonly home?: string; readonly json?: boolean }) => {
      // What it needs is large: loaded here, so that other commands answer at once.
      const { examineInstallation } = await import('./doctor/examine.ts')
      writeFindings(options.json, await examineInstallation(homeOf(options)))
    })
    .addCommand(doctorMailCommand())
}
