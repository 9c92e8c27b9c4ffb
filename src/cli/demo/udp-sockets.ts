// How many UDP sockets a process holds, found out from outside it: on Linux from /proc, elsewhere by lsof if that is there.

import { execFile } from 'node:child_process'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** The number of UDP sockets of process `pid`, 0 if it is gone; undefined if this system does not tell. */
export async function udpSocketsOf(pid: number): Promise<number | undefined> {
  return process.platform === 'linux' ? byProc(pid) : byLsof(pid)
}

function byProc(pid: number): number | undefined {
  try {
    const sockets = udpInodes(pid)
    let held = 0
    for (const name of readdirSync(`/proc/${pid}/fd`)) {
      const inode = /^socket:\[(\d+)\]$/.exec(linkOf(`/proc/${pid}/fd/${name}`))?.[1]
      if (inode !== undefined && sockets.has(inode)) held++
    }
    return held
  } catch (error) {
    return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH')
      ? 0
      : undefined
  }
}

// The tables of all UDP sockets that the process could hold: inode in the tenth column.
function udpInodes(pid: number): ReadonlySet<string> {
  const inodes = new Set<string>()
  for (const table of ['udp', 'udp6']) {
    for (const line of readFileSync(`/proc/${pid}/net/${table}`, 'utf8').split('\n').slice(1)) {
      const inode = line.trim().split(/\s+/)[9]
      if (inode !== undefined) inodes.add(inode)
    }
  }
  return inodes
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return '' // closed meanwhile
  }
}

function byLsof(pid: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    execFile('lsof', ['-nP', '-a', '-p', String(pid), '-i', 'UDP', '-F', 'f'], (error, stdout) => {
      // lsof exits with 1 when it finds nothing.
      const missing = error !== null && 'code' in error && error.code === 'ENOENT'
      resolve(missing ? undefined : stdout.split('\n').filter((line) => line.startsWith('f')).length)
    })
  })
}
