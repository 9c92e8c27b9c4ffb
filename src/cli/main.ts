#!/usr/bin/env node
// The command `sojourn`: parses, runs one command, turns every failure into one line on stderr and an exit code (DESIGN §8).

import { realpathSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Command, CommanderError } from 'commander'
import { messageOf } from '../node/errors.ts'
import { connectCommand } from './connect.ts'
import { actorCommands } from './demo/actor.ts'
import { demoCommand } from './demo.ts'
import { doctorCommand } from './doctor.ts'
import { EXIT, exitCodeOf } from './exit.ts'
import { idCommand } from './id.ts'
import { inspectCommand } from './inspect.ts'
import { closeKindly } from './kindly.ts'
import { listenCommand } from './listen.ts'
import { say } from './output.ts'
import { pingCommand } from './ping.ts'
import { receiveCommand } from './receive.ts'
import { sendCommand } from './send.ts'
import { version } from './version.ts'

/** Runs the command line `args` (without node and script) and returns the exit code. */
export async function main(args: readonly string[]): Promise<number> {
  const stop = closeKindly()
  const program = new Command('sojourn')
    .description('Processes named by keys: they move between hosts while their peers stay connected.')
    .version(version())
    .helpCommand(false)
    .showHelpAfterError(false)
    .exitOverride()
    .configureOutput({ writeOut: say, writeErr: () => undefined })
    .addHelpText('after', EXAMPLES)
  const streams = [connectCommand(stop), sendCommand(stop), receiveCommand(stop)]
  const commands = [
    idCommand(),
    listenCommand(stop),
    pingCommand(stop),
    ...streams,
    demoCommand(stop),
    inspectCommand(),
    doctorCommand(),
  ]
  for (const command of commands) program.addCommand(inherit(program, command))
  for (const command of actorCommands()) program.addCommand(inherit(program, command), { hidden: true })
  try {
    await program.parseAsync(args, { from: 'user' })
    return process.exitCode === undefined ? EXIT.ok : Number(process.exitCode)
  } catch (error) {
    if (error instanceof CommanderError) return usage(error)
    process.stderr.write(`sojourn: ${messageOf(error)}\n`)
    return exitCodeOf(error)
  }
}

const EXAMPLES = `
Peers are written HIT@ADDR:PORT or HIT@[IPV6]:PORT, more places after commas. Ports alone are inside the association.

Examples:
  sojourn id new --out me.pem            make an identity, print its HIT
  sojourn listen 7 --echo                answer on port 7, print how to reach us
  sojourn ping HIT@192.0.2.1:10500 -c 3  is it there, and how far away
  sojourn connect HIT@192.0.2.1:10500 7  stdin and stdout are a stream to its port 7
  sojourn receive 7 > file               take what "sojourn send FILE PEER 7" sends
  sojourn demo                           watch processes move while datagrams and downloads go on
  sojourn inspect hip.pcap               every packet of a capture in words, and whether it is right
  sojourn doctor                         what this machine gives, and what is missing

Exit codes: 0 ok, 1 failed, 2 usage, 3 unreachable, 4 refused, 5 fenced.
Environment: SOJOURN_HOME, SOJOURN_KEYLOG, SOJOURN_PORTABLE, NODE_DEBUG=sojourn.`

// Sub-commands made on their own do not take over these settings by themselves.
function inherit(program: Command, command: Command): Command {
  command.copyInheritedSettings(program)
  for (const child of command.commands) inherit(program, child)
  return command
}

function usage(error: CommanderError): number {
  if (error.exitCode === 0) return EXIT.ok
  // Without a command commander shows the help and calls that an error.
  const text = error.code === 'commander.help' ? 'no command given' : error.message.replace(/^error: /, '')
  process.stderr.write(`sojourn: ${messageOf(text)}; see sojourn --help\n`)
  return EXIT.usage
}

function isEntry(): boolean {
  const script = process.argv[1]
  return script !== undefined && realpathSync(script) === fileURLToPath(import.meta.url)
}

if (isEntry()) {
  const code = await main(process.argv.slice(2))
  process.exitCode = code
}
