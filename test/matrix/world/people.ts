/** Browsers: one for each person, signed in once. */

import { readFile } from 'node:fs/promises'
import { Visitor, type Page } from '../../../docker/demo/visitor.ts'
import type { LabEnvironment } from '../../../docker/lab.ts'
import type { MatrixGateway } from './gateway.ts'
import { DOMAIN, PASSWORD } from './ldif.ts'

/** Everybody's browser. */
export class People {
  readonly #lab: LabEnvironment
  readonly #gateway: MatrixGateway
  readonly #visitors = new Map<string, Visitor>()

  constructor(lab: LabEnvironment, gateway: MatrixGateway) {
    this.#lab = lab
    this.#gateway = gateway
  }

  async #visitor(name: string): Promise<Visitor> {
    const known = this.#visitors.get(name)
    if (known !== undefined) return known
    const trusted = [this.#gateway.browserCa, await readFile(this.#lab.oidc.caFile, 'utf8')]
    const visitor = new Visitor(trusted)
    this.#visitors.set(name, visitor)
    return visitor
  }

  /** The name that somebody signs in with: who is none of the lab's own is one of the matrix. */
  login(name: string): string {
    return this.#lab.users[name]?.userPrincipalName ?? `${name}@${DOMAIN}`
  }

  /** Signs somebody in at an app, and returns the page that this leads to. */
  async signIn(name: string, app: string, path = '/whoami'): Promise<Page> {
    const visitor = await this.#visitor(name)
    const password = this.#lab.users[name]?.password ?? PASSWORD
    return visitor.signIn(this.#gateway.url(app, path), { name: this.login(name), password })
  }

  /** A page for somebody who is signed in. */
  async visit(name: string, app: string, path = '/whoami'): Promise<Page> {
    const visitor = await this.#visitor(name)
    return visitor.visit(this.#gateway.url(app, path))
  }

  async close(): Promise<void> {
    for (const visitor of this.#visitors.values()) await visitor.close()
  }
}
