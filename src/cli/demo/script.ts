// What happens in the demo (DESIGN §10), in two acts. First a service moves three times between two addresses while its peer sends it
// datagrams, and then both move at the same moment. Then a web server moves twice in the middle of a download, and a browser once.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { messageOf } from '../../node/errors.ts'
import { loopbackAddresses } from './addresses.ts'
import { playDatagrams } from './datagram-act.ts'
import { playDownloads } from './download-act.ts'
import { Stage } from './stage.ts'
import { type ActReport, type DatagramReport, type DemoSummary, type DownloadReport, summaryOf } from './summary.ts'
import type { Timeline } from './timeline.ts'

/** Plays it all, with a download of so many bytes, and returns the summary. Leaves no process and no file behind. */
export async function playDemo(timeline: Timeline, bytes: number, stop: AbortSignal): Promise<DemoSummary> {
  const begun = performance.now()
  const acts: ActReport[] = []
  const ended = (act: ActReport['act']): unknown => acts.push({ act, endedMs: Math.round(performance.now() - begun) })
  const folder = await mkdtemp(join(tmpdir(), 'sojourn-demo-'))
  const stage = new Stage(folder, await loopbackAddresses(), timeline, stop)
  let datagrams: DatagramReport | undefined
  const downloads: DownloadReport[] = []
  try {
    if (!stage.addresses.aliases) timeline.event('no 127.0.0.2 here: one address, three ports', { event: 'no-aliases' })
    datagrams = await playDatagrams(stage)
    ended('datagrams')
    await playDownloads(stage, bytes, downloads)
    ended('downloads')
  } catch (error) {
    stage.trouble(messageOf(error))
  } finally {
    stage.clear()
    await rm(folder, { recursive: true, force: true })
  }
  return summaryOf(stage, acts, datagrams, downloads)
}
