// Installs the locked npm packages when they are missing or out of date, so that every npm script
// works from a clean clone. Plain JavaScript for Node 18 and later: the machine's own Node runs it.
import { createHash } from 'node:crypto'
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync, rmSync, realpathSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const stampFile = join(root, 'node_modules', '.sallyport-stamp')

function digest(...parts) {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part).update('\0')
  return hash.digest('hex')
}

function wantedStamp() {
  const files = ['package.json', 'package-lock.json'].map((name) => readFileSync(join(root, name)))
  return digest(...files, process.platform, process.arch)
}

function isCurrent() {
  return existsSync(stampFile) && readFileSync(stampFile, 'utf8') === wantedStamp()
}

function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}

/** Two scripts started together must not both run npm: the second waits for the first. */
function takeLock(lockFile) {
  for (;;) {
    try {
      writeFileSync(lockFile, String(process.pid), { flag: 'wx' })
      return
    } catch (error) {
      if (error.code !== 'EEXIST') throw error
    }
    const owner = Number(existsSync(lockFile) ? readFileSync(lockFile, 'utf8') : 0)
    if (owner > 0 && !isAlive(owner)) rmSync(lockFile, { force: true })
    else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200)
  }
}

/** npm must not run on the Node inside node_modules, which it is about to delete. */
function environmentWithoutLocalBin() {
  const path = (process.env.PATH ?? '')
    .split(delimiter)
    .filter((folder) => !folder.endsWith(`node_modules${sep}.bin`))
  return { ...process.env, PATH: path.join(delimiter) }
}

function run(command, args, options) {
  const result = spawnSync(command, args, { cwd: root, stdio: 'inherit', ...options })
  if (result.error) throw result.error
  if (result.status !== 0) {
    console.error(`bootstrap: ${command} ${args.join(' ')} ended with status ${result.status}`)
    process.exit(result.status ?? 1)
  }
}

/** npm leaves the optional addon out where its headers are missing; a fresh machine gets them where that is allowed. */
function installAddonHeaders() {
  const script = join(root, 'docker', 'packages.sh')
  const { status } = spawnSync('bash', [script, 'native'], { stdio: ['ignore', 'inherit', 'pipe'] })
  if (status !== 0) {
    console.log(
      'bootstrap: libkrb5-dev and a compiler are not there and cannot be installed; the optional kerberos addon may be left out',
    )
  }
}

function install() {
  const started = Date.now()
  installAddonHeaders()
  console.log('bootstrap: installing the locked npm packages (about 25 s) …')
  run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    env: environmentWithoutLocalBin(),
  })
  const pinned = join(root, 'node_modules', '.bin', 'node')
  const check = spawnSync(pinned, ['--version'], { encoding: 'utf8' })
  if (check.status !== 0) {
    console.error(
      'bootstrap: the pinned Node in node_modules does not run. If npm is set to ignore-scripts, run: npm rebuild node --ignore-scripts=false',
    )
    process.exit(1)
  }
  writeFileSync(stampFile, wantedStamp())
  console.log(
    `bootstrap: ready with Node ${check.stdout.trim()} (${((Date.now() - started) / 1000).toFixed(1)} s)`,
  )
}

if (!isCurrent()) {
  const lockFile = join(tmpdir(), `sallyport-npm-${digest(realpathSync(root)).slice(0, 16)}.lock`)
  takeLock(lockFile)
  try {
    if (!isCurrent()) install()
  } finally {
    rmSync(lockFile, { force: true })
  }
}
