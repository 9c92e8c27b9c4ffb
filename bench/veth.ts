// A link between two network namespaces, of MTU 1500 unless it is to be another, which only root can make. Gone with `remove`.

import { execFileSync } from 'node:child_process'

export interface Side {
  readonly namespace: string
  readonly address: string
  /** Its address on this link alone, and the name of the link, as its zone. */
  readonly linkLocal: string
  readonly zone: string
}

export class Veth {
  readonly sides: readonly [Side, Side]

  private constructor(sides: readonly [Side, Side]) {
    this.sides = sides
  }

  /** A string says why there is none. */
  static make(mtu = 1_500): Veth | string {
    const side = (letter: string, host: number): Side => {
      const names = { namespace: `sojourn-${process.pid}-${letter}`, zone: `veth-${letter}` }
      return { ...names, address: `10.77.0.${host}`, linkLocal: `fe80::77:${host}` }
    }
    const [a, b] = [side('a', 1), side('b', 2)]
    const made = new Veth([a, b])
    try {
      for (const { namespace } of made.sides) ip('netns', 'add', namespace)
      ip('-n', a.namespace, 'link', 'add', a.zone, 'type', 'veth', 'peer', 'name', b.zone, 'netns', b.namespace)
      for (const { namespace, address, linkLocal, zone } of made.sides) {
        ip('-n', namespace, 'addr', 'add', `${address}/24`, 'dev', zone)
        ip('-n', namespace, 'link', 'set', zone, 'mtu', `${mtu}`)
        for (const up of ['lo', zone]) ip('-n', namespace, 'link', 'set', up, 'up')
        // Without waiting until nobody else has been found to have it.
        ip('-n', namespace, 'addr', 'add', `${linkLocal}/64`, 'dev', zone, 'nodad')
      }
      return made
    } catch (error) {
      made.remove()
      const said = error instanceof Error ? error.message.trim().split('\n').at(-1) : String(error)
      return process.getuid?.() === 0 ? `ip said: ${said}` : 'only root can make network namespaces'
    }
  }

  remove(): void {
    for (const { namespace } of this.sides) {
      try {
        ip('netns', 'del', namespace)
      } catch {
        // It was never made.
      }
    }
  }
}

function ip(...argv: readonly string[]): void {
  execFileSync('ip', argv, { stdio: ['ignore', 'ignore', 'pipe'] })
}
