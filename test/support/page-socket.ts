/** WebSockets in a real browser's page. */

import type { Page } from 'playwright-core'

/**
 * Opens a WebSocket in the page, kept as `window.socket`, and says something on it.
 *
 * @param page - Of an application.
 * @param url - `wss:`.
 * @param text - What is said.
 * @returns What came first on it; rejects when it was refused.
 */
export function askOnSocket(page: Page, url: string, text: string): Promise<string> {
  return page.evaluate(
    ([where = '', message = '']) =>
      new Promise<string>((resolve, reject) => {
        const socket = new WebSocket(where)
        Object.assign(globalThis, { socket })
        socket.onopen = () => {
          socket.send(message)
        }
        socket.onmessage = ({ data }: { data: unknown }) => {
          resolve(typeof data === 'string' ? data : 'no text')
        }
        socket.onerror = () => {
          reject(new Error('refused'))
        }
      }),
    [url, text],
  )
}

/**
 * Waits until the page's WebSocket is closed.
 *
 * @param page - Where `askOnSocket` opened it.
 * @returns The code of its close event.
 */
export function socketClosed(page: Page): Promise<number> {
  return page.evaluate(
    () =>
      new Promise<number>((resolve) => {
        const { socket } = globalThis as unknown as { socket: WebSocket }
        socket.onclose = ({ code }) => {
          resolve(code)
        }
      }),
  )
}
