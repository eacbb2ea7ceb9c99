/**
 * The proof: one person signs in outside, and the backend inside says who it saw.
 *
 * @module
 */

import { readFile } from 'node:fs/promises'
import type { LabEnvironment } from '../lab.ts'
import type { Stack } from './stack.ts'
import { Visitor, type Page } from './visitor.ts'

/** What one sign-in showed; the demo's last line. */
export interface Proof {
  readonly ok: boolean
  /** Who the backend says it saw (Apache's REMOTE_USER). */
  readonly user: string
  readonly status: number
  readonly mechanism: string
  readonly mutualAuth: boolean
  /** The first request after sign-in: looks the user up, obtains the tickets. */
  readonly firstRequestMs: number
  /** The same again: everything is cached. */
  readonly secondRequestMs: number
}

/** What the lab's `/whoami` answers. */
interface WhoAmI {
  readonly user?: string
}

/**
 * Who the backend says it saw.
 *
 * @param page - The answer of a lab backend's `/whoami`.
 * @returns REMOTE_USER, empty when the page is another one.
 */
export function remoteUser(page: Page): string {
  try {
    return (JSON.parse(page.body) as WhoAmI).user ?? ''
  } catch {
    return ''
  }
}

const tenths = (ms: number): number => Math.round(ms * 10) / 10

/** The connector logs once per connection that the backend proved to hold the service's key (AP-REP). */
async function sawMutualAuth(stack: Stack, user: string): Promise<boolean> {
  const line = await stack.connector.waitFor(
    (entry) => entry.msg === 'backend proved its identity' && entry['user'] === user,
  )
  return line['user'] === user
}

/**
 * Signs a user of the lab in and asks the backend twice who it saw.
 *
 * @param lab - The lab.
 * @param stack - Gateway and connector in front of it.
 * @param name - One of the lab's users.
 * @returns What was seen; `ok` only if the backend named that user and proved its own identity.
 */
export async function proveSignIn(lab: LabEnvironment, stack: Stack, name: string): Promise<Proof> {
  const account = lab.users[name]
  if (account === undefined) throw new Error(`the lab has no user ${name}`)
  const visitor = new Visitor([stack.browserCa, await readFile(lab.oidc.caFile, 'utf8')])
  try {
    const url = stack.url('intranet', '/whoami')
    const login = { name: account.userPrincipalName, password: account.password }
    const first = await visitor.signIn(url, login)
    const second = await visitor.visit(url)
    const user = remoteUser(second)
    const expected = `${account.sAMAccountName}@${lab.realm}`
    const seen = first.status === 200 && second.status === 200 && remoteUser(first) === expected
    const mutualAuth = seen && (await sawMutualAuth(stack, account.sAMAccountName))
    return {
      ok: seen && mutualAuth && user === expected,
      user,
      status: second.status,
      mechanism: 'kerberos',
      mutualAuth,
      firstRequestMs: tenths(first.elapsedMs),
      secondRequestMs: tenths(second.elapsedMs),
    }
  } finally {
    await visitor.close()
  }
}
