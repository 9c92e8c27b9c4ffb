// A link of MTU 1500 between two network namespaces, which only root can make. Gone with `remove`.

import { execFileSync } from 'node:child_process'

export interface Side {
  readonly namespace: string
  readonly address: string
}

export class Veth {
  readonly sides: readonly [Side, Side]

  private constructor(sides: readonly [Side, Side]) {
    this.sides = sides
  }

  /** A string says why there is none. */
  static make(): Veth | string {
    const side = (letter: string, host: number): Side => {
      return { namespace: `sojourn-${process.pid}-${letter}`, address: `10.77.0.${host}` }
    }
    const [a, b] = [side('a', 1), side('b', 2)]
    const made = new Veth([a, b])
    try {
      for (const { namespace } of made.sides) ip('netns', 'add', namespace)
      const [near, far] = ['veth-a', 'veth-b']
      ip('-n', a.namespace, 'link', 'add', near, 'type', 'veth', 'peer', 'name', far, 'netns', b.namespace)
      for (const [{ namespace, address }, link] of [[a, near] as const, [b, far] as const]) {
        ip('-n', namespace, 'addr', 'add', `${address}/24`, 'dev', link)
        for (const up of ['lo', link]) ip('-n', namespace, 'link', 'set', up, 'up')
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
