/**
 * Facts of this host: versions, files, the DNS.
 *
 * @module
 */

import { createHash, getFips } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { access, constants, stat } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { Resolver } from 'node:dns/promises'
import { errorCode } from '../../platform/index.ts'
import type { FileFacts, HostWorld } from '../host/index.ts'

/** Name of a user by /etc/passwd, else the number. */
function nameOf(uid: number): string {
  try {
    const line = readFileSync('/etc/passwd', 'utf8')
      .split('\n')
      .find((each) => each.split(':')[2] === String(uid))
    return line?.split(':')[0] ?? String(uid)
  } catch {
    return String(uid)
  }
}

/**
 * Facts of a file.
 *
 * @param path - Which.
 * @returns The facts; undefined where there is no such file. Rejects when the way to it is closed.
 */
export async function lookAtFile(path: string): Promise<FileFacts | undefined> {
  try {
    const { mode, uid, isFile, isDirectory } = await statOf(path)
    const kind = isFile ? 'file' : isDirectory ? 'directory' : 'other'
    const wanted = isDirectory ? constants.R_OK | constants.X_OK : constants.R_OK
    const readable = await access(path, wanted).then(
      () => true,
      () => false,
    )
    return { mode, uid, owner: nameOf(uid), kind, readable }
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined
    throw error
  }
}

async function statOf(path: string) {
  const stats = await stat(path)
  const { mode, uid } = stats
  return { mode, uid, isFile: stats.isFile(), isDirectory: stats.isDirectory() }
}

/** The user that doctor runs as. */
export function ownUser(): HostWorld['user'] {
  try {
    const { uid, username } = userInfo()
    return { uid, name: username }
  } catch {
    // A container may run as a number that has no name.
    const uid = process.getuid?.() ?? -1
    return { uid, name: String(uid) }
  }
}

/** What OpenSSL offers. */
export function fipsFacts(): HostWorld['fips'] {
  return { mode: getFips() === 1, md5: hasMd5() }
}

function hasMd5(): boolean {
  try {
    createHash('md5')
    return true
  } catch {
    return false
  }
}

/** Questions that the connector itself never asks. */
export interface NameQuestions {
  /** Names of an address; none where there is no PTR record. */
  namesOf(address: string): Promise<readonly string[]>
  /** The name that a CNAME record leads to; undefined where there is none. */
  aliasOf(name: string): Promise<string | undefined>
}

const NO_RECORD = new Set(['ENOTFOUND', 'ENODATA'])

/**
 * Asks name servers.
 *
 * @param servers - Addresses; undefined: those of the system.
 * @param timeoutMs - For one try.
 * @returns The questions.
 */
export function nameQuestions(
  servers: readonly string[] | undefined,
  timeoutMs: number,
): NameQuestions {
  const resolver = new Resolver({ timeout: timeoutMs, tries: 2 })
  if (servers) resolver.setServers([...servers])
  const none = (error: unknown): [] => {
    if (NO_RECORD.has(errorCode(error))) return []
    throw error
  }
  return {
    namesOf: (address) => resolver.reverse(address).catch(none),
    aliasOf: async (name) => (await resolver.resolveCname(name).catch(none))[0],
  }
}
