/**
 * The apps that the gateway has told of. Kept across tunnels: the list survives a reconnect, and an app that did not change keeps its
 * object, because the pipeline keeps routes and connection pools by it.
 *
 * @module
 */

import type { AppSettings, AppsMessage } from '../tunnel/index.ts'

interface KnownApp {
  readonly app: AppSettings
  readonly text: string
}

/** The newest list of apps. */
export class AppList {
  #apps = new Map<string, KnownApp>()

  /** How many apps there are. */
  get size(): number {
    return this.#apps.size
  }

  /**
   * Takes a whole list.
   *
   * @param message - As the gateway sent it; where it names an id twice, the last one counts.
   */
  replace(message: AppsMessage): void {
    const next = new Map<string, KnownApp>()
    for (const app of message.apps) {
      const known = this.#apps.get(app.id)
      const text = JSON.stringify(app)
      next.set(app.id, known?.text === text ? known : { app, text })
    }
    this.#apps = next
  }

  /**
   * Finds an app.
   *
   * @param id - Its id.
   * @returns The same object as long as its settings do not change, or undefined.
   */
  get(id: string): AppSettings | undefined {
    return this.#apps.get(id)?.app
  }

  /**
   * Finds what is published as one with an app: the app's parts, or what it is a part of.
   *
   * @param app - One of them.
   * @returns The others with both its URLs.
   */
  beside(app: AppSettings): readonly AppSettings[] {
    const all = [...this.#apps.values()].map((known) => known.app)
    return all.filter(
      ({ id, externalUrl, internalUrl }) =>
        id !== app.id && externalUrl === app.externalUrl && internalUrl === app.internalUrl,
    )
  }
}
