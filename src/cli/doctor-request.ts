/**
 * One GET to a backend with a user's token, as doctor sends it: over the connector's own pool, on a connection that is used for nothing else.
 *
 * @module
 */

import type { BackendAnswer } from '../doctor/index.ts'
import {
  ApRefusedError,
  formatNegotiate,
  Initiator,
  KerberosError,
  parseNegotiate,
  readApRefusal,
  tlsServerEndPoint,
  type ServiceTicket,
} from '../kerberos/index.ts'
import type { Clock, Random } from '../platform/index.ts'
import { backendTarget, type BackendPool, type Policy } from '../sso/index.ts'

type BackendPolicy = Policy['backends'][number]

/** Limits of the one request: doctor's own limit for a check is longer. */
const TIMEOUTS = { connectMs: 5000, firstOctetMs: 15_000, idleMs: 15_000 }

/** What a request is sent with. */
export interface RequestParts {
  readonly pool: BackendPool
  readonly clock: Clock
  readonly random: Random
  readonly signal: AbortSignal
}

/**
 * Sends the request.
 *
 * @param backend - The row of the policy: address rule and TLS are its own.
 * @param ticket - The user's, for the row's service.
 * @param parts - What it is sent with.
 * @returns How the backend answered; its body is thrown away.
 * @throws SallyportError as the pool does.
 */
export function requestAs(
  backend: BackendPolicy,
  ticket: ServiceTicket,
  parts: RequestParts,
): Promise<BackendAnswer> {
  const { clock, random, pool, signal } = parts
  const url = new URL(backend.origin)
  const initiator = new Initiator(ticket, { clock, random })
  let verify: ((reply: Uint8Array) => void) | undefined
  return new Promise((resolve, reject) => {
    const call = pool.send(
      {
        target: backendTarget(url, backend, TIMEOUTS),
        poolKey: `doctor ${backend.origin}`,
        owner: undefined,
        method: 'GET',
        path: '/',
        headers: ['host', url.host, 'user-agent', 'sallyport-doctor'],
        body: undefined,
        fresh: true,
        holdBodyMs: undefined,
        signIn: {
          accepts: () => true,
          authorize: ({ certificate }) => {
            const bound = certificate && { channelBinding: tlsServerEndPoint(certificate) }
            const token = initiator.createToken(bound ?? {})
            verify = (reply) => {
              token.verifyReply(reply)
            }
            return formatNegotiate(token.token)
          },
        },
      },
      {
        onHead: (status, headers) => {
          resolve(answerOf(status, challengesOf(headers), verify))
          setImmediate(() => {
            call.abort()
          })
        },
        onData: () => true,
        onEnd: () => undefined,
        onError: reject,
      },
    )
    signal.addEventListener('abort', () => {
      call.abort()
      reject(signal.reason as Error)
    })
  })
}

function challengesOf(headers: readonly string[]): readonly string[] {
  return headers.filter(
    (_, at) => at % 2 === 1 && headers[at - 1]?.toLowerCase() === 'www-authenticate',
  )
}

function answerOf(
  status: number,
  challenges: readonly string[],
  verify: ((reply: Uint8Array) => void) | undefined,
): BackendAnswer {
  const token = challenges.map(tokenOf).find((each) => each !== undefined && each.length > 0)
  const schemes = challenges.map((value) => value.split(/[\s,]/, 1)[0] ?? '')
  if (status === 401) {
    const refusal = token && refusalOf(token)
    return { status, proof: 'absent', schemes, ...(refusal && { refusal }) }
  }
  if (token === undefined) return { status, proof: 'absent', schemes }
  return { status, proof: proves(token, verify) ? 'proved' : 'wrong', schemes }
}

function tokenOf(challenge: string): Uint8Array | undefined {
  try {
    return parseNegotiate(challenge)
  } catch (error) {
    if (error instanceof KerberosError) return undefined
    throw error
  }
}

function refusalOf(token: Uint8Array): BackendAnswer['refusal'] {
  try {
    const refusal = readApRefusal(token)
    if (!(refusal instanceof ApRefusedError)) return undefined
    const { krbErrorCode, message: text, mend } = refusal
    return { krbErrorCode, text, ...(mend !== undefined && { mend }) }
  } catch (error) {
    if (error instanceof KerberosError) return undefined
    throw error
  }
}

function proves(token: Uint8Array, verify: ((reply: Uint8Array) => void) | undefined): boolean {
  try {
    verify?.(token)
    return verify !== undefined
  } catch (error) {
    if (error instanceof KerberosError) return false
    throw error
  }
}
