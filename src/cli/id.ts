// sojourn id new, sojourn id show: identities in files. Both print the HIT.

import { Command, Option } from 'commander'
import type { Identity, IdentityAlgorithm } from '../crypto/identity.ts'
import { createIdentity, readIdentity, writeIdentity } from '../node/key-file.ts'
import { printer, say } from './output.ts'

interface NewFlags {
  readonly out?: string
  readonly algorithm: IdentityAlgorithm
  readonly json?: boolean
}

/** The command `id`. */
export function idCommand(): Command {
  const command = new Command('id')
    .description('make and show identities')
    .helpCommand(false)
    .addHelpText('after', EXAMPLES)
  command
    .command('new')
    .description('make an identity and print its HIT; without --out the private key goes to stdout')
    .option('--out <file>', 'write the private key here, readable by you alone; never replaces a file')
    .addOption(new Option('--algorithm <name>', 'kind of key').choices(['ed25519', 'ecdsa-p256']).default('ed25519'))
    .option('--json', 'print lines of JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  sojourn id new --out me.pem\n  sojourn id new --algorithm ecdsa-p256 --out old.pem',
    )
    .action(makeIdentity)
  command
    .command('show <file>')
    .description('print the HIT of an identity')
    .option('--json', 'print lines of JSON')
    .addHelpText('after', '\nExample:\n  sojourn id show me.pem')
    .action(async (file: string, flags: { readonly json?: boolean }) => {
      show(await readIdentity(file), file, flags.json ?? false)
    })
  return command
}

const EXAMPLES = '\nExamples:\n  sojourn id new --out me.pem\n  sojourn id show me.pem'

async function makeIdentity(flags: NewFlags): Promise<void> {
  const identity = createIdentity(flags.algorithm)
  if (flags.out !== undefined) await writeIdentity(flags.out, identity)
  else if (flags.json !== true) say(identity.toPem())
  show(identity, flags.out, flags.json ?? false, flags.out === undefined ? { privateKey: identity.toPem() } : {})
}

function show(
  identity: Identity,
  file: string | undefined,
  json: boolean,
  more: Readonly<Record<string, string>> = {},
): void {
  const { hit, algorithm } = identity
  const place = file === undefined ? {} : { file }
  printer(json).line(hit, { hit, algorithm, publicKey: identity.publicPem(), ...place, ...more })
}
