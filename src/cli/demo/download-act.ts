// The second act: a web server that moves twice in the middle of a large response to a client that knows nothing of moves; then a
// browser that moves in the middle of three downloads. Every byte is hashed, here and there.

import { BROWSER_PART } from './browser.ts'
import { hashOf } from './content.ts'
import type { Downloaded, News } from './messages.ts'
import { place, type Stage, type Stay } from './stage.ts'
import type { DownloadReport } from './summary.ts'
import { FILM_STAYS } from './web-server.ts'

/** Of the whole, what each of the browser's downloads is. */
const BROWSER_SHARE = 1 / 12
const BROWSER_DOWNLOADS = 3

/** Plays it with a download of so many bytes. What has come of it is put into `reports`, one at a time. */
export async function playDownloads(stage: Stage, bytes: number, reports: DownloadReport[]): Promise<void> {
  stage.onNews = ({ ...news }) => {
    if (news.type !== 'downloaded') return
    stage.timeline.progress(news.bytes, `${megabytes(news.bytes)} of ${megabytes(news.of)} MB`)
  }
  const { first } = stage.addresses
  const server = await stage.begin(await stage.start('server'), first)
  const moved = await serverMoves(stage, server, bytes, reports)
  await browserMoves(stage, moved, Math.round(bytes * BROWSER_SHARE), reports)
}

async function serverMoves(stage: Stage, server: Stay, bytes: number, reports: DownloadReport[]): Promise<Stay> {
  const { first, second, peer: home } = stage.addresses
  const starting = Array.from({ length: FILM_STAYS - 1 }, () => stage.start('server'))
  const [child, ...targets] = await Promise.all([stage.start('client'), ...starting])
  const paths = [`/${bytes}/film`]
  let stay = server
  let part = stage.next('downloaded', isPart(1 / FILM_STAYS))
  const client = await stage.begin(child, home, { talkTo: stay.standing.peer, paths })
  for (const [index, target] of targets.entries()) {
    stage.timeline.scene(`${place(stay)} → ${place(client)}`)
    const move = await stage.prepare(stay, target, index % 2 === 0 ? second : first)
    await part
    part = stage.next('downloaded', isPart((index + 2) / FILM_STAYS))
    const [next = stay] = await stage.move(`server moves, ${index + 1}`, [move], [client])
    stay = next
  }
  stage.timeline.scene(`${place(stay)} → ${place(client)}`)
  await part
  reports.push(await report(stage, 'server', client))
  return stay
}

async function browserMoves(stage: Stage, server: Stay, bytes: number, reports: DownloadReport[]): Promise<void> {
  const { peer: home } = stage.addresses
  const [child, target] = await Promise.all([stage.start('browser'), stage.start('browser')])
  const paths = Array.from({ length: BROWSER_DOWNLOADS }, (_, index) => `/${bytes}/page-${index + 1}`)
  const whole = stage.next('downloaded', isPart(1))
  const part = stage.next('downloaded', isPart(BROWSER_PART))
  const { folder } = stage
  const browser = await stage.begin(child, home, { talkTo: server.standing.peer, paths, folder })
  stage.timeline.scene(`${place(server)} → ${place(browser)}`)
  const move = await stage.prepare(browser, target, home)
  await part
  const [after = browser] = await stage.move('browser moves', [move], [server])
  stage.timeline.scene(`${place(server)} → ${place(after)}`)
  await whole
  reports.push(await report(stage, 'browser', after))
  await server.child.ask({ type: 'finish' })
}

async function report(stage: Stage, who: DownloadReport['who'], { child }: Stay): Promise<DownloadReport> {
  const { files, seconds, baseExchanges } = await child.ask<Downloaded>({ type: 'finish' })
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0)
  const intact = files.every(({ path, sha256 }) => sha256 === hashOf(path))
  const mbitPerSecond = Math.round((bytes * 8) / seconds / 10_000) / 100
  const said = { who, files: files.length, bytes, seconds, mbitPerSecond, intact, baseExchanges }
  const text = `${files.length} × ${megabytes(bytes / files.length)} MB in ${seconds.toFixed(2)} s: ${mbitPerSecond.toFixed(0)} Mbit/s`
  stage.timeline.event(`${text}, SHA-256 ${intact ? 'as it should be' : 'DIFFERS'}`, { event: 'downloaded', ...said })
  return said
}

function isPart(part: number): (news: Extract<News, { type: 'downloaded' }>) => boolean {
  return ({ bytes, of }) => bytes >= part * of
}

function megabytes(bytes: number): string {
  return (bytes / 1_000_000).toFixed(bytes < 10_000_000 ? 1 : 0)
}
