/**
 * What runs in the lab's container (container.ts): the same lab as outside, on orders that come as JSON lines on standard
 * input. When that ends, or on SIGTERM, the lab is stopped and with it the container.
 *
 * @module
 */

import { chownSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { LabEnvironment } from './environment.ts'
import { claimInstance, type LabServiceName } from './instance.ts'
import { RunningLab } from './running.ts'
import { sambaVersion } from './snapshot.ts'

/** Where the image keeps its provisioned domain. */
const SNAPSHOT = '/opt/lab/domain.tar.gz'

/** What a container is started with. */
export interface ContainedSettings {
  /** Where instances keep their files, the same path inside and outside. */
  readonly root: string
  readonly instance?: number
  readonly services: readonly LabServiceName[]
  /** User id that is to read keytabs and write beside them. */
  readonly owner: number
}

/** What its owner asks for. */
export interface ContainedRequest {
  readonly id: number
  readonly what: 'stopDc' | 'startDc' | 'samba'
  /** For samba-tool. */
  readonly args: readonly string[]
}

/** What it answers: progress, that all is up, that it will not be, or the outcome of a request. */
export type ContainedReply =
  | { readonly line: string }
  | { readonly env: LabEnvironment }
  | { readonly failed: string }
  | { readonly id: number; readonly result: string }
  | { readonly id: number; readonly error: string }

function say(reply: ContainedReply): void {
  process.stdout.write(`${JSON.stringify(reply)}\n`)
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** Samba's and Apache's own files stay theirs: they refuse what others own. */
function handOver(env: LabEnvironment, owner: number): void {
  const keytabs = join(env.directory, 'dc', 'keytabs')
  const files = readdirSync(keytabs).map((name) => join(keytabs, name))
  for (const path of [env.directory, join(env.directory, 'env.json'), ...files]) {
    chownSync(path, owner, statSync(path).gid)
  }
}

async function fulfil(lab: RunningLab, request: ContainedRequest): Promise<string> {
  if (request.what === 'samba') return lab.samba(request.args)
  await (request.what === 'stopDc' ? lab.stopDc() : lab.startDc())
  return ''
}

async function answer(lab: RunningLab, request: ContainedRequest): Promise<void> {
  try {
    say({ id: request.id, result: await fulfil(lab, request) })
  } catch (error) {
    say({ id: request.id, error: messageOf(error) })
  }
}

async function main(settings: ContainedSettings): Promise<void> {
  const { instance, services, owner } = settings
  const claimed = await claimInstance(instance, services)
  const log = (line: string): void => {
    say({ line })
  }
  const version = sambaVersion()
  const lab = new RunningLab({ claimed, services, snapshot: SNAPSHOT, sambaVersion: version, log })
  const starting = lab.start()
  // What is being restored when the end comes would be written after it was removed: wait for that, too.
  const end = (): void => {
    void Promise.allSettled([lab.stop(), starting]).then(() => process.exit())
  }
  process.once('exit', () => {
    lab.stopAtExit()
  })
  process.once('SIGTERM', end)
  const requests = createInterface({ input: process.stdin })
  requests.once('close', end)
  requests.on('line', (line) => void answer(lab, JSON.parse(line) as ContainedRequest))
  await starting
  handOver(lab.env, owner)
  say({ env: lab.env })
}

try {
  await main(JSON.parse(process.argv[2] ?? '') as ContainedSettings)
} catch (error) {
  say({ failed: messageOf(error) })
  process.exit(1)
}
