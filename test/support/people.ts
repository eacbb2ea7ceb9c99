/** Visitors who sign in at a stack as users of the lab. */

import { readFile } from 'node:fs/promises'
import type { LabEnvironment } from '../../docker/lab.ts'
import type { Stack } from '../../docker/demo/stack.ts'
import { Visitor, type Page } from '../../docker/demo/visitor.ts'

/** A visitor who is signed in, and the page that came of it. */
export interface SignedIn {
  readonly visitor: Visitor
  readonly page: Page
}

/** Who and where. */
export interface Place {
  readonly lab: LabEnvironment
  readonly stack: Stack
}

/** What is opened: an app's page. */
export interface Target {
  /** Default intranet. */
  readonly app?: string
  /** Default /whoami. */
  readonly path?: string
}

/**
 * A visitor who trusts the stack's and the lab's authorities.
 *
 * @param place - Lab and stack.
 * @returns The visitor, who knows nobody yet; to be closed.
 */
export async function newVisitor(place: Place): Promise<Visitor> {
  return new Visitor([place.stack.browserCa, await readFile(place.lab.oidc.caFile, 'utf8')])
}

/**
 * Signs a user of the lab in.
 *
 * @param place - Lab and stack.
 * @param name - The user.
 * @param target - App and path to open.
 * @returns The visitor and the page that followed the sign-in.
 */
export async function signIn(place: Place, name: string, target: Target = {}): Promise<SignedIn> {
  const user = place.lab.users[name]
  if (user === undefined) throw new Error(`the lab has no user ${name}`)
  const visitor = await newVisitor(place)
  const url = place.stack.url(target.app ?? 'intranet', target.path ?? '/whoami')
  const page = await visitor.signIn(url, { name: user.userPrincipalName, password: user.password })
  return { visitor, page }
}

/** The stable code on an error page of the gateway, HTML or JSON. */
export function pageCode(page: Page): string | undefined {
  return /ERR_[A-Z0-9_]+/.exec(page.body)?.[0]
}
