/**
 * Asks a backend for a page, over a connection of its own that is verified as the connector's are.
 *
 * @module
 */

import { request, type IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { openSocket, type Resolve } from '../../sso/io/index.ts'
import type { BackendAnswer, BackendPlace, BackendQuestion } from '../backend.ts'

/** A field that means nothing to anybody, for its length. */
const PADDING_FIELD = 'X-Sallyport-Doctor'

/**
 * Asks.
 *
 * @param resolve - Names of the inside.
 * @returns For the worlds. Rejects with SsoError when no connection comes about, else with node's error.
 */
export function backendProbe(
  resolve: Resolve,
): (place: BackendPlace, question: BackendQuestion, signal: AbortSignal) => Promise<BackendAnswer> {
  return async (place, question, signal) => {
    const { socket, certificate } = await openSocket(place.target, resolve, signal)
    try {
      return await exchange(socket, { place, headers: headersOf(question, certificate) }, signal)
    } finally {
      socket.destroy()
    }
  }
}

function headersOf(
  { authorize, fieldOctets = 0 }: BackendQuestion,
  certificate: Uint8Array | undefined,
): Record<string, string> {
  return {
    'User-Agent': 'sallyport-doctor',
    Accept: '*/*',
    ...(authorize && { Authorization: authorize(certificate) }),
    ...(fieldOctets > 0 && { [PADDING_FIELD]: 'x'.repeat(valueOctets(fieldOctets)) }),
  }
}

/** Beside name, colon and space. */
function valueOctets(fieldOctets: number): number {
  return Math.max(1, fieldOctets - PADDING_FIELD.length - 2)
}

interface Sent {
  readonly place: BackendPlace
  readonly headers: Record<string, string>
}

function exchange(socket: Socket, { place, headers }: Sent, signal: AbortSignal) {
  return new Promise<BackendAnswer>((resolve, reject) => {
    const sent = request({
      createConnection: () => socket,
      path: place.path,
      headers: { Host: place.host, ...headers },
      signal,
      timeout: place.target.timeouts.firstOctetMs,
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
