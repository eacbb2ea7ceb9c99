/**
 * Asks a backend for its first page, over a connection of its own that is verified as the connector's are.
 *
 * @module
 */

import { request, type IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Route } from '../../sso/index.ts'
import { openSocket, type Resolve } from '../../sso/io/index.ts'
import type { BackendAnswer, BackendQuestion } from '../app/index.ts'

/** A field that means nothing to anybody, for its length. */
const PADDING_FIELD = 'X-Sallyport-Doctor'

/**
 * Asks.
 *
 * @param resolve - Names of the inside.
 * @returns For AppWorld. Rejects with SsoError when no connection comes about, else with node's error.
 */
export function backendProbe(
  resolve: Resolve,
): (route: Route, question: BackendQuestion, signal: AbortSignal) => Promise<BackendAnswer> {
  return async (route, question, signal) => {
    const { socket, certificate } = await openSocket(route.target, resolve, signal)
    try {
      return await exchange(socket, { route, headers: headersOf(question, certificate) }, signal)
    } finally {
      socket.destroy()
    }
  }
}

function headersOf(
  { authorize, paddingOctets = 0 }: BackendQuestion,
  certificate: Uint8Array | undefined,
): Record<string, string> {
  return {
    'User-Agent': 'sallyport-doctor',
    Accept: '*/*',
    ...(authorize && { Authorization: authorize(certificate) }),
    ...(paddingOctets > 0 && { [PADDING_FIELD]: 'x'.repeat(paddingOctets) }),
  }
}

interface Sent {
  readonly route: Route
  readonly headers: Record<string, string>
}

function exchange(socket: Socket, { route, headers }: Sent, signal: AbortSignal) {
  const { pathname } = new URL(route.app.internalUrl)
  return new Promise<BackendAnswer>((resolve, reject) => {
    const sent = request({
      createConnection: () => socket,
      path: pathname,
      headers: { Host: route.host, ...headers },
      signal,
      timeout: route.target.timeouts.firstOctetMs,
    })
    sent.on('timeout', () => {
      sent.destroy(new Error('no answer within firstOctetMs'))
    })
    sent.on('error', reject)
    sent.on('response', (response) => {
      resolve(answerOf(response))
    })
    sent.end()
  })
}

function answerOf(response: IncomingMessage): BackendAnswer {
  const { statusCode: status = 0, headersDistinct } = response
  return { status, field: (name) => headersDistinct[name] ?? [] }
}
