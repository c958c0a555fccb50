/** All commands of the command line, put together. */

import { Command } from 'commander'
import { analyzeCommand } from './analyze/analyze-command.ts'
import { applyCommand, planCommand, validateCommand } from './apply-command.ts'
import { attributionCommand } from './attribution-command.ts'
import { broadcastsCommand } from './broadcasts-command.ts'
import { customerCommand } from './customer-command.ts'
import { deliverabilityCommand } from './deliverability-command.ts'
import { demoCommand } from './demo-command.ts'
import { doctorCommand } from './doctor-command.ts'
import { eventsCommand } from './events-command.ts'
import { exportCommand } from './export/export-command.ts'
import { importCommand } from './import/import-command.ts'
import { journeysCommand } from './journeys-command.ts'
import { keysCommand } from './keys-command.ts'
import { lifecycleCommand } from './lifecycle-command.ts'
import { messagesCommand } from './messages-command.ts'
import { modelsCommand } from './models-command.ts'
import { offersCommand } from './offers-command.ts'
import { plannerCommand } from './planner-command.ts'
import { privacyCommand } from './privacy-command.ts'
import { referralsCommand } from './referrals-command.ts'
import { retentionCommand } from './retention-command.ts'
import { schemaCommand } from './schema-command.ts'
import { segmentsCommand } from './segments-command.ts'
import { sendersCommand } from './senders-command.ts'
import { pauseCommand, resumeCommand } from './sending-commands.ts'
import { simulateCommand } from './simulate-command.ts'
import { startCommand } from './start-command.ts'
import { statusCommand } from './status-command.ts'
import { suppressionsCommand } from './suppressions-command.ts'
import { tasksCommand } from './tasks-command.ts'
import { templatesCommand } from './templates-command.ts'
import { testCommand } from './test-command.ts'
import { traitsCommand } from './traits-command.ts'
import { webhooksCommand } from './webhooks-command.ts'
import { whyCommand } from './why-command.ts'
import { workflowsCommand } from './workflows-command.ts'

/** The whole `perennial` program. Errors are thrown, never `process.exit`ed, so that tests can run it in-process. */
export function buildProgram(): Command {
  const program = new Command('perennial').description('Lifecycle marketing that runs on Temporal.')
  for (const command of [
    startCommand(),
    demoCommand(),
    statusCommand(),
    doctorCommand(),
    keysCommand(),
    eventsCommand(),
    journeysCommand(),
    customerCommand(),
    suppressionsCommand(),
    privacyCommand(),
    retentionCommand(),
    importCommand(),
    exportCommand(),
    validateCommand(),
    planCommand(),
    applyCommand(),
    schemaCommand(),
    segmentsCommand(),
    simulateCommand(),
    testCommand(),
    templatesCommand(),
    attributionCommand(),
    tasksCommand(),
    broadcastsCommand(),
    messagesCommand(),
    pauseCommand(),
    resumeCommand(),
    offersCommand(),
    modelsCommand(),
    plannerCommand(),
    referralsCommand(),
    lifecycleCommand(),
    traitsCommand(),
    whyCommand(),
    workflowsCommand(),
    webhooksCommand(),
    deliverabilityCommand(),
    sendersCommand(),
    analyzeCommand(),
  ])
    program.addCommand(command)
  return throwing(program)
}

function throwing(command: Command): Command {
  command.exitOverride()
  // Whoever catches the error prints it, in one line; commander's own would come before it.
  command.configureOutput({ writeErr: () => {} })
  for (const child of command.commands) throwing(child)
  return command
}
