/**
 * One request to one KDC proxy (MS-KKDCP): an HTTPS POST of a KDC-PROXY-MESSAGE.
 *
 * @module
 */

import { request as httpRequest, type Dispatcher } from 'undici'
import { errorCode } from '../../platform/index.ts'
import { decodeKdcProxyMessage, encodeKdcProxyMessage } from '../messages/index.ts'
import type { KdcQuestion } from './kdc-attempt.ts'
import { kkdcpFault, StatusError, WrongAnswerError } from './kkdcp-fault.ts'

/** One POST. */
export interface KkdcpPost extends KdcQuestion {
  /** Which proxy, for instance `https://proxy.corp.example/KdcProxy`. */
  readonly url: string
  /** Largest reply, octets. */
  readonly maxReplyOctets: number
  /** Keeps connections to the proxy. */
  readonly dispatcher: Dispatcher
}

const CONTENT_TYPE = 'application/kerberos'
/** What a KDC-PROXY-MESSAGE adds to the message that it holds, the realm included. */
const ENVELOPE_OCTETS = 1024
/** So much of a proxy's own words is read, octets. */
const MAX_WORDS = 200

/**
 * Sends a request and waits for the whole reply.
 *
 * @param ask - What to send where.
 * @param signal - Gives up.
 * @returns DER of the KDC's reply.
 * @throws KerberosError ERR_KRB_KDC_UNREACHABLE that says what went wrong, without naming the proxy, and what to do.
 */
export async function postToKdcProxy(ask: KkdcpPost, signal: AbortSignal): Promise<Uint8Array> {
  try {
    return await exchange(ask, signal)
  } catch (error) {
    throw kkdcpFault(error)
  }
}

async function exchange(ask: KkdcpPost, signal: AbortSignal): Promise<Uint8Array> {
  const { realm, request: message, maxReplyOctets } = ask
  const body = encodeKdcProxyMessage({ message, targetDomain: realm })
  const { statusCode, headers, body: reply } = await post(ask, { body, signal })
  const type = mediaType(headers['content-type'])
  if (statusCode !== 200) {
    throw new StatusError(statusCode, type === 'text/plain' ? await words(reply) : drop(reply))
  }
  // A proxy that names no type (RFC 9110 section 8.3) leaves it to us to see what the octets are.
  if (type !== '' && type !== CONTENT_TYPE) {
    drop(reply)
    throw new WrongAnswerError(`it answers with ${JSON.stringify(type)}, not ${CONTENT_TYPE}`)
  }
  const octets = await collect(reply, maxReplyOctets + ENVELOPE_OCTETS)
  if (octets === undefined) throw new WrongAnswerError(`its reply exceeds ${maxReplyOctets} octets`)
  return decodeKdcProxyMessage(octets).message
}

/** A kept connection may end while we write to it: the request is then sent once more, on another, unless it is to be sent once. */
async function post(
  { url, dispatcher, once = false }: KkdcpPost,
  { body, signal }: { readonly body: Uint8Array; readonly signal: AbortSignal },
): Promise<Dispatcher.ResponseData> {
  const headers = { 'content-type': CONTENT_TYPE, 'cache-control': 'no-store' }
  const options = { method: 'POST', headers, body, signal, dispatcher } as const
  try {
    return await httpRequest(url, options)
  } catch (error) {
    if (once || !ENDED.has(errorCode(error)) || signal.aborted) throw error
    return await httpRequest(url, options)
  }
}

const ENDED: ReadonlySet<string> = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE'])

type Body = Dispatcher.ResponseData['body']

/** Undefined when there are more than `most` octets. */
async function collect(body: Body, most: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  let received = 0
  for await (const chunk of body as AsyncIterable<Buffer>) {
    received += chunk.length
    // Leaving the loop destroys the body, and the connection with it.
    if (received > most) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

async function words(body: Body): Promise<string> {
  let text = ''
  for await (const chunk of body as AsyncIterable<Buffer>) {
    text += chunk.toString('latin1')
    if (text.length >= MAX_WORDS) break
  }
  return text
    .slice(0, MAX_WORDS)
    .replaceAll(/[^ -~]+/g, ' ')
    .trim()
}

function drop(body: Body): string {
  body.on('error', () => undefined).destroy()
  return ''
}

function mediaType(field: string | readonly string[] | undefined): string {
  const text = typeof field === 'string' ? field : (field?.[0] ?? '')
  return (text.split(';', 1)[0] ?? '').trim().toLowerCase().slice(0, MAX_WORDS)
}
