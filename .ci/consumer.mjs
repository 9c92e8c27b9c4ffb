// Installs a packed tarball into an empty folder and uses it as a stranger would.
//   node .ci/consumer.mjs TARBALL FOLDER

import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

const BYTES_MAX = 8 * 1024 * 1024

const [tarball, folder] = process.argv.slice(2).map((path) => resolve(path))
const manifest = JSON.parse(readFileSync('package.json', 'utf8'))
const entries = Object.keys(manifest.exports).map((key) => key.replace('.', manifest.name))
const modules = entries.filter((entry) => !entry.endsWith('.json'))

install()
examine()
useEntries()
compileAgainst()
askForHelp()

function run(command, ...args) {
  return execFileSync(command, args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
}

function install() {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'consumer', private: true, type: 'module' }))
  run('npm', 'install', '--no-audit', '--no-fund', '--loglevel=error', tarball)
}

/** Nothing native, nothing that runs at installation, and no more than 8 MB. */
function examine() {
  const files = readdirSync(join(folder, 'node_modules'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
  const bytes = files.reduce((sum, file) => sum + statSync(file).size, 0)
  check(bytes <= BYTES_MAX, `${files.length} files, ${(bytes / 1024 / 1024).toFixed(2)} MB installed (at most 8)`)
  const native = files.filter((file) => /\.node$|binding\.gyp$/.test(file))
  check(native.length === 0, `no native code ${native.join(' ')}`)
  const scripts = files
    .filter((file) => file.endsWith('package.json'))
    .filter((file) =>
      Object.keys(JSON.parse(readFileSync(file, 'utf8')).scripts ?? {}).some((name) =>
        /^(pre|post)?install$/.test(name),
      ),
    )
  check(scripts.length === 0, `no install scripts ${scripts.join(' ')}`)
}

function useEntries() {
  for (const entry of modules) {
    const names = run('node', '--input-type=module', '-e', `console.log(Object.keys(await import('${entry}')).length)`)
    check(Number(names) > 0, `import '${entry}': ${names.trim()} names`)
  }
}

/** The published declarations, checked by the compiler without skipLibCheck. */
function compileAgainst() {
  const lines = modules.map(
    (entry, index) => `import * as m${index} from '${entry}'\nexport const n${index}: object = m${index}`,
  )
  writeFileSync(join(folder, 'consumer.ts'), `${lines.join('\n')}\n`)
  const options = {
    strict: true,
    module: 'nodenext',
    target: 'es2022',
    lib: ['es2023', 'esnext.disposable'],
    noEmit: true,
  }
  const types = { typeRoots: [resolve('node_modules/@types')], types: ['node'], skipLibCheck: false }
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ compilerOptions: { ...options, ...types }, files: ['consumer.ts'] }),
  )
  run('node', resolve('node_modules/typescript/bin/tsc'), '-p', '.')
  check(true, 'the declarations compile for a consumer')
}

function askForHelp() {
  const help = run(join(folder, 'node_modules/.bin/sojourn'), '--help')
  check(/Usage: sojourn/.test(help), `sojourn --help: ${help.split('\n').length} lines`)
}

function check(holds, what) {
  console.log(`${holds ? 'ok' : 'FAILED'}: ${what}`)
  if (!holds) process.exit(1)
}
