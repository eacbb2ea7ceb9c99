/**
 * `npm test`: brings the lab up where this machine can carry it, runs every suite, measures coverage, and takes the
 * lab down again. Ends with node's own test summary and the time each suite took.
 *
 * @module
 */

import { spawn, spawnSync } from 'node:child_process'
import { globSync, rmSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { labAvailability, startLab, type Lab } from '../docker/lab.ts'
import { together } from './together.ts'

/** Their suites are short; those of a folder share a process. */
const SHORT = ['unit', 'conformance', 'scenario']
/** What starts processes, or is long, has one for itself. */
const ALONE = /^test\/scenario\/cli\//
const COVERAGE = [
  '--experimental-test-coverage',
  '--test-coverage-include=src/**',
  '--test-coverage-exclude=src/cli/**',
  '--test-coverage-lines=90',
  '--test-coverage-branches=85',
  '--test-coverage-functions=85',
]

/** The usual report, a line as each file ends, and how long each file took. */
const REPORTERS = ['spec', './.ci/suite-times.ts'].flatMap((name) => [
  `--test-reporter=${name}`,
  '--test-reporter-destination=stdout',
])

/** Each file's types are stripped once, not once for each of hundreds of processes. */
const STRIPPED = ['--import', pathToFileURL(resolve('.ci/stripped.js')).href]

/** A glob that matches nothing would pass, so each folder must hold a test. */
function testFiles(folders: readonly string[]): string[] {
  return folders.flatMap((folder) => {
    const files = globSync(`test/${folder}/**/*.test.ts`)
    if (files.length === 0) throw new Error(`test/${folder} holds no test`)
    return files.sort()
  })
}

/** The longest suite begins first. */
function suites(withLab: boolean): string[] {
  const files = testFiles(SHORT)
  const alone = files.filter((file) => ALONE.test(file))
  const short = files.filter((file) => !ALONE.test(file))
  const shared = together([...(withLab ? testFiles(['matrix']) : []), ...short])
  return [...shared, ...alone, ...testFiles(withLab ? ['fuzz', 'interop'] : ['fuzz'])]
}

async function bringUpLab(): Promise<Lab | undefined> {
  const availability = labAvailability()
  if (!availability.ok) {
    console.log(
      `test: left out: test/interop and test/matrix, because ${availability.reason ?? 'no lab can run here'}`,
    )
    return undefined
  }
  // The browser suite says so itself when Chromium is not there.
  spawnSync('bash', ['docker/packages.sh', 'browser'], { stdio: 'inherit' })
  console.log('test: starting the lab (Samba AD, Apache, OpenID provider) …')
  return startLab({
    log: (line) => {
      console.log(`test: lab: ${line}`)
    },
  })
}

function runSuites(files: readonly string[], lab: Lab | undefined): Promise<number> {
  const args = [...STRIPPED, '--test', ...REPORTERS, '--test-concurrency=4', ...COVERAGE, ...files]
  const environment = {
    ...process.env,
    ...(lab === undefined ? {} : { SALLYPORT_LAB: lab.envFile }),
  }
  const child = spawn(process.execPath, args, { stdio: 'inherit', env: environment })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => child.kill(signal))
  }
  return new Promise((fulfil, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => {
      fulfil(code ?? 1)
    })
  })
}

const started = Date.now()
const lab = await bringUpLab()
try {
  process.exitCode = await runSuites(suites(lab !== undefined), lab)
} finally {
  await lab?.stop()
  rmSync('coverage', { recursive: true, force: true })
}
if (process.exitCode !== 0)
  console.log(`test: failed after ${Math.round((Date.now() - started) / 1000)} s`)
