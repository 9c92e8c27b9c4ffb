// sojourn inspect FILE: every HIP and ESP packet of a capture in words, and every check that can be made.

import { Command } from 'commander'
import type { InspectFlags } from './inspect-file.ts'

const CAPTURES = 'a capture (pcap, pcapng) or a file of datagrams in hexadecimal, one a line'

/** The command `inspect`. */
export function inspectCommand(): Command {
  return new Command('inspect')
    .description('show every HIP and ESP packet of a capture, and check what can be checked')
    .argument('<file>', CAPTURES)
    .option('--keylog <file>', 'keys, as SOJOURN_KEYLOG wrote them: checks MACs and opens ESP too')
    .option('--json', 'print lines of JSON, one a packet')
    .addHelpText('after', HELP)
    .action(async (file: string, flags: InspectFlags) => {
      // Loaded when it is wanted: it brings every algorithm there is.
      const { inspectFile } = await import('./inspect-file.ts')
      await inspectFile(file, flags)
    })
}

const HELP = `
Checks: hit (HOST_ID hashes to the sender), signature, puzzle, mac, icv. What cannot be checked, for want of a key, is left out.
HIP and ESP are found in UDP and in IP itself (protocols 139 and 50), over IPv4 and IPv6.
Exit code 1 if a packet is wrong or the file is damaged.

Key log:
  KIJ <hit> <hit> <hex>                  the secret of an exchange: KEYMAT, HIP_MACs, ENCRYPTED, ESP
  ESP <spi hex> <suite> <hex> <hex or ->  keys of one SPI: encryption (suite 13: key and salt), authentication

Examples:
  sojourn inspect hip.pcap
  SOJOURN_KEYLOG=keys sojourn ping HIT@192.0.2.1:10500   then   sojourn inspect hip.pcap --keylog keys
  sojourn inspect datagrams.hex --json | jq 'select(.ok | not)'`
