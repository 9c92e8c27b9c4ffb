// sojourn id new, sojourn id show: identities in files. Both print the HIT.

import { Command, Option } from 'commander'
import type { Identity, IdentityAlgorithm } from '../crypto/identity.ts'
import { createIdentity, writeIdentity } from '../node/key-file.ts'
import { algorithmsFor, readKey } from './key.ts'
import { printer, say } from './output.ts'

const KINDS = {
  ed25519: 'ed25519',
  p256: 'ecdsa-p256',
  p384: 'ecdsa-p384',
  rsa: 'rsa',
} as const satisfies Readonly<Record<string, IdentityAlgorithm>>

interface NewFlags {
  readonly out?: string
  readonly algorithm: keyof typeof KINDS
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
    .addOption(new Option('--algorithm <name>', 'kind of key').choices(Object.keys(KINDS)).default('ed25519'))
    .option('--json', 'print lines of JSON')
    .addHelpText('after', NEW_EXAMPLES)
    .action(makeIdentity)
  command
    .command('show <file>')
    .description('print the HIT of an identity')
    .option('--json', 'print lines of JSON')
    .addHelpText('after', '\nExample:\n  sojourn id show me.pem')
    .action(async (file: string, flags: { readonly json?: boolean }) => {
      const { identity } = await readKey(file)
      show(identity, file, flags.json ?? false)
    })
  return command
}

const NEW_EXAMPLES = `
p384 (ECDSA P-384) and rsa (2048 bits) are for peers that know nothing better: slower, and an endpoint has to ask for them.

Examples:
  sojourn id new --out me.pem
  sojourn id new --algorithm p256 --out p256.pem
  sojourn id new --algorithm rsa --out rsa.pem`

const EXAMPLES = '\nExamples:\n  sojourn id new --out me.pem\n  sojourn id show me.pem'

async function makeIdentity(flags: NewFlags): Promise<void> {
  const kind = KINDS[flags.algorithm]
  const identity = createIdentity(kind, await algorithmsFor(kind))
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
